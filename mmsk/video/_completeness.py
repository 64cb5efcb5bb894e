"""Whether a video file is all there: FFmpeg reads what is left of a cut one without a word."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from mmsk.exceptions import ReadError
from mmsk.video._container import file_bytes, import_av

LEAST_OF_DECLARED = 0.95
_EBML = b"\x1aE\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_HEAD_BYTES = 4096
_MOST_BOXES = 100_000  # of MP4, and of the chunks of AVI
# A file may end in the midst of the others, which hold no pictures, and still be whole.
_BOXES_THAT_MATTER = (b"mdat", b"moof", b"moov")
_TAG_OF_LENGTH = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


def check_complete(
    container: Any, stream: Any, file: BinaryIO, n_frames: int, end_seconds: float
) -> None:
    """Compare what was found with what the headers declare.

    MP4, Matroska and AVI declare bytes, MP4 and AVI also frames, Matroska the length. MPEG
    streams declare nothing.

    Parameters
    ----------
    container, stream
        The open file, all packets of which were read.
    file : binary file object
        Its content; the position is kept.
    n_frames : int
        Frames that were found.
    end_seconds : float
        Where the last of them ends.

    Raises
    ------
    ReadError
        If the file is shorter than it says, or 5 % of its frames or length are missing.
    """
    size, declared = file_bytes(file), declared_bytes(file)
    length = _declared_seconds(container, stream)
    if size < declared:
        frames = str(stream.frames)
        if not stream.frames:
            frames = f"about {round(length * float(stream.average_rate or 0))}"
        raise ReadError(
            f"truncated: {n_frames} of {frames} frames, {size:,} of {declared:,} bytes", "decode"
        )
    if n_frames < LEAST_OF_DECLARED * stream.frames:
        raise ReadError(f"truncated: {n_frames} of {stream.frames} frames", "decode")
    if container.format.name.startswith("matroska") and end_seconds < LEAST_OF_DECLARED * length:
        raise ReadError(
            f"damaged: frames up to {end_seconds:.1f} of {length:.1f} seconds", "decode"
        )


def _declared_seconds(container: Any, stream: Any) -> float:
    """Length of the stream by the header, 0 where it says nothing about this stream."""
    length = float((container.duration or 0) / import_av().time_base)
    tag = _TAG_OF_LENGTH.match(stream.metadata.get("DURATION", ""))
    if tag is not None:
        hours, minutes, seconds = map(float, tag.groups())
        return min(length, 3600 * hours + 60 * minutes + seconds)
    return length if len(container.streams) == 1 else 0.0  # another one may be longer


def declared_bytes(file: BinaryIO) -> int:
    """Size of a file by its header; 0 where it says nothing."""
    place = file.tell()
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    try:
        if head.startswith(_EBML):
            return _end_of_segment(head)
        if head.startswith(b"RIFF"):
            return _end_of_pictures(file)
        if head[:3] != b"\0\0\1" and head[4:8].isalpha():
            return _end_of_boxes(file)
        return 0
    finally:
        file.seek(place)


def _end_of_segment(head: bytes) -> int:
    """Place where the segment of a Matroska file ends; 0 where its writer could not know."""
    start = head.find(_SEGMENT) + len(_SEGMENT)
    if start < len(_SEGMENT) or start + 8 > len(head) or head[start] == 0:
        return 0
    n_bytes = 9 - head[start].bit_length()  # as many as the leading zero bits of the first say
    unknown = (1 << 7 * n_bytes) - 1
    size = int.from_bytes(head[start : start + n_bytes], "big") & unknown
    return 0 if size == unknown else start + n_bytes + size


def _end_of_pictures(file: BinaryIO) -> int:
    """Place where the list of pictures of an AVI file ends; 0 where its writer could not know."""
    start = 12
    for _ in range(_MOST_BOXES):
        file.seek(start)
        header = file.read(12)
        if len(header) < 12:
            break
        size = int.from_bytes(header[4:8], "little")
        if header[8:] == b"movi":
            return 0 if size in (0, 0xFFFFFFFF) else start + 8 + size
        start += 8 + size + size % 2
    return 0


def _end_of_boxes(file: BinaryIO) -> int:
    """Place where the last box of an MP4 file that matters ends."""
    start = end = 0
    for _ in range(_MOST_BOXES):
        file.seek(start)
        header = file.read(16)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1:
            size = int.from_bytes(header[8:], "big")
        if size < 8:  # the last box, up to the end of the file, or no box
            break
        start += size
        end = start if kind in _BOXES_THAT_MATTER else end
    return end
