"""Opening a video file with PyAV so that nothing but the given file can ever be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from mmsk._optional import import_optional
from mmsk.exceptions import ReadError

# Demuxer of FFmpeg by the content; the name of a file counts for nothing.
FORMATS = {
    "mov": "MP4, MOV",
    "matroska": "Matroska, WebM",
    "avi": "AVI",
    "mpegts": "MPEG-TS",
    "mpeg": "MPEG-PS",
}
_QUICKTIME_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_TRANSPORT_PACKET_BYTES = 188
_HEAD_BYTES = 2 * _TRANSPORT_PACKET_BYTES
_BUFFER_BYTES = 2**18
# No protocol has this name: whatever a file refers to cannot be opened, not even another file.
_NO_PROTOCOL = "none"
_MARGIN_PIXELS = 2**16


def import_av() -> Any:
    """Import PyAV, or say how to install it."""
    return import_optional("av", needed_for="reading videos", extra="video")


@contextmanager
def opened(file: BinaryIO, max_pixels: int) -> Iterator[tuple[Any, Any]]:
    """Open a video file to read its frames.

    Parameters
    ----------
    file : binary file object
        As `opened_container` takes it.
    max_pixels : int
        Largest width x height by the header. Where the size changes on the way, the decoder stops
        at about twice as many.

    Yields
    ------
    container : av.container.InputContainer
        The open file.
    stream : av.VideoStream
        Its best video stream, decoded in the calling thread.

    Raises
    ------
    ReadError
        If the file is no video of an accepted format.
    """
    with opened_container(file, max_pixels) as container:
        yield container, _video_stream(container, max_pixels)


@contextmanager
def opened_container(file: BinaryIO, max_pixels: int) -> Iterator[Any]:
    """Open a file of videos, sounds and other streams.

    The kind of file is taken from its first bytes, so playlists and other text are refused
    before FFmpeg sees them. What is inside a container is held back by two lists, of which each
    alone would leak: `protocol_whitelist` keeps FFmpeg from opening what a file names, and
    `format_whitelist` from reading the content as something that names others.

    Parameters
    ----------
    file : binary file object
        Positioned anywhere; read from its start.
    max_pixels : int
        Largest width x height of frames that may be decoded to learn what the streams are.

    Yields
    ------
    container : av.container.InputContainer
        The open file.

    Raises
    ------
    ReadError
        If the file is of no accepted format.
    """
    av = import_av()
    file.seek(0)
    name = _format_of(file.read(_HEAD_BYTES))
    file.seek(0)
    options = {
        "protocol_whitelist": _NO_PROTOCOL,
        "format_whitelist": ",".join(FORMATS),
        **_decoder_limit(max_pixels),
    }
    try:
        container = av.open(
            file,
            format=name,
            options=options,
            buffer_size=_BUFFER_BYTES,
            metadata_errors="replace",
        )
    except (av.FFmpegError, UnicodeError) as error:
        raise damaged(f"not a whole {FORMATS[name]} file", error) from error
    with container:
        yield container


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raise ReadError for frames that are too large."""
    if width * height > max_pixels:
        raise ReadError(
            f"{width:,} x {height:,} = {width * height:,} pixels, over max_pixels={max_pixels:,}",
            "check",
        )


def damaged(what: str, error: Exception) -> ReadError:
    """Return a ReadError with FFmpeg's reason."""
    reason = getattr(error, "strerror", None) or str(error)
    return ReadError(f"{what}: {reason}", "decode", cause=error)


def file_bytes(file: BinaryIO) -> int:
    """Return the size of a file, leaving its position."""
    place = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(place)
    return size


def _format_of(head: bytes) -> str:
    if head[4:8] in _QUICKTIME_ATOMS:
        return "mov"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if head.startswith(b"\0\0\1\xba"):
        return "mpeg"
    if head[0:1] == head[_TRANSPORT_PACKET_BYTES : _TRANSPORT_PACKET_BYTES + 1] == b"G":
        return "mpegts"
    raise ReadError(f"not a video file; accepted are {', '.join(FORMATS.values())}", "check")


def _decoder_limit(max_pixels: int) -> dict[str, str]:
    """Limit with room for the margins that decoders put around a frame."""
    return {"max_pixels": str(2 * max_pixels + _MARGIN_PIXELS)}


def _video_stream(container: Any, max_pixels: int) -> Any:
    if not container.streams.video:
        raise ReadError("no video stream", "check")
    stream = container.streams.best("video")  # None where no codec is known of any
    context = None if stream is None else stream.codec_context
    if context is None:
        raise ReadError("no decoder for its video stream", "check")
    check_pixels(context.width, context.height, max_pixels)
    context.options = _decoder_limit(max_pixels)  # for a size that changes on the way
    context.thread_type, context.thread_count = "NONE", 1  # reading threads work side by side
    return stream
