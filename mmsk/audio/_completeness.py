"""Whether a sound file is all there: libsndfile silently shortens most truncated files."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from mmsk.audio._ogg import check_ogg
from mmsk.exceptions import ReadError

# A walk through more chunks than this is an attack, not a sound.
_MOST_CHUNKS = 1000
# Writers to a pipe cannot know the length and leave one of these.
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)


def check_complete(file: BinaryIO) -> None:
    """Compare the length that the header of a sound file declares with what is there.

    WAV, AIFF and AU declare the size of their data; an Ogg stream numbers its pages, has a
    checksum for each, and marks the last. FLAC and MP3 are checked by counting what was decoded.

    Parameters
    ----------
    file : binary file object
        Left at its start.

    Raises
    ------
    ReadError
        If part of the sound is missing, or an Ogg page is damaged.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    try:
        if head[:4] in (b"RIFF", b"RF64") and head[8:] == b"WAVE":
            _check_wav(file, size)
        elif head[:4] == b"FORM" and head[8:11] == b"AIF":
            _check_aiff(file, size)
        elif head[:4] == b".snd":
            offset, declared = struct.unpack(">II", head[4:])
            _check_bytes(declared, size - offset)
        elif head[:4] == b"OggS":
            file.seek(0)
            check_ogg(file, size)
    finally:
        file.seek(0)


def _check_wav(file: BinaryIO, size: int) -> None:
    frame_bytes, long_size = 1, None
    for name, declared, start in _chunks(file, size, "<"):
        if name == b"fmt ":
            block = file.read(14)
            frame_bytes = int.from_bytes(block[12:14], "little") or 1
        elif name == b"ds64":  # sizes of more than 32 bits: of the file, of the data
            long_size = int.from_bytes(file.read(16)[8:], "little")
        elif name == b"data":
            there, declared = size - start, long_size or declared
            if declared in _UNKNOWN_SIZES or declared <= there:
                return
            raise _truncated(there // frame_bytes, -(-declared // frame_bytes), "frames")


def _check_aiff(file: BinaryIO, size: int) -> None:
    for name, declared, start in _chunks(file, size, ">"):
        if name == b"SSND":
            _check_bytes(declared, size - start)
            return


def _chunks(file: BinaryIO, size: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, declared size and start of each chunk of a RIFF or IFF file, standing there."""
    place = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        header = file.read(8)
        if len(header) < 8:
            return
        name, declared = struct.unpack(f"{order}4sI", header)
        yield name, declared, place + 8
        place += 8 + declared + declared % 2


def _check_bytes(declared: int, there: int) -> None:
    if declared not in _UNKNOWN_SIZES and declared > there:
        raise _truncated(max(there, 0), declared, "bytes of sound")


def _truncated(there: int, declared: int, unit: str) -> ReadError:
    return ReadError(f"truncated: {there} of {declared} {unit}", "decode")
