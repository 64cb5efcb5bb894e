"""Decoding the sound of a video, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, BinaryIO

import numpy as np

from mmsk.audio._decode import check_length, check_sound
from mmsk.audio._mono import to_float
from mmsk.exceptions import ReadError
from mmsk.video._completeness import LEAST_OF_DECLARED, declared_bytes
from mmsk.video._container import damaged, file_bytes, import_av, opened_container
from mmsk.video._decode import MOST_DAMAGED
from mmsk.video._index import filled_packets

_SAMPLES_AT_ONCE = 2**15
_MOST_PIXELS = 40_000_000  # of pictures beside the sound, which FFmpeg may look at


@contextmanager
def opened_track(
    file: BinaryIO, max_seconds: float, max_values: int | None = None
) -> Iterator[tuple[int, Iterator[np.ndarray]]]:
    """Open the sound of a video file, to be decoded block by block.

    Parameters
    ----------
    file : binary file object
        Read from its start.
    max_seconds : float
        Longest accepted sound.
    max_values : int, default=None
        Most samples of one channel; None is no limit.

    Yields
    ------
    sample_rate : int
        In Hz.
    blocks : iterator of ndarray of shape (n_samples, n_channels), dtype float32
        The sound. It ends in a ReadError where the file is damaged, truncated or too long.

    Raises
    ------
    ReadError
        If the file is no video of an accepted format, or has no sound.
    """
    with opened_container(file, _MOST_PIXELS) as container:
        stream = _sound_stream(container)
        frames = _frames(container, stream)
        first = next(frames, None)
        if first is None:
            _check_complete(0, 0, file)
            raise ReadError("empty audio: 0 frames", "check")
        rate = first.sample_rate
        declared = _declared_samples(container, stream, rate)
        check_sound(rate, first.layout.nb_channels)
        check_length(max(1, declared), rate, max_seconds, max_values)
        blocks = _blocks(chain([first], frames), first, declared, file)
        yield rate, _limited(blocks, rate, max_seconds, max_values)


def _sound_stream(container: Any) -> Any:
    if not container.streams.audio:
        raise ReadError("no audio stream", "check")
    stream = container.streams.best("audio")  # None where no codec is known of any
    if stream is None or stream.codec_context is None:
        raise ReadError("no decoder for its audio stream", "check")
    stream.codec_context.thread_type, stream.codec_context.thread_count = "NONE", 1
    return stream


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Yield what packets decode to; in the end, refuse where too many do not."""
    n_packets = n_damaged = 0
    error: Exception | None = None
    try:
        for packet in chain(filled_packets(container, stream), [None]):
            n_packets += 1
            try:
                frames = stream.codec_context.decode(packet)
            except import_av().FFmpegError as failed:
                n_damaged, error = n_damaged + 1, failed
                continue
            yield from frames
    except import_av().FFmpegError as failed:
        raise damaged(f"damaged after {n_packets} packets of sound", failed) from failed
    if error is not None and n_damaged > MOST_DAMAGED * n_packets:
        what = f"damaged: {n_damaged} of {n_packets} packets of sound"
        raise damaged(what, error) from error


def _limited(
    blocks: Iterator[np.ndarray], rate: int, max_seconds: float, max_values: int | None
) -> Iterator[np.ndarray]:
    read = 0
    for block in blocks:
        read += len(block)
        check_length(read, rate, max_seconds, max_values)
        yield block


def _blocks(
    frames: Iterator[Any], first: Any, declared: int, file: BinaryIO
) -> Iterator[np.ndarray]:
    """Yield blocks of many frames, which are short; all have the rate and channels of the first."""
    rate, n_channels, read = first.sample_rate, first.layout.nb_channels, 0
    waiting: list[np.ndarray] = []
    for frame in frames:
        if (frame.sample_rate, frame.layout.nb_channels) != (rate, n_channels):
            raise ReadError(
                f"the sound changes after {read / rate:.3f} seconds from {n_channels} channels "
                f"at {rate} Hz to {frame.layout.nb_channels} at {frame.sample_rate} Hz",
                "decode",
            )
        values = frame.to_ndarray()
        waiting.append(values.T if frame.format.is_planar else values.reshape(-1, n_channels))
        if sum(map(len, waiting)) >= _SAMPLES_AT_ONCE:
            read += sum(map(len, waiting))
            yield _joined(waiting)
            waiting = []
    read += sum(map(len, waiting))
    if waiting:
        yield _joined(waiting)
    _check_complete(read, declared, file)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return to_float(np.concatenate(parts))


def _check_complete(read: int, declared: int, file: BinaryIO) -> None:
    if read < LEAST_OF_DECLARED * declared:
        raise ReadError(f"truncated: {read} of {declared} frames", "decode")
    if file_bytes(file) < declared_bytes(file):
        raise ReadError(
            f"truncated: {file_bytes(file):,} of {declared_bytes(file):,} bytes", "decode"
        )


def _declared_samples(container: Any, stream: Any, rate: int) -> int:
    """Return how many samples there are by the header; 0 where it tells nothing."""
    length = 0
    if "mov" in container.format.name:
        length = stream.duration or 0
    elif container.format.name == "avi":  # its duration would be that of what is left
        length = stream.frames
    return round(float(length * stream.time_base) * rate)
