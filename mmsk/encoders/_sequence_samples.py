"""What a cell becomes for a network of sequences: frames of numbers, or words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mmsk._decoding.plain import plain_sample
from mmsk.exceptions import ReadError
from mmsk.series import SeriesReader
from mmsk.text import WordReader

UNKNOWN_WORD = 1
N_NUMBERS_TAKEN = 2  # 0 is no word, 1 an unknown one


@plain_sample
class Frames(NamedTuple):
    """The frames of one cell.

    Attributes
    ----------
    values : ndarray of shape (n_frames, n_channels), dtype float32
        One row per point in time.
    channels : tuple of str or None
        Names of the channels, where they have them.
    """

    values: np.ndarray
    channels: tuple[str, ...] | None = None

    def kind(self) -> tuple[int, tuple[str, ...] | None]:
        """Return what all samples of a column must have alike."""
        return self.values.shape[1], self.channels


def source_of(sequence: Any) -> Any:
    """Return what reads cells to sequences.

    Raises
    ------
    ValueError
        If a `sequence` parameter is not accepted.
    """
    if isinstance(sequence, str) and sequence in ("series", "words"):
        return SeriesReader() if sequence == "series" else WordReader()
    if isinstance(sequence, SeriesReader | WordReader):
        sequence.check_parameters()
        return sequence
    if callable(getattr(sequence, "frames", None)) and not isinstance(sequence, type):
        return sequence
    raise ValueError(
        f"sequence={sequence!r} is not one of 'series', 'words', a SeriesReader, a WordReader, or "
        "an extractor with a method frames(cell), such as MFCC()."
    )


def read_sequence(source: Any, cell: Any, max_length: int) -> Frames | list[str]:
    """Read one cell, and keep its first `max_length` frames or words.

    Raises
    ------
    ReadError
        If the cell cannot be read, or gives no frames of finite numbers.
    """
    if isinstance(source, WordReader):
        return source.read(cell)[:max_length]
    if isinstance(source, SeriesReader):
        series = source.read(cell)
        # A copy, so that what is cut off does not stay in memory.
        return Frames(series.values[:max_length].copy(), series.channels)
    return Frames(_checked_frames(source, cell)[:max_length].copy())


def _checked_frames(source: Any, cell: Any) -> np.ndarray:
    values = np.asarray(source.frames(cell), dtype=np.float32)
    if values.ndim != 2 or 0 in values.shape or not np.isfinite(values).all():
        raise ReadError(
            f"{type(source).__name__}.frames gave shape {values.shape}: expected finite numbers "
            "of shape (n_values, n_frames), at least (1, 1)",
            "extract",
        )
    return values.T


def most_common_kind(samples: Sequence[Frames]) -> tuple[int, tuple[str, ...] | None]:
    """Return the channels that most samples have, those of the first among equals."""
    return Counter(sample.kind() for sample in samples).most_common(1)[0][0]


def why_not_alike(
    sample: Frames, n_channels: int, channels: tuple[str, ...] | None
) -> ReadError | None:
    """Return the error of a sample with other channels than the training samples have."""
    if sample.values.shape[1] != n_channels:
        return ReadError(
            f"{sample.values.shape[1]} channels, but the series fit learned from have {n_channels}",
            "check",
        )
    if sample.channels is not None and channels is not None and sample.channels != channels:
        return ReadError(
            f"channels {list(sample.channels)}, but the series fit learned from have "
            f"{list(channels)}",
            "check",
        )
    return None


def mean_and_deviation(samples: Sequence[Frames]) -> tuple[np.ndarray, np.ndarray]:
    """Return both for each channel over all frames, in float32; a constant channel has 1."""
    n_frames = sum(len(sample.values) for sample in samples)
    mean = sum(sample.values.sum(axis=0, dtype=np.float64) for sample in samples) / n_frames
    squares = sum(np.square(sample.values - mean).sum(axis=0) for sample in samples)
    deviation = np.sqrt(squares / n_frames)
    # Rounding of the values themselves is no deviation.
    constant = deviation <= np.finfo(np.float32).eps * np.abs(mean)
    return mean.astype(np.float32), np.where(constant, 1, deviation).astype(np.float32)


def numbers_of(words: np.ndarray, texts: Sequence[list[str]]) -> list[np.ndarray]:
    """Return the numbers of the words of texts: their places in a sorted vocabulary.

    A text without words is one number 0.
    """
    lengths = [len(text) for text in texts]
    said = np.array([word for text in texts for word in text], dtype=str)
    places = np.minimum(np.searchsorted(words, said), len(words) - 1)
    numbers = np.where(words[places] == said, places + N_NUMBERS_TAKEN, UNKNOWN_WORD)
    parts = np.split(numbers, np.cumsum(lengths)[:-1])
    return [part if len(part) else np.zeros(1, dtype=np.int64) for part in parts]
