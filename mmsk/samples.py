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


@dataclass(frozen=True, eq=False)
class Series:
    """One series of measurements at even steps of time, in one or more channels.

    Parameters
    ----------
    values : ndarray of shape (time, channels), dtype float32
        One row per point in time, in the units of the sensor; finite, without gaps.
    sample_rate : float, default=None
        Points per second, in Hz. None where it is not known.
    channels : tuple of str, default=None
        Names of the channels. None where they have none.

    Raises
    ------
    ValueError
        If the array has another shape or dtype or holds NaN or infinity, the rate is not above
        0, or there is not one name per channel.
    """

    values: np.ndarray
    sample_rate: float | None = None
    channels: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        values = self.values
        if values.dtype != np.float32 or values.ndim != 2 or 0 in values.shape:
            raise ValueError(
                "values must be float32 of shape (time, channels), at least (1, 1), got "
                f"{values.dtype} of shape {values.shape}."
            )
        if not np.isfinite(values).all():
            raise ValueError("values hold NaN or infinity: fill gaps first, as SeriesReader does.")
        if self.sample_rate is not None and not 0 < self.sample_rate < np.inf:
            raise ValueError(f"sample_rate={self.sample_rate!r} is not above 0 Hz.")
        if self.channels is not None and len(self.channels) != self.n_channels:
            raise ValueError(f"{len(self.channels)} names for {self.n_channels} channels.")

    @property
    def n_points(self) -> int:
        """Number of points in time."""
        return self.values.shape[0]

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.values.shape[1]

    @property
    def duration_seconds(self) -> float | None:
        """Length in seconds, None where the rate is not known."""
        return None if self.sample_rate is None else self.n_points / self.sample_rate

    def __repr__(self) -> str:
        rate = "" if self.sample_rate is None else f" at {self.sample_rate:g} Hz"
        return f"Series({self.n_points} points of {self.n_channels} channels{rate})"


@dataclass(frozen=True, eq=False)
class VideoClip:
    """Some frames of one video, in the order of time.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, height, width, 3), dtype uint8
        sRGB values in 0..255, upright, all of one size.
    times_seconds : ndarray of shape (n_frames,), dtype float64
        When each frame appears, counted from the first frame of the video. A frame that was
        taken twice has the same time twice.
    duration_seconds : float
        Length of the whole video, also where the frames are from a part of it.

    Raises
    ------
    ValueError
        If the arrays have other shapes or dtypes, there is no frame, or the times go backwards.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.samples import VideoClip
    >>> VideoClip(np.zeros((2, 48, 64, 3), dtype=np.uint8), np.array([0.5, 1.5]), 2.0)
    VideoClip(2 frames of 48 x 64 from 2.000 s)
    """

    frames: np.ndarray
    times_seconds: np.ndarray
    duration_seconds: float

    def __post_init__(self) -> None:
        shape, times = self.frames.shape, self.times_seconds
        if self.frames.dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or shape[0] == 0:
            raise ValueError(
                "frames must be uint8 of shape (n_frames, height, width, 3), got "
                f"{self.frames.dtype} of shape {shape}."
            )
        if times.dtype != np.float64 or times.shape != shape[:1] or (np.diff(times) < 0).any():
            raise ValueError(
                f"times_seconds must be {shape[0]} float64 that do not go backwards, got "
                f"{times.dtype} of shape {times.shape}."
            )

    @property
    def height(self) -> int:
        """Number of pixel rows."""
        return self.frames.shape[1]

    @property
    def width(self) -> int:
        """Number of pixel columns."""
        return self.frames.shape[2]

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        return (
            f"VideoClip({len(self)} frames of {self.height} x {self.width} from "
            f"{self.duration_seconds:.3f} s)"
        )
