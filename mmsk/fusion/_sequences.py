"""Sequences in rows: how many frames their names tell of, and how they are stretched."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

_FRAME = re.compile(r"(.*)_frame(\d+)", re.DOTALL)


def frames_told(name: str, features: np.ndarray) -> int:
    """Count the frames that the names of a block's features tell of; 1 where they tell of none."""
    frames = [match and int(match[2]) for match in map(_FRAME.fullmatch, features)]
    if not any(frame is not None for frame in frames):
        return 1
    n_frames = 1 + max(frame or 0 for frame in frames)
    values = [without_frame(feature) for feature in features[: len(features) // n_frames]]
    if list(features) != [f"{v}_frame{frame}" for frame in range(n_frames) for v in values]:
        raise ValueError(
            f"The features of block {name!r} are not one frame after the other: "
            f"{features[0]!r}, ..., {features[-1]!r}. Give each extractor of frames a block of its "
            "own, or say with n_frames how many frames there are."
        )
    return n_frames


def without_frame(feature: str) -> str:
    """Name of a value without the frame that it is of."""
    match = _FRAME.fullmatch(feature)
    return match[1] if match else feature


def stretched(sequences: np.ndarray, n_frames: int) -> Iterator[np.ndarray]:
    """Bring sequences to `n_frames` frames by linear interpolation, end to end.

    Parameters
    ----------
    sequences : ndarray of shape (n_sequences, length, width)
        At least one frame each.
    n_frames : int
        Frames to give; a single one is the middle.

    Yields
    ------
    frame : ndarray of shape (n_sequences, width), of the same dtype
        What ``numpy.interp`` gives for each value; one frame at a time takes little memory.
    """
    last = sequences.shape[1] - 1
    times = np.linspace(0, last, n_frames) if n_frames > 1 else np.array([last / 2])
    for time in times.tolist():
        before = int(time)
        after, share = min(before + 1, last), time - before
        yield sequences[:, before] * (1 - share) + sequences[:, after] * share
