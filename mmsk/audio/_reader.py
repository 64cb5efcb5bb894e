"""The reader of sounds: any accepted cell to one channel at one rate, or a ReadError."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO

import numpy as np
import soxr
from sklearn.base import BaseEstimator

from mmsk._files import is_source, open_cell
from mmsk._validation import check_number
from mmsk.audio._cut import cut
from mmsk.audio._decode import check_length, check_sound, opened_sound
from mmsk.audio._mono import from_array, mix
from mmsk.exceptions import ReadError
from mmsk.extraction._windows import check_windows
from mmsk.samples import AudioClip


class AudioReader(BaseEstimator):
    """Read sounds from files, bytes and arrays, mix them to one channel, and resample them.

    Accepted cells: a path (str or Path), bytes, a binary file object, an
    :class:`~mmsk.samples.AudioClip`, or a pair ``(samples, sample_rate)`` where samples has
    shape (n_samples,) or (n_samples, n_channels). Accepted formats: WAV, AIFF, AU, FLAC, Ogg
    (Vorbis, Opus) and MP3; the content decides, not the name.

    What a sound becomes: channels mixed to their mean, with a warning where they cancel each
    other; integers divided by their full scale (uint8 first centred on 128), so that int16 and
    float samples of one sound are equal; floats as they are, also beyond [-1, 1]; resampled by
    soxr ("HQ") where the rate differs. Samples that are NaN, infinite or above 1e9 are refused.

    A file that ends before its header says is refused, and so is damage that the format tells:
    frames of FLAC and pages of Ogg have checksums. The frames of an MP3 file without a Xing header
    are counted; an end that is missing cannot be seen there, nor 5 % of a file with such a header.

    Parameters
    ----------
    max_seconds : float, default=600
        Longest accepted sound, checked against the header before anything is decoded, and again
        while decoding. Ten minutes take 115 MB at 48 kHz. Of what is read in
        windows only one is held, so that hours may be allowed.
    min_seconds : float, default=0
        Shortest accepted sound. At 0 one sample is enough; extractors add silence.
    max_bytes : int, default=500_000_000
        Largest file, in bytes.
    root : str or path, default=None
        Folder from which relative paths start and which no path may leave. None reads any file.
    max_values : int, default=60_000_000
        Most samples of one channel that are held at once, at 4 bytes, and twice that while they
        are put together: ten minutes at 96 kHz. It bounds memory where the header declares a
        rate that no recording has. What is read in windows is not held, and is not counted.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.audio import AudioReader
    >>> reader = AudioReader(max_seconds=60)
    >>> reader.read((np.zeros(8000, dtype=np.int16), 8000), sample_rate=22050)
    AudioClip(1.000 s at 22050 Hz)
    >>> reader.read((np.zeros((480, 2)), 48000))
    AudioClip(0.010 s at 48000 Hz)
    >>> reader.read(b"<html>")
    Traceback (most recent call last):
        ...
    mmsk.exceptions.ReadError: not an audio file that libsndfile reads: Format not recognised
    """

    window_unit = "seconds"

    def __init__(
        self,
        max_seconds: float = 600,
        min_seconds: float = 0,
        max_bytes: int = 500_000_000,
        root: str | os.PathLike | None = None,
        max_values: int = 60_000_000,
    ) -> None:
        self.max_seconds = max_seconds
        self.min_seconds = min_seconds
        self.max_bytes = max_bytes
        self.root = root
        self.max_values = max_values

    def check_parameters(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""
        check_number("max_seconds", self.max_seconds, low=0, low_open=True)
        check_number("min_seconds", self.min_seconds, low=0, high=self.max_seconds)
        check_number("max_bytes", self.max_bytes, low=1, integer=True)
        check_number("max_values", self.max_values, low=1, integer=True)

    def read(self, cell: Any, sample_rate: int | None = None) -> AudioClip:
        """Read one cell.

        Parameters
        ----------
        cell : path, bytes, binary file object, AudioClip or (samples, sample_rate)
            The sound.
        sample_rate : int, default=None
            Rate to resample to, in Hz. None keeps the rate of the sound.

        Returns
        -------
        clip : AudioClip
            One channel, float32, at least one sample.

        Raises
        ------
        ReadError
            If the cell is no accepted sound, is damaged, or is over a limit.
        """
        with self._opened(cell, self.max_values) as (rate, blocks):
            mixed = list(self._checked(blocks, rate))
        samples = mixed[0] if len(mixed) == 1 else np.concatenate(mixed)
        if sample_rate is None or sample_rate == rate:
            return AudioClip(samples, rate)
        return AudioClip(_resampled(samples, rate, sample_rate), sample_rate)

    def read_windows(
        self, cell: Any, window_length: float, hop_length: float | None = None
    ) -> Iterator[AudioClip]:
        """Read one cell in windows, of which one at a time is held: for hours of sound.

        Parameters
        ----------
        cell : path, bytes, binary file object, AudioClip or (samples, sample_rate)
            The sound.
        window_length : float
            Seconds in a window, rounded to whole samples. A shorter sound is one window.
        hop_length : float, default=None
            Seconds from the start of one window to the start of the next; None is half of
            `window_length`. The last window ends at the last sample.

        Yields
        ------
        clip : AudioClip
            What :meth:`read` gives for that part, at the rate of the sound.

        Raises
        ------
        ReadError
            As in :meth:`read`, but perhaps only after the windows that could be read.
        ValueError
            If a parameter is not accepted.
        """
        check_windows(window_length, hop_length, self.window_unit)
        with self._opened(cell) as (rate, blocks):
            for samples in cut(self._checked(blocks, rate), rate, window_length, hop_length):
                yield AudioClip(samples, rate)

    @contextmanager
    def _opened(
        self, cell: Any, max_values: int | None = None
    ) -> Iterator[tuple[int, Iterator[np.ndarray]]]:
        """Give the rate of a sound, and blocks of its channels."""
        if isinstance(cell, AudioClip):
            cell = (cell.samples, cell.sample_rate)
        if isinstance(cell, tuple):
            samples, rate = from_array(cell)
            n_samples, n_channels = samples.shape
            check_sound(rate, n_channels)
            check_length(n_samples, rate, self.max_seconds, max_values)
            yield rate, iter([samples])
        elif is_source(cell):
            with (
                open_cell(cell, root=self.root, max_bytes=self.max_bytes) as file,
                self._opened_file(file, max_values) as sound,
            ):
                yield sound
        else:
            raise ReadError(
                f"not a sound: {type(cell).__name__}; accepted are a path, bytes, a binary file "
                "object or (samples, sample_rate)",
                "check",
            )

    def _opened_file(
        self, file: BinaryIO, max_values: int | None
    ) -> AbstractContextManager[tuple[int, Iterator[np.ndarray]]]:
        return opened_sound(file, self.max_seconds, max_values)

    def _checked(self, blocks: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
        """Yield blocks of one channel, at least one; in the end, refuse what was too short."""
        n_samples = 0
        for mixed in mix(blocks):
            n_samples += len(mixed)
            yield mixed
        if n_samples == 0:
            raise ReadError("empty audio: 0 frames", "check")
        if n_samples < self.min_seconds * rate:
            raise ReadError(
                f"{n_samples / rate:.3f} seconds, under min_seconds={self.min_seconds:g}", "check"
            )


def _resampled(samples: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    resampled = soxr.resample(samples, rate, new_rate)
    return resampled if len(resampled) else samples[:1]
