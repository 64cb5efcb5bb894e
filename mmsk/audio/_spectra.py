"""Spectra and bands of one sound on the CPU."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.fft

from mmsk.audio._filter_bank import FilterBank
from mmsk.audio._framing import Framing, window_values

# librosa.power_to_db takes anything below this power as this power: -100 dB.
SMALLEST_POWER = 1e-10
# Frames transformed at a time: enough to hide the cost of a call, few enough to stay in the cache.
_FRAMES_AT_ONCE = 48


def spectra(samples: np.ndarray, framing: Framing, precision: str) -> Iterator[np.ndarray]:
    """Yield the complex spectra of successive frames.

    Each sound is transformed on its own, in pieces counted from its start, so its numbers do
    not depend on the sounds beside it.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), dtype float32
        The sound.
    framing : Framing
        How it is cut.
    precision : {"float32", "float64"}
        Precision of the transform.

    Yields
    ------
    piece : ndarray of shape (n_frames_at_once, n_fft // 2 + 1), complex
        Spectra of the next frames, one per row.
    """
    from mmsk.audio._kernels import window_frames

    edged, margin = framing.edged(samples)
    window = window_values(framing, precision)
    n_frames = framing.n_frames(len(samples))
    windowed = np.empty((min(_FRAMES_AT_ONCE, n_frames), framing.n_fft), dtype=precision)
    for first in range(0, n_frames, _FRAMES_AT_ONCE):
        piece = windowed[: n_frames - first]
        window_frames(edged, margin, window, first, framing.hop_length, piece)
        yield scipy.fft.rfft(piece, axis=1)


def band_decibels(
    samples: np.ndarray,
    framing: Framing,
    bank: FilterBank,
    *,
    power: float,
    top_db: float | None,
) -> np.ndarray:
    """Compute the level of each band in each frame, in dB relative to a power of 1.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), dtype float32
        The sound.
    framing : Framing
        How it is cut.
    bank : FilterBank
        The bands; its precision is that of every step.
    power : float
        Exponent of the magnitudes before they are summed: 2 for power, 1 for magnitude.
    top_db : float or None
        Levels more than this below the loudest of the sound are raised to that limit.

    Returns
    -------
    decibels : ndarray of shape (n_frames, n_bands)
        Levels in dB.
    """
    from mmsk.audio._kernels import sum_bands

    precision = bank.packed.dtype.name
    levels = np.empty((framing.n_frames(len(samples)), len(bank)), dtype=precision)
    first = 0
    for piece in spectra(samples, framing, precision):
        bands = levels[first : first + len(piece)]
        parts = piece.view(precision)
        sum_bands(parts, power, bank.first_bins, bank.offsets, bank.packed, bands)
        first += len(piece)
    return _to_decibels(levels, top_db)


def _to_decibels(power: np.ndarray, top_db: float | None) -> np.ndarray:
    levels = np.maximum(power, SMALLEST_POWER, out=power)
    np.log(levels, out=levels)
    levels *= 10 / np.log(10)
    if top_db is not None:
        np.maximum(levels, levels.max() - top_db, out=levels)
    return levels
