"""Filter banks: the tables that turn a spectrum into bands, built once per parameter set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mmsk._validation import check_choice, check_number


@dataclass(frozen=True, eq=False)
class FilterBank:
    """Weights of each band over the frequency bins.

    A band covers few bins, so on the CPU only these are multiplied::

               bins ->
        bands  [##......]      first bin 0, 2 weights
               [.###....]      first bin 1, 3 weights
               [...#####]      first bin 3, 5 weights

    Attributes
    ----------
    weights : ndarray of shape (n_bands, n_bins), dtype float32
        The full table.
    first_bins : ndarray of shape (n_bands,)
        First bin of each band.
    offsets : ndarray of shape (n_bands + 1,)
        Where the weights of each band begin and end in `packed`.
    packed : ndarray
        The weights that are not zero, band after band.
    """

    weights: np.ndarray
    first_bins: np.ndarray
    offsets: np.ndarray
    packed: np.ndarray

    def __len__(self) -> int:
        return len(self.weights)


def filter_bank(weights: np.ndarray, precision: str) -> FilterBank:
    """Pack a full table of weights, each row one run of bins, in the given precision."""
    used = [np.flatnonzero(row) for row in weights]
    first_bins = np.array([bins[0] if len(bins) else 0 for bins in used], dtype=np.int64)
    widths = [bins[-1] - bins[0] + 1 if len(bins) else 0 for bins in used]
    offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    runs = [
        row[first : first + width]
        for row, first, width in zip(weights, first_bins, widths, strict=True)
    ]
    return FilterBank(weights, first_bins, offsets, np.concatenate(runs).astype(precision))


def check_mel_parameters(extractor: Any) -> None:
    """Raise ValueError for a parameter of the mel bands of an extractor that is not accepted."""
    check_number("n_mels", extractor.n_mels, low=1, integer=True)
    nyquist = extractor.sample_rate / 2
    check_number("fmin", extractor.fmin, low=0, high=nyquist)
    if extractor.fmax is not None:
        check_number("fmax", extractor.fmax, low=0, low_open=True)
        if not extractor.fmin < extractor.fmax <= nyquist:
            raise ValueError(
                f"fmax={extractor.fmax!r} is not above fmin={extractor.fmin!r} and at most "
                f"{nyquist:g}, half of sample_rate={extractor.sample_rate!r}."
            )
    check_choice("htk", extractor.htk, [True, False])
    if extractor.mel_norm is not None and not isinstance(extractor.mel_norm, int | float):
        check_choice("mel_norm", extractor.mel_norm, ["slaney", None])


def mel_bank_of(extractor: Any) -> FilterBank:
    """Return the mel bands that the parameters of an extractor describe."""
    return mel_bank(
        extractor.sample_rate,
        extractor.n_fft,
        extractor.n_mels,
        extractor.fmin,
        extractor.fmax,
        extractor.htk,
        extractor.mel_norm,
        extractor.precision,
    )


@lru_cache(maxsize=32)
def mel_bank(
    sample_rate: int,
    n_fft: int,
    n_mels: int,
    fmin: float,
    fmax: float | None,
    htk: bool,
    norm: Any,
    precision: str,
) -> FilterBank:
    """Return librosa's mel filter bank; parameters as in ``librosa.filters.mel``."""
    import librosa

    weights = librosa.filters.mel(
        sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, norm=norm
    )
    return filter_bank(weights, precision)


@lru_cache(maxsize=32)
def linear_bank(n_fft: int, n_bands: int, precision: str) -> FilterBank:
    """Return bands of equal width, each the mean over its bins."""
    n_bins = n_fft // 2 + 1
    weights = np.zeros((n_bands, n_bins), dtype=np.float32)
    for band, bins in enumerate(np.array_split(np.arange(n_bins), n_bands)):
        weights[band, bins] = 1 / len(bins)
    return filter_bank(weights, precision)
