"""Which frames of each window of a video are taken, and how they come from one pass over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmsk.extraction._windows import hop_of
from mmsk.samples import VideoClip
from mmsk.video._sampling import ROUNDED_SECONDS, Sampling


@dataclass(frozen=True, eq=False)
class ChosenFrames:
    """The frames that are taken from one window.

    Attributes
    ----------
    numbers : ndarray of shape (n_chosen,), dtype int64
        Which frames of the video, rising; a frame may be chosen twice.
    times_seconds : ndarray of shape (n_chosen,), dtype float64
        When each appears, from the start of the window.
    duration_seconds : float
        Length of the window.
    """

    numbers: np.ndarray
    times_seconds: np.ndarray
    duration_seconds: float


# Chooses by the times of all frames, the length of the video, and which are key frames, or None.
Choice = Callable[[np.ndarray, float, Any], list[ChosenFrames]]


def in_whole(sampling: Sampling) -> Choice:
    """Return what chooses frames of a video as one window."""

    def choose(times: np.ndarray, duration: float, is_key: Any) -> list[ChosenFrames]:
        numbers = sampling.choose(times, duration, is_key)
        return [ChosenFrames(numbers, times[numbers], duration)]

    return choose


def in_windows(sampling: Sampling, window_length: float, hop_length: float | None) -> Choice:
    """Return what chooses frames of each window of a video.

    ::

        windows   |--x--x--x--|              window_length
                        |--x--x--x--|        hop_length from start to start
                          |--x--x--x--|      the last one ends with the video
    """

    def choose(times: np.ndarray, duration: float, is_key: Any) -> list[ChosenFrames]:
        length = min(window_length, duration)
        starts = _starts(duration, length, hop_of(window_length, hop_length, "seconds"))
        return [
            _chosen(times, is_key, sampling, start, length, is_last=start == starts[-1])
            for start in starts
        ]

    return choose


def clips_of(
    windows: Sequence[ChosenFrames], wanted: np.ndarray, frames: Iterable[np.ndarray]
) -> Iterator[VideoClip]:
    """Put frames that come once, in the order of time, together to the clips of windows.

    Parameters
    ----------
    windows : sequence of ChosenFrames
        In the order of time.
    wanted : ndarray of shape (n_wanted,), dtype int64
        Numbers of the frames that any window takes, rising.
    frames : iterable of ndarray of shape (height, width, 3), dtype uint8
        Those frames. Only what a window and the next one need is held.

    Yields
    ------
    clip : VideoClip
        One per window.
    """
    coming = zip(wanted.tolist(), frames, strict=True)
    held: dict[int, np.ndarray] = {}
    for place, window in enumerate(windows):
        numbers = window.numbers.tolist()
        while numbers[-1] not in held:
            number, frame = next(coming)
            held[number] = frame
        pictures = np.stack([held[number] for number in numbers])
        yield VideoClip(pictures, window.times_seconds, window.duration_seconds)
        for later in windows[place + 1 : place + 2]:
            held = {number: held[number] for number in held if number >= later.numbers[0]}
    next(coming, None)  # where too much of the file is damaged, this says so


def _starts(duration: float, length: float, hop: float) -> np.ndarray:
    last = duration - length
    starts = hop * np.arange(int((last + ROUNDED_SECONDS) / hop) + 1)
    return starts if starts[-1] >= last - ROUNDED_SECONDS else np.append(starts, last)


def _chosen(
    times: np.ndarray, is_key: Any, sampling: Sampling, start: float, length: float, is_last: bool
) -> ChosenFrames:
    """Choose among the frames that are on the screen in a window."""
    first = max(0, int(np.searchsorted(times, start + ROUNDED_SECONDS, side="right")) - 1)
    next_one = int(np.searchsorted(times, start + length - ROUNDED_SECONDS))
    end = len(times) if is_last else max(first + 1, next_one)
    own = np.maximum(times[first:end] - start, 0.0)
    numbers = sampling.choose(own, length, None if is_key is None else is_key[first:end])
    return ChosenFrames(first + numbers, own[numbers], length)
