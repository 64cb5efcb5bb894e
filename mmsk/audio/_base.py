"""What the spectral extractors share: sound to bands to one row, on the CPU or a GPU."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from mmsk._device import resolve_device
from mmsk._validation import check_choice, check_number
from mmsk.audio._filter_bank import FilterBank
from mmsk.audio._framing import Framing, window_values
from mmsk.audio._pooling import Pooling, check_pooling, pooled, pooled_names
from mmsk.audio._reader import AudioReader
from mmsk.audio._spectra import SMALLEST_POWER, band_decibels
from mmsk.extraction import CellExtractor
from mmsk.extraction._stream import Threads


def check_reading(reader: Any, sample_rate: Any) -> None:
    """Raise ValueError unless these parameters of an extractor are accepted."""
    check_number("sample_rate", sample_rate, low=1, integer=True)
    if reader is None:
        return
    if not isinstance(reader, AudioReader):
        raise ValueError(f"reader={reader!r} is not an AudioReader or None.")
    reader.check_parameters()


def read_samples(reader: AudioReader, cell: Any, sample_rate: int, least: int = 1) -> np.ndarray:
    """Read one cell; silence fills up to `least` samples."""
    samples = reader.read(cell, sample_rate).samples
    return samples if len(samples) >= least else np.pad(samples, (0, least - len(samples)))


class SpectralExtractor(CellExtractor):
    """Base of the extractors of band levels: MFCC, log-mel and STFT.

    A leaf gives its filter bank and the names of its values, and may project the levels or add
    values to each frame. Several reading threads on the CPU also compute, so that `n_jobs`
    speeds up both; on a GPU a batch of sounds is computed at once.
    """

    _strings_are = "paths"

    sample_rate: int
    n_fft: int
    hop_length: int
    win_length: int | None
    window: Any
    center: bool
    pad_mode: str
    power: float
    top_db: float | None
    pooling: Pooling
    n_frames: int | None
    precision: str
    reader: AudioReader | None
    device: str

    @abstractmethod
    def _bank(self) -> FilterBank:
        """Bands over the frequency bins, in the precision of the extractor."""

    @abstractmethod
    def _value_names(self) -> Iterable[str]:
        """Names of the values of one frame, in order."""

    def _projection(self) -> np.ndarray | None:
        """Table of shape (n_bands, n_values) applied to the levels; None keeps them."""
        return None

    def _completed(self, matrix: np.ndarray) -> np.ndarray:
        """Add values to a matrix of shape (n_frames, n_values)."""
        return matrix

    def frames(self, cell: Any) -> np.ndarray:
        """Compute the values of every frame of one sound, not pooled.

        Parameters
        ----------
        cell : path, bytes, binary file object, AudioClip or (samples, sample_rate)
            The sound.

        Returns
        -------
        values : ndarray of shape (n_values, n_frames)
            One column per frame, as librosa gives it. Its dtype is `precision`.

        Raises
        ------
        ReadError
            If the cell cannot be read.
        ValueError
            If a parameter is not accepted.
        """
        self._check_all_parameters()
        samples = read_samples(self._used_reader(), cell, self.sample_rate)
        (matrix,) = self._matrices([samples], resolve_device(self.device))
        return np.ascontiguousarray(matrix.T, dtype=self.precision)

    @abstractmethod
    def _check_bank(self) -> None:
        """Raise ValueError for a parameter of the bands that is not accepted."""

    def _check_parameters(self) -> None:
        check_reading(self.reader, self.sample_rate)
        self._framing().check()
        self._check_bank()
        check_choice("precision", self.precision, ["float32", "float64"])
        check_number("power", self.power, low=0, low_open=True)
        if self.top_db is not None:
            check_number("top_db", self.top_db, low=0)
        check_pooling(self.pooling, self.n_frames)
        resolve_device(self.device)
        self._bank()

    def _used_reader(self) -> AudioReader:
        return AudioReader() if self.reader is None else self.reader

    def _feature_names(self) -> list[str]:
        return pooled_names(self._value_names(), self.pooling, self.n_frames)

    def _prepare(self, cell: Any) -> np.ndarray:
        least = 1 if self.n_frames is None else self._framing().n_samples(self.n_frames)
        return read_samples(self._used_reader(), cell, self.sample_rate, least)

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        matrices = self._matrices(samples, resolve_device(self.device))
        return np.stack([pooled(matrix, self.pooling, self.n_frames) for matrix in matrices])

    def _threads(self) -> AbstractContextManager[Threads]:
        # One thread is better left to read ahead: handing over costs a fifth.
        n_threads = effective_n_jobs(self.n_jobs)
        if n_threads > 1 and resolve_device(self.device) == "cpu":
            return nullcontext(Threads(n_computing=n_threads))
        return super()._threads()

    def _matrices(self, sounds: list[np.ndarray], device: str) -> list[np.ndarray]:
        """Compute shape (n_frames, n_values) for each sound."""
        compute = self._on_cpu if device == "cpu" else self._in_torch
        return [self._completed(matrix) for matrix in compute(sounds, device)]

    def _on_cpu(self, sounds: list[np.ndarray], device: str) -> Iterable[np.ndarray]:
        framing, bank, projection = self._framing(), self._bank(), self._projection()
        for samples in sounds:
            levels = band_decibels(
                samples, framing, bank, power=float(self.power), top_db=self.top_db
            )
            yield levels if projection is None else levels.astype(np.float64) @ projection

    def _in_torch(self, sounds: list[np.ndarray], device: str) -> Iterable[np.ndarray]:
        from mmsk._nets import spectral

        framing = self._framing()
        return spectral.band_decibels(
            [framing.padded(samples) for samples in sounds],
            window=window_values(framing, self.precision),
            hop_length=framing.hop_length,
            weights=self._bank().weights,
            power=self.power,
            smallest_power=SMALLEST_POWER,
            top_db=self.top_db,
            projection=self._projection(),
            device=device,
        )

    def _framing(self) -> Framing:
        return Framing(
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.window,
            self.center,
            self.pad_mode,
        )
