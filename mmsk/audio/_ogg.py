"""Whether an Ogg file is all there and undamaged: libsndfile leaves damaged pages out silently."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mmsk.exceptions import ReadError

_HEADER_BYTES = 27
_CHECKSUM = slice(22, 26)
_END_OF_STREAM = 0x04
_BITS_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class _Page:
    """What the header of a page says.

    Attributes
    ----------
    stream, number : int
        Which stream it belongs to, and its place there.
    holds_sound : bool
        Whether sound has begun; it has not in the first pages, which hold headers.
    is_last : bool
        Whether the stream ends with it.
    """

    stream: int
    number: int
    holds_sound: bool
    is_last: bool


def check_ogg(file: BinaryIO, size: int) -> None:
    """Compare the checksums of all pages and look for missing ones.

    Parameters
    ----------
    file : binary file object
        At its start.
    size : int
        Its bytes.

    Raises
    ------
    ReadError
        If a page is damaged, is missing, or the last one is not marked as such.
    """
    open_streams: dict[int, _Page] = {}
    for page in _pages(file):
        before = open_streams.get(page.stream)
        # A recording of a broadcast goes from its headers to where the recording began.
        if before and before.holds_sound and page.number != before.number + 1:
            raise ReadError(
                f"damaged: page {page.number} of the Ogg stream follows page {before.number}",
                "decode",
            )
        open_streams[page.stream] = page
        if page.is_last:
            del open_streams[page.stream]
    if open_streams:
        n_read = file.tell()
        lost = "" if n_read == size else f", sync is lost before byte {n_read:,} of {size:,}"
        raise ReadError(f"truncated: the last page of the Ogg stream is missing{lost}", "decode")


def _pages(file: BinaryIO) -> Iterator[_Page]:
    """Yield the pages up to what is none, of which nothing is read."""
    while (header := file.read(_HEADER_BYTES))[:4] == b"OggS" and len(header) == _HEADER_BYTES:
        lengths = file.read(header[26])
        content = file.read(sum(lengths))
        if len(lengths) < header[26] or len(content) < sum(lengths):
            return
        number = int.from_bytes(header[18:22], "little")
        blank = bytearray(header)
        blank[_CHECKSUM] = bytes(4)
        if _checksum(blank + lengths + content) != int.from_bytes(header[_CHECKSUM], "little"):
            raise ReadError(
                f"damaged: page {number} of the Ogg stream fails its checksum", "decode"
            )
        yield _Page(
            stream=int.from_bytes(header[14:18], "little"),
            number=number,
            holds_sound=any(header[6:14]),
            is_last=bool(header[5] & _END_OF_STREAM),
        )


def _checksum(page: bytes | bytearray) -> int:
    """Return the CRC-32 of Ogg: that of zlib, but bits the other way round and begun at 0."""
    checksum = zlib.crc32(page.translate(_BITS_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{checksum:032b}"[::-1], 2)
