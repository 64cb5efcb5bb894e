"""Where the frames of a video are in time, read from its packets without decoding."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from mmsk.exceptions import ReadError
from mmsk.video._completeness import check_complete
from mmsk.video._container import damaged, import_av


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """The frames of a video in the order in which they are shown.

    Attributes
    ----------
    stamps : ndarray of shape (n_frames,), dtype int64
        Time stamps in units of the stream, rising.
    times_seconds : ndarray of shape (n_frames,), dtype float64
        The same in seconds from the first frame.
    duration_seconds : float
        From the first frame to the end of the last one.
    is_key : ndarray of shape (n_frames,), dtype bool
        Frames that can be decoded without others.
    places, starts : ndarray of shape (n_frames,), dtype int64
        Number of the frame's packet in the file, and of the first one that has to be decoded
        for it.
    """

    stamps: np.ndarray
    times_seconds: np.ndarray
    duration_seconds: float
    is_key: np.ndarray
    places: np.ndarray
    starts: np.ndarray

    def __len__(self) -> int:
        return len(self.stamps)


def filled_packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets of a stream that hold something, in the order of the file."""
    try:
        yield from (packet for packet in container.demux(stream) if packet.size)
    except IndexError as error:  # PyAV knows only the streams that were there at first
        raise ReadError("a further stream begins on the way", "decode", cause=error) from error


def stamp_of(packet_or_frame: Any) -> int | None:
    """Time stamp; AVI files may have only the time of decoding, which is the same there."""
    stamp = packet_or_frame.pts
    return packet_or_frame.dts if stamp is None else stamp


def read_index(
    container: Any, stream: Any, file: BinaryIO, max_seconds: float, max_frames: int
) -> FrameIndex:
    """Read all packets of a video stream and note their times.

    Raises
    ------
    ReadError
        If there are no frames, they have no times, the video is longer than `max_seconds` or has
        more than `max_frames`, or part of it is missing.
    """
    stamps, durations, is_key, is_shown = _packets(container, stream, max_frames)
    end = int(np.max(stamps + durations, initial=0)) * float(stream.time_base)
    check_complete(container, stream, file, len(stamps), end)
    if not is_shown.any():
        raise ReadError("no frames in its video stream", "check")
    starts = _starts(stamps, is_key)
    order = np.argsort(stamps, kind="stable")
    order = order[is_shown[order]]
    stamps = stamps[order]
    if len(stamps) > 1 and stamps[0] == stamps[-1]:
        raise ReadError(f"all {len(stamps)} frames have the same time", "check")
    seconds = (stamps - stamps[0]) * float(stream.time_base)
    last = durations[order[-1]] or (np.median(np.diff(stamps)) if len(stamps) > 1 else 0)
    duration = float(seconds[-1] + max(float(last), 0.0) * float(stream.time_base))
    check_duration(duration, max_seconds)
    return FrameIndex(stamps, seconds, duration, is_key[order], order, starts[order])


def check_duration(seconds: float, max_seconds: float) -> None:
    """Raise ReadError for a video that is too long."""
    if not seconds <= max_seconds:
        raise ReadError(f"{seconds:,.1f} seconds, over max_seconds={max_seconds:g}", "check")


def check_frames(n_frames: int, max_frames: int) -> None:
    """Raise ReadError for a video that has too many frames."""
    if n_frames > max_frames:
        raise ReadError(f"over max_frames={max_frames:,} frames", "check")


def _packets(container: Any, stream: Any, max_frames: int) -> tuple[np.ndarray, ...]:
    """Time stamp, duration, and whether it is a key frame and is shown, of every packet."""
    found = array("q")  # a list of half a million tuples would take 100 MB
    n_found = 0
    try:
        for packet in filled_packets(container, stream):
            stamp = stamp_of(packet)
            if stamp is None:
                raise ReadError("frames without times", "decode")
            shown = not packet.is_discard
            found.extend((stamp, packet.duration or 0, packet.is_keyframe, shown))
            n_found += 1
            check_frames(n_found, max_frames)
    except import_av().FFmpegError as error:
        raise damaged(f"damaged after {n_found} frames", error) from error
    table = np.array(found, dtype=np.int64).reshape(-1, 4)
    return table[:, 0], table[:, 1], table[:, 2].astype(bool), table[:, 3].astype(bool)


def _starts(stamps: np.ndarray, is_key: np.ndarray) -> np.ndarray:
    """Packet at which decoding begins for each: its key frame, or the one before.

    ::

        packets   I0 P3 B1 B2 | I6 B4 B5 P9 B7 B8     B4 and B5 are shown before I6 and may
        starts     0  0  0  0    4  0  0  4  4  4     need P3, so that decoding begins at I0
    """
    keys = np.flatnonzero(is_key)
    if not len(keys):
        return np.zeros(len(stamps), dtype=np.int64)
    group = np.maximum(np.cumsum(is_key) - 1, 0)
    shown_before = stamps < stamps[keys[group]]
    return keys[np.maximum(group - shown_before, 0)]
