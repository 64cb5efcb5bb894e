"""Cutting a sound that comes in blocks into windows, holding little more than one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mmsk.extraction._windows import hop_of


def cut(
    blocks: Iterable[np.ndarray],
    sample_rate: int,
    window_seconds: float,
    hop_seconds: float | None,
) -> Iterator[np.ndarray]:
    """Yield the windows of a sound, of which the last ends at its last sample.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples,), dtype float32
        The sound, piece by piece.
    sample_rate : int
        In Hz.
    window_seconds, hop_seconds : float
        Length of a window, and time from start to start; None is half a window. Both are
        rounded to whole samples, the latter at each start, so that they do not drift.

    Yields
    ------
    samples : ndarray of shape (n_samples,), dtype float32
        Memory of its own. A sound that is shorter than a window is one, as it is.
    """
    length = max(1, round(window_seconds * sample_rate))
    hop = hop_of(window_seconds, hop_seconds, "seconds") * sample_rate
    held = _Held()
    n_windows, start, covered = 0, 0, 0
    for block in blocks:
        held.add(block)
        while held.end >= start + length:
            yield held.part(start, start + length)
            covered = start + length
            n_windows += 1
            start = max(start + 1, round(n_windows * hop))
        held.drop_before(min(start, held.end - length))
    if covered < held.end:
        yield held.part(max(0, held.end - length), held.end)


class _Held:
    """The end of a sound, up to the sample number `end`."""

    def __init__(self) -> None:
        self.blocks: list[np.ndarray] = []
        self.start = self.end = 0

    def add(self, block: np.ndarray) -> None:
        self.blocks.append(block)
        self.end += len(block)

    def part(self, start: int, stop: int) -> np.ndarray:
        """Copy the samples from `start` up to `stop`."""
        if len(self.blocks) > 1:
            self.blocks = [np.concatenate(self.blocks)]
        return self.blocks[0][start - self.start : stop - self.start].copy()

    def drop_before(self, start: int) -> None:
        """Forget what lies before `start`, in whole blocks and, of a long one, in part."""
        while self.blocks and self.start + len(self.blocks[0]) <= start:
            self.start += len(self.blocks.pop(0))
        if self.blocks and start > self.start and len(self.blocks) == 1:
            self.blocks = [self.blocks[0][start - self.start :].copy()]
            self.start = start
