"""The feature store: tables of rows in one folder, shared by processes, bounded in bytes."""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from mmsk.extraction._claims import Claims, is_held
from mmsk.extraction._table import Table

FORMAT = 1
FORMAT_FILE = "format.json"
ABOUT_FILE = "about.json"
HITS_FILE = "hits"
MOST_OPEN_TABLES = 32

_tables: dict[tuple[str, int], Table] = {}
_tables_lock = threading.Lock()


class Session:
    """One pass of one extractor over its table in the store.

    Every method may raise OSError where the folder is full, read-only or gone.

    Parameters
    ----------
    store : path
        Folder of the store; made, with mode 0700, where it does not exist.
    name : str
        Fingerprint of the extractor; names the table.
    width : int
        Numbers in a row.
    about : dict
        What the fingerprint covers, kept for `cache_info`.
    limit_bytes : int
        Size to which the store may grow.

    Raises
    ------
    OSError
        If the folder cannot be used, or was written by a newer version of the format.
    """

    def __init__(
        self, store: Path, name: str, width: int, about: dict[str, Any], limit_bytes: int
    ) -> None:
        prepare_store(store)
        self.store = store
        self.folder = store / name
        self.limit_bytes = limit_bytes
        self.n_hits = 0
        self.n_written = 0
        self.lock = lock_of(store, name)
        with self.lock:
            self._make_folder(about)
            self.table = _open_table(self.folder, width)
            self.claims = Claims(self.folder / "claims")
            self.table.refresh()

    def _make_folder(self, about: dict[str, Any]) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        file = self.folder / ABOUT_FILE
        if not file.exists():
            file.write_text(json.dumps(about, indent=1), encoding="utf-8")
        os.utime(file)

    def read(self, digests: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Return the rows that are there."""
        rows = self.table.read(digests)
        self.n_hits += len(rows)
        return rows

    def claim(self, digests: Sequence[bytes]) -> list[bytes]:
        """Claim the items that are neither there nor being computed elsewhere; return them."""
        with self.lock:
            self.table.refresh()
            elsewhere = self.claims.of_others()
            mine = [d for d in digests if d not in self.table and d not in elsewhere]
            self.claims.add(mine)
        return mine

    def write(self, digests: Sequence[bytes], rows: np.ndarray) -> None:
        """Keep the rows of items."""
        with self.lock:
            self.table.append(digests, rows)
        self.n_written += len(digests)

    def release(self) -> None:
        """Give up what is claimed and was not written, so that others compute it."""
        with self.lock:
            self.claims.clear()

    def close(self) -> None:
        """End the session, and make room if the store has grown over its limit."""
        with self.lock:
            self.claims.close()
            if self.n_hits:
                _add_hits(self.folder, self.n_hits)
        if self.n_written:
            evict(self.store, self.limit_bytes)


def prepare_store(store: Path) -> None:
    """Make the folder of the store, or check that its format is known.

    Raises
    ------
    OSError
        If the folder cannot be made, or is of a newer format.
    """
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = store / FORMAT_FILE
    if not file.exists():
        file.write_text(json.dumps({"format": FORMAT}), encoding="utf-8")
    found = json.loads(file.read_text(encoding="utf-8"))["format"]
    if found > FORMAT:
        raise OSError(
            f"the store was written by a newer mmsk (format {found}, this one knows {FORMAT}): "
            "upgrade mmsk, or give another folder with mmsk.set_config(cache_dir=...)"
        )


def lock_of(store: Path, name: str) -> FileLock:
    """Lock of a table; it lies outside the table's folder, which may be removed."""
    locks = store / "locks"
    locks.mkdir(mode=0o700, exist_ok=True)
    return FileLock(locks / f"{name}.lock", mode=0o600)


def table_folders(store: Path) -> Iterator[Path]:
    """Yield the folders of all tables."""
    for about in store.glob(f"*/{ABOUT_FILE}"):
        yield about.parent


def size_of(folder: Path) -> int:
    """Bytes of the files of a table."""
    return sum(file.stat().st_size for file in folder.glob("*") if file.is_file())


def last_used(folder: Path) -> float:
    """When a table was last opened, in seconds since the epoch."""
    return (folder / ABOUT_FILE).stat().st_mtime


def remove_table(folder: Path) -> bool:
    """Remove a table unless a session is using it; tell whether it is gone."""
    with lock_of(folder.parent, folder.name):
        if any(is_held(items) for items in (folder / "claims").glob("*.items")):
            return False
        trash = folder.with_name(f"trash-{uuid.uuid4().hex}")
        folder.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)
    return True


def evict(store: Path, limit_bytes: int) -> None:
    """Remove tables, those not used for longest first, until the store is within its limit."""
    sizes = {folder: size_of(folder) for folder in table_folders(store)}
    total = sum(sizes.values())
    for folder in sorted(sizes, key=last_used):
        if total <= limit_bytes:
            return
        if remove_table(folder):
            total -= sizes[folder]


def read_hits(folder: Path) -> int:
    """Rows that were found instead of computed, since the table was made."""
    try:
        return int((folder / HITS_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return 0


def _add_hits(folder: Path, n_hits: int) -> None:
    (folder / HITS_FILE).write_text(str(read_hits(folder) + n_hits))


def _open_table(folder: Path, width: int) -> Table:
    """Table object of this process for the folder, which keeps its index and copies of rows."""
    inode = folder.stat().st_ino
    with _tables_lock:
        table = _tables.get((str(folder), inode))
        if table is None:
            if len(_tables) >= MOST_OPEN_TABLES:
                _tables.clear()
            table = _tables[str(folder), inode] = Table(folder, width)
    return table
