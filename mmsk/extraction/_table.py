"""Rows of one extractor on disk: two files that only grow."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

DIGEST_BYTES = 16
KEY = np.dtype([("digest", f"V{DIGEST_BYTES}"), ("checksum", "<u4")])
ROW_DTYPE = np.dtype("<f4")
MOST_COPIED_BYTES = 2**28


class Table:
    """Rows of one width, found by the digest of the item they were computed from.

    ::

        keys.bin   | digest 0, checksum 0 | digest 1, checksum 1 | ...
        rows.bin   | row 0, float32       | row 1, float32       | ...

    A row is written before its key, and only a whole key counts: a process that is killed in
    between leaves at most bytes behind the last record, which the next writer cuts off. A row
    with a wrong checksum, or behind the end of a shortened file, counts as not there. Files
    are read, never mapped, because a file that shrinks under a map kills the process.

    Writers must hold the lock of the table. Readers need none.

    Parameters
    ----------
    folder : path
        Folder of the table, which exists.
    width : int
        Numbers in a row.

    Attributes
    ----------
    n_damaged : int
        Rows found damaged since the table was opened.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self.keys_file = folder / "keys.bin"
        self.rows_file = folder / "rows.bin"
        self.width = width
        self.n_damaged = 0
        self._lock = threading.RLock()
        self._reset()

    def _reset(self) -> None:
        self._n_keys = 0
        self._places: dict[bytes, int] = {}
        self._checksums: dict[bytes, int] = {}
        self._copies: dict[bytes, np.ndarray] = {}

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.width * ROW_DTYPE.itemsize

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._places

    def refresh(self) -> None:
        """Take in the keys that this or another process has written since the last look."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        n_keys = _size(self.keys_file) // KEY.itemsize
        if n_keys < self._n_keys:
            self._reset()
        if n_keys == self._n_keys:
            return
        with self.keys_file.open("rb") as file:
            file.seek(self._n_keys * KEY.itemsize)
            content = file.read((n_keys - self._n_keys) * KEY.itemsize)
        keys = np.frombuffer(content[: len(content) // KEY.itemsize * KEY.itemsize], dtype=KEY)
        digests = keys["digest"].tolist()
        self._checksums.update(zip(digests, keys["checksum"].tolist(), strict=True))
        places = range(self._n_keys, self._n_keys + len(keys))
        self._places.update(zip(digests, places, strict=True))
        self._n_keys += len(keys)

    def read(self, digests: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Return the rows that are there and whole; damaged ones are forgotten and counted."""
        with self._lock:
            return self._read(digests)

    def _read(self, digests: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        wanted = {digest for digest in digests if digest in self._places}
        new = sorted(wanted - self._copies.keys(), key=self._places.__getitem__)
        if new:
            self._make_room(len(new))
            for digest, row in zip(new, self._read_places(new), strict=True):
                if crc32(row, crc32(digest)) == self._checksums[digest]:
                    self._copies[digest] = np.frombuffer(row, dtype=ROW_DTYPE)
                else:
                    self.n_damaged += 1
                    del self._places[digest]
        return {digest: self._copies[digest] for digest in wanted if digest in self._copies}

    def _make_room(self, n_rows: int) -> None:
        """Forget the copies of rows in memory before they take more than their share."""
        if (len(self._copies) + n_rows) * self.row_bytes > MOST_COPIED_BYTES:
            self._copies.clear()

    def _read_places(self, digests: list[bytes]) -> list[bytes]:
        """Read rows in the order of their places, neighbours in one go."""
        places = np.array([self._places[digest] for digest in digests])
        runs = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
        rows: list[bytes] = []
        with self.rows_file.open("rb", buffering=0) as file:
            for run in runs:
                content = os.pread(
                    file.fileno(), len(run) * self.row_bytes, run[0] * self.row_bytes
                )
                ends = range(0, len(run) * self.row_bytes, self.row_bytes)
                rows.extend(content[start : start + self.row_bytes] for start in ends)
        return rows

    def append(self, digests: Sequence[bytes], rows: np.ndarray) -> None:
        """Write rows that are not there yet; the caller holds the lock.

        Raises
        ------
        OSError
            If the disk is full or the folder cannot be written. The table is as it was.
        """
        self.refresh()
        new = [place for place, digest in enumerate(digests) if digest not in self._places]
        if not new:
            return
        contents = [np.ascontiguousarray(rows[place], dtype=ROW_DTYPE).tobytes() for place in new]
        keys = np.empty(len(new), dtype=KEY)
        keys["digest"] = [digests[place] for place in new]
        keys["checksum"] = [
            crc32(content, crc32(digests[place]))
            for place, content in zip(new, contents, strict=True)
        ]
        n_keys = _size(self.keys_file) // KEY.itemsize
        try:
            _write_at(self.rows_file, n_keys * self.row_bytes, b"".join(contents))
            _write_at(self.keys_file, n_keys * KEY.itemsize, keys.tobytes())
        except OSError:
            _cut(self.keys_file, n_keys * KEY.itemsize)
            _cut(self.rows_file, n_keys * self.row_bytes)
            raise
        self.refresh()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _write_at(path: Path, place: int, content: bytes) -> None:
    """Write behind `place`, cutting off what a killed writer may have left there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.truncate(place)
        file.seek(place)
        file.write(content)


def _cut(path: Path, size: int) -> None:
    try:
        if _size(path) > size:
            os.truncate(path, size)
    except OSError:
        pass  # the next writer cuts it off
