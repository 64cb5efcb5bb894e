"""Decoding the frames that are wanted, at the size that is wanted, and little else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from mmsk.exceptions import ReadError
from mmsk.video._container import damaged, import_av
from mmsk.video._index import FrameIndex, filled_packets, stamp_of

MOST_DAMAGED = 0.1
# Nearer, the frame before may well stand for one that is lost, or that is no picture of its own.
LOST_SECONDS = 0.5


def decode_frames(
    container: Any,
    stream: Any,
    index: FrameIndex,
    chosen: np.ndarray,
    target_size: int | None,
    max_decode_seconds: float,
) -> Iterator[np.ndarray]:
    """Decode some frames of a video, skipping the parts that none of them needs.

    ::

        file       I..........I..........I..........I..........
        chosen         x                      x x
        decoded    #####                 #######

    Parameters
    ----------
    container, stream
        The open file, at its start.
    index : FrameIndex
        Its frames.
    chosen : ndarray of shape (n_chosen,), dtype int64
        Which of them, rising, each once.
    target_size : int or None
        Pixels along the shorter side to which larger frames are shrunk as they are decoded.
    max_decode_seconds : float
        Longest time of this thread from one chosen frame to the next.

    Yields
    ------
    frame : ndarray of shape (height, width, 3), dtype uint8
        Each of the chosen ones in turn, upright, all of the size of the first.

    Raises
    ------
    ReadError
        At the end, if more than a tenth of what was decoded is damaged or lost. Before, if
        decoding takes too long.
    """
    apart = LOST_SECONDS / float(stream.time_base)
    picker = _Picker(index.stamps[chosen].tolist(), target_size, apart)
    parts = _merged(index.starts[chosen], index.places[chosen])
    seconds = 0.0
    for packet in _needed_packets(container, stream, parts):
        started = time.thread_time()
        picker.take_all(stream.codec_context, packet)
        seconds += time.thread_time() - started
        taken = picker.taken()
        if seconds > max_decode_seconds:
            raise ReadError(
                f"decoding from one frame to the next took over "
                f"max_decode_seconds={max_decode_seconds:g}",
                "decode",
            )
        seconds = 0.0 if taken else seconds
        yield from taken
    picker.close()
    yield from picker.taken()


def _merged(starts: np.ndarray, ends: np.ndarray) -> list[tuple[int, int]]:
    """Merge overlapping parts of the file, given by their first and last packet."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(zip(starts.tolist(), ends.tolist(), strict=True)):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _needed_packets(container: Any, stream: Any, parts: list[tuple[int, int]]) -> Iterator[Any]:
    """Yield the packets of these parts, and None after each part.

    Packets are read and dropped in between, which takes next to no time. Jumping would depend on
    the index of the file, which may be absent or wrong.
    """
    waiting = iter(parts)
    start, end = next(waiting)
    for place, packet in enumerate(filled_packets(container, stream)):
        if place >= start:
            yield packet
        if place == end:
            yield None
            start, end = next(waiting, (-1, -1))
            if start < 0:
                return


@dataclass
class _Picker:
    """Takes from decoded frames those that are wanted; the one before stands for a lost one."""

    stamps: list[int]
    target_size: int | None
    apart: float  # units of time from a frame to one that cannot stand for it
    pictures: list[np.ndarray] = field(default_factory=list)
    size: tuple[int, ...] | None = None
    n_taken: int = 0
    n_decoded: int = 0
    n_damaged: int = 0
    n_lost: int = 0
    last: Any = None
    error: Exception | None = None

    def taken(self) -> list[np.ndarray]:
        """Hand over the pictures taken since the last call."""
        pictures, self.pictures = self.pictures, []
        return pictures

    def take_all(self, decoder: Any, packet: Any) -> None:
        """Decode a packet, or what the decoder still holds back where it is None."""
        try:
            frames = decoder.decode(packet)
        except import_av().FFmpegError as error:
            self.n_decoded += 1
            self.n_damaged += 1
            self.error = error
            return
        finally:
            if packet is None:
                decoder.flush_buffers()
        for frame in frames:
            self._take(frame)

    def close(self) -> None:
        """Fill up what is lost at the end, or raise ReadError where too much is damaged."""
        if self.n_damaged > MOST_DAMAGED * self.n_decoded or self.last is None:
            self._raise(f"damaged: {self.n_damaged} of {self.n_decoded} frames")
        while self.n_taken < len(self.stamps):
            self._add_instead(self.last)
        if self.n_lost > MOST_DAMAGED * len(self.stamps):
            self._raise(f"damaged: {self.n_lost} of {len(self.stamps)} frames are lost")

    def _raise(self, what: str) -> NoReturn:
        if self.error is None:
            raise ReadError(what, "decode")
        raise damaged(what, self.error) from self.error

    def _take(self, frame: Any) -> None:
        self.n_decoded += 1
        self.n_damaged += bool(frame.is_corrupt)
        stamp = stamp_of(frame)
        if stamp is None:
            return
        while self._next_stamp() < stamp:
            if self.last is None:  # a recording may begin between two key frames
                self._add(frame)
            else:
                self._add_instead(self.last)
        if self._next_stamp() == stamp:
            self._add(frame)
        self.last = frame

    def _add_instead(self, frame: Any) -> None:
        """Let a frame stand for the next one, which the decoder did not give."""
        self.n_lost += abs(self._next_stamp() - (stamp_of(frame) or 0)) > self.apart
        self._add(frame)

    def _next_stamp(self) -> float:
        return self.stamps[self.n_taken] if self.n_taken < len(self.stamps) else np.inf

    def _add(self, frame: Any) -> None:
        # A damaged header may say any angle, or one that is no number.
        n_quarters = round(frame.rotation / 90) if abs(frame.rotation) <= 360 else 0
        if self.size is None:
            height, width = _size_of(frame, self.target_size)
        else:
            height, width = self.size if n_quarters % 2 == 0 else self.size[::-1]
        rgb = frame.reformat(width, height, "rgb24", interpolation="AREA", threads=1)
        picture = np.rot90(rgb.to_ndarray(), n_quarters)
        self.size = picture.shape[:2]
        self.pictures.append(picture)
        self.n_taken += 1


def _size_of(frame: Any, target_size: int | None) -> tuple[int, int]:
    shorter = min(frame.width, frame.height)
    share = 1.0 if target_size is None else min(1.0, target_size / shorter)
    return max(1, round(frame.height * share)), max(1, round(frame.width * share))
