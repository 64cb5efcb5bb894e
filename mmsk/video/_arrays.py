"""Frames given as arrays."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from mmsk.exceptions import ReadError

RATE_OF_BARE_FRAMES = 25.0
_LOWEST_RATE, _HIGHEST_RATE = 1e-3, 1000.0


def check_pair(cell: tuple[Any, ...]) -> tuple[np.ndarray, float]:
    """Return the frames and the rate of a ``(frames, frames_per_second)`` cell.

    Raises
    ------
    ReadError
        If the cell is no such pair, or has no frames.
    """
    if len(cell) != 2 or not isinstance(cell[1], Real) or isinstance(cell[1], bool):
        raise ReadError(
            "a pair must be (frames, frames_per_second), the rate a number in Hz", "check"
        )
    frames, rate = _array(cell[0]), float(cell[1])
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
        raise ReadError(
            f"{rate:g} frames a second, not in {_LOWEST_RATE:g}..{_HIGHEST_RATE:g}", "check"
        )
    if frames.ndim not in (3, 4) or (frames.ndim == 4 and frames.shape[3] not in (1, 3)):
        raise ReadError(
            f"frames of shape {frames.shape}, not (n_frames, height, width) or "
            "(n_frames, height, width, 3)",
            "check",
        )
    if 0 in frames.shape:
        raise ReadError(f"no frames: shape {frames.shape}", "check")
    if frames.dtype != np.uint8 and frames.dtype.kind != "f":
        raise ReadError(
            f"frames of dtype {frames.dtype}; accepted are uint8 in 0..255 and float in [0, 1]",
            "check",
        )
    return frames, rate


def check_bare(frames: np.ndarray) -> tuple[np.ndarray, float]:
    """Return frames that came without a rate, and the rate that they are taken to have.

    Raises
    ------
    ReadError
        If the array is not (n_frames, height, width, 3): with three dimensions it is a picture.
    """
    if frames.ndim != 4:
        raise ReadError(
            f"an array of shape {frames.shape} without a rate: give "
            "(frames, frames_per_second), or frames of shape (n_frames, height, width, 3)",
            "check",
        )
    return check_pair((frames, RATE_OF_BARE_FRAMES))


def _array(frames: Any) -> np.ndarray:
    try:
        array = np.asarray(frames)
    except Exception as error:
        raise ReadError(f"frames are not an array: {error}", "check", cause=error) from error
    if np.ma.is_masked(frames):
        raise ReadError("frames that are masked in places: fill them", "check")
    return array


def to_rgb(frames: np.ndarray) -> np.ndarray:
    """Turn checked frames into uint8 of shape (n_frames, height, width, 3).

    Raises
    ------
    ReadError
        If floats are not in [0, 1].
    """
    if frames.dtype.kind == "f":
        if not (frames.min() >= 0 and frames.max() <= 1):
            raise ReadError(
                "float frames outside [0, 1], or NaN; divide values in 0..255 by 255", "check"
            )
        frames = np.round(frames * 255).astype(np.uint8)
    if frames.ndim == 3:
        frames = frames[..., np.newaxis]
    return np.broadcast_to(frames, (*frames.shape[:3], 3))
