"""Sizes of the pages of a Parquet file, from their headers, which pyarrow does not show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

# A header is a struct of Thrift's compact protocol; these are its kinds of fields.
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_INTEGERS = (4, 5, 6)
_BYTES_UNPACKED, _BYTES_PACKED = 2, 3  # fields of a page header
_DEEPEST = 8
_MOST_HEADER_BYTES = 2**20


def page_bytes(file: BinaryIO, start: int, length: int) -> Iterator[int]:
    """Yield the bytes that each page of a column takes when it is unpacked.

    Parameters
    ----------
    file : binary file object
        Read at other places between; its position changes.
    start, length : int
        Where the pages of the column are, in bytes.

    Raises
    ------
    ValueError
        If something else stands there.
    """
    place = start
    while place < start + length:
        file.seek(place)
        sizes = _Header(file, place + _MOST_HEADER_BYTES).struct()
        if sizes.get(_BYTES_PACKED, -1) < 0:
            raise ValueError(f"no page at byte {place:,}")
        place = file.tell() + sizes[_BYTES_PACKED]
        yield sizes.get(_BYTES_UNPACKED, 0)


class _Header:
    """Reads the whole numbers of a struct, and passes over all else."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self.file = file
        self.end = end

    def struct(self, depth: int = 0) -> dict[int, int]:
        """Read a struct; return its integers by the number of their field."""
        if depth > _DEEPEST:
            raise ValueError("a page header that is nested too deep")
        numbers: dict[int, int] = {}
        field = 0
        while (head := self._byte()) != 0:
            step, kind = divmod(head, 16)
            field = field + step if step else self._integer()
            if kind in _INTEGERS:
                numbers[field] = self._integer()
            else:
                self._skip(kind, depth)
        return numbers

    def _skip(self, kind: int, depth: int) -> None:
        if kind in (_TRUE, _FALSE):
            return
        if kind == _BYTE:
            self._byte()
        elif kind == _DOUBLE:
            self.file.seek(8, os.SEEK_CUR)
        elif kind == _BINARY:
            self.file.seek(self._varint(), os.SEEK_CUR)
        elif kind in (_LIST, _SET):
            size, element = divmod(self._byte(), 16)
            for _ in range(self._varint() if size == 15 else size):
                self._skip_element(element, depth)
        elif kind == _STRUCT:
            self.struct(depth + 1)
        else:  # maps do not occur in page headers
            raise ValueError(f"a page header with a field of kind {kind}")

    def _skip_element(self, kind: int, depth: int) -> None:
        if kind in _INTEGERS:
            self._varint()
        elif kind in (_TRUE, _FALSE):
            self._byte()
        else:
            self._skip(kind, depth)

    def _integer(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number
            if shift > 63:
                raise ValueError("a page header with a number that does not end")

    def _byte(self) -> int:
        byte = self.file.read(1)
        if not byte or self.file.tell() > self.end:
            raise ValueError("a page header that does not end")
        return byte[0]
