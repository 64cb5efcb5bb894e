"""Samples: what readers give to extractors, typed, with units and shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Image:
    """One picture.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3), dtype uint8
        sRGB values in 0..255, upright, composed on the reader's background.

    Raises
    ------
    ValueError
        If the array has another shape or dtype.
    """

    pixels: np.ndarray

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(
                "pixels must be uint8 of shape (height, width, 3), got "
                f"{self.pixels.dtype} of shape {self.pixels.shape}."
            )

    @property
    def height(self) -> int:
        """Number of pixel rows."""
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        """Number of pixel columns."""
        return self.pixels.shape[1]

    def __repr__(self) -> str:
        return f"Image(height={self.height}, width={self.width})"


@dataclass(frozen=True, eq=False)
class AudioClip:
    """One sound, mixed to one channel.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), dtype float32
        Amplitudes, nominally in [-1, 1].
    sample_rate : int
        Samples per second, in Hz.

    Raises
    ------
    ValueError
        If the array has another shape or dtype, or the rate is not positive.
    """

    samples: np.ndarray
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32 or self.samples.ndim != 1:
            raise ValueError(
                "samples must be float32 of shape (n_samples,), got "
                f"{self.samples.dtype} of shape {self.samples.shape}."
            )
        if self.sample_rate <= 0:
            raise ValueError(f"sample_rate={self.sample_rate!r} is not above 0 Hz.")

    @property
    def duration_seconds(self) -> float:
        """Length of the clip in seconds."""
        return len(self.samples) / self.sample_rate

    def __repr__(self) -> str:
        return f"AudioClip({self.duration_seconds:.3f} s at {self.sample_rate} Hz)"
