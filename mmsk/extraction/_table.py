"""Rows of one extractor on disk: two files that only grow."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
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
    keep_copies : bool, default=True
        Whether rows that were read stay in memory.

    Attributes
    ----------
    n_damaged : int
        Rows found damaged since the table was opened.
    """

    def __init__(self, folder: Path, width: int, keep_copies: bool = True) -> None:
        self.keys_file = folder / "keys.bin"
        self.rows_file = folder / "rows.bin"
        self.width = width
        self.keep_copies = keep_copies
        self.n_damaged = 0
        self._damaged: dict[bytes, tuple[int, int]] = {}  # as in _places, not to be read again
        self._lock = threading.RLock()
        self._forget_places()
        self._forget_copies()

    def _forget_places(self) -> None:
        self._n_keys = 0
        self._places: dict[bytes, tuple[int, int]] = {}  # place in the files, checksum

    def _forget_copies(self) -> None:
        self._copies = np.empty((0, self.width), dtype=ROW_DTYPE)
        self._n_copies = 0
        self._copy_of: dict[bytes, int] = {}

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.width * ROW_DTYPE.itemsize

    @property
    def copied_bytes(self) -> int:
        """Bytes of the copies of rows in memory."""
        return self._n_copies * self.row_bytes

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._places

    def refresh(self) -> None:
        """Take in the keys that this or another process has written since the last look."""
        with self._lock:
            n_keys = file_size(self.keys_file) // KEY.itemsize
            if n_keys < self._n_keys:
                self._forget_places()
            if n_keys > self._n_keys:
                self._take_in(_read_at(self.keys_file, self._n_keys * KEY.itemsize))

    def _take_in(self, content: bytes) -> None:
        keys = np.frombuffer(content[: len(content) // KEY.itemsize * KEY.itemsize], dtype=KEY)
        places = range(self._n_keys, self._n_keys + len(keys))
        known = zip(places, keys["checksum"].tolist(), strict=True)
        self._places.update(zip(keys["digest"].tolist(), known, strict=True))
        self._n_keys += len(keys)
        for digest, place in self._damaged.items():
            if self._places.get(digest) == place:
                del self._places[digest]

    def read(self, digests: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that are there and whole.

        Damaged rows are forgotten and counted.

        Parameters
        ----------
        digests : sequence of bytes
            The items wanted, each once.

        Returns
        -------
        found : ndarray of shape (n_digests,), dtype bool
            Which items have a row.
        rows : ndarray of shape (n_found, width), dtype float32
            Their rows.
        """
        with self._lock:
            missing = self._not_copied(digests)
            if (self._n_copies + len(missing)) * self.row_bytes > MOST_COPIED_BYTES:
                self._forget_copies()
                missing = self._not_copied(digests)
            self._copy(missing)
            copies = np.array([self._copy_of.get(digest, -1) for digest in digests], dtype=np.intp)
            found = copies >= 0
            rows = self._copies[copies[found]]
            if not self.keep_copies:
                self._forget_copies()
            return found, rows

    def _not_copied(self, digests: Sequence[bytes]) -> list[bytes]:
        return [d for d in digests if d not in self._copy_of and d in self._places]

    def _copy(self, digests: list[bytes]) -> None:
        """Copy rows from disk into memory."""
        damaged = self._copy_whole(digests)
        if damaged:  # or written anew at another place, after the files were shortened
            self._forget_places()
            self.refresh()
            damaged = self._copy_whole([digest for digest in damaged if digest in self._places])
        self.n_damaged += len(damaged)
        for digest in damaged:
            self._damaged[digest] = self._places.pop(digest)

    def _copy_whole(self, digests: list[bytes]) -> list[bytes]:
        """Copy the rows that are whole; return the items of the others."""
        if not digests:
            return []
        digests = sorted(digests, key=self._places.__getitem__)
        self._make_room(len(digests))
        first, size = self._n_copies, self.row_bytes
        places = [self._places[digest] for digest in digests]
        rows = self._copies[first : first + len(digests)]
        self._read_places(np.array([place for place, _ in places]), rows)
        content = rows.data.cast("B")
        damaged = []
        for number, (digest, (_, checksum)) in enumerate(zip(digests, places, strict=True)):
            row = content[number * size : (number + 1) * size]
            if crc32(row, crc32(digest)) == checksum:
                self._copy_of[digest] = first + number
            else:
                damaged.append(digest)
        self._n_copies += len(digests)
        return damaged

    def _make_room(self, n_rows: int) -> None:
        """Enlarge the copies, at once to all rows there are: memory not written to is free."""
        needed = self._n_copies + n_rows
        if needed > len(self._copies):
            room = min(len(self._places), MOST_COPIED_BYTES // self.row_bytes)
            old = self._copies[: self._n_copies]
            self._copies = np.empty((max(needed, 2 * len(old), room), self.width), ROW_DTYPE)
            self._copies[: len(old)] = old

    def _read_places(self, places: np.ndarray, rows: np.ndarray) -> None:
        """Read rows, neighbours in one go; those behind the end of the file become zeros."""
        ends = [*np.flatnonzero(np.diff(places) != 1) + 1, len(places)]
        try:
            file = self.rows_file.open("rb", buffering=0)
        except FileNotFoundError:
            rows[:] = 0
            return
        with file:
            for start, end in zip([0, *ends], ends, strict=False):
                file.seek(int(places[start]) * self.row_bytes)
                _read_into(file, rows[start:end].reshape(-1).data.cast("B"))

    def append(self, digests: Sequence[bytes], rows: np.ndarray) -> None:
        """Write rows that are not there yet; the caller holds the lock.

        Raises
        ------
        OSError
            If the disk is full or the folder cannot be written. The table is as it was.
        """
        with self._lock:
            self.refresh()
            new = [place for place, digest in enumerate(digests) if digest not in self._places]
            if new:
                self._append([digests[place] for place in new], rows[new])
                self.refresh()

    def _append(self, digests: list[bytes], rows: np.ndarray) -> None:
        rows = np.ascontiguousarray(rows, dtype=ROW_DTYPE)
        keys = np.empty(len(digests), dtype=KEY)
        keys["digest"] = digests
        keys["checksum"] = [
            crc32(row.tobytes(), crc32(digest)) for digest, row in zip(digests, rows, strict=True)
        ]
        n_keys = file_size(self.keys_file) // KEY.itemsize
        try:
            _write_at(self.rows_file, n_keys * self.row_bytes, rows.tobytes())
            _write_at(self.keys_file, n_keys * KEY.itemsize, keys.tobytes())
        except BaseException:  # a full disk, or Ctrl-C
            _cut(self.keys_file, n_keys * KEY.itemsize)
            _cut(self.rows_file, n_keys * self.row_bytes)
            raise


def file_size(file: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _read_at(path: Path, place: int) -> bytes:
    with path.open("rb") as file:
        file.seek(place)
        return file.read()


def _read_into(file: Any, room: memoryview) -> None:
    """Fill the room from a file, which may give less than asked for, with zeros behind its end."""
    n_read = 0
    while n_read < len(room) and (n_more := file.readinto(room[n_read:])):
        n_read += n_more
    room[n_read:] = bytes(len(room) - n_read)


def _write_at(path: Path, place: int, content: bytes) -> None:
    """Write behind `place`, cutting off what a killed writer may have left there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.truncate(place)
        file.seek(place)
        file.write(content)


def _cut(path: Path, size: int) -> None:
    try:
        if file_size(path) > size:
            os.truncate(path, size)
    except OSError:
        pass  # the next writer cuts it off
