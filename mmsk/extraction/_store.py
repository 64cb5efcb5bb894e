"""The feature store: tables of rows in one folder, shared by processes, bounded in bytes."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
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
TRASH = "trash-"
MOST_OPEN_TABLES = 32
MOST_BYTES_IN_MEMORY = 2**30
SECONDS_BETWEEN_TRIES = 0.005

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
        self.width = width
        self.about = about
        self.limit_bytes = limit_bytes
        self.n_hits = 0
        self.n_written = 0
        self.claims: Claims | None = None
        try:
            _mark_used(self.folder)
            self._open()
        except FileNotFoundError:
            with self._locked():
                self._make()

    def _locked(self) -> AbstractContextManager:
        return lock_of(self.store, self.folder.name).acquire(poll_interval=SECONDS_BETWEEN_TRIES)

    def _make(self) -> None:
        """Make the folder of the table, if it is not there or no more."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        file = self.folder / ABOUT_FILE
        if not file.exists():
            _write_whole(file, json.dumps(self.about, indent=1))
        self._open()

    def _open(self) -> None:
        self.table = _open_table(self.folder, self.width)
        self.table.refresh()

    def read(self, digests: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
        """Return which items have a row, and their rows."""
        found, rows = self.table.read(digests)
        self.n_hits += len(rows)
        return found, rows

    def claim(self, digests: Sequence[bytes]) -> list[bytes]:
        """Claim the items that are neither there nor being computed elsewhere; return them."""
        with self._locked():
            if self.claims is None:  # from here on the table is in use, and not removed
                self._make()
                self.claims = Claims(self.folder / "claims")
            self.table.refresh()
            elsewhere = self.claims.of_others()
            mine = [d for d in digests if d not in self.table and d not in elsewhere]
            self.claims.add(mine)
        return mine

    def write(self, digests: Sequence[bytes], rows: np.ndarray) -> None:
        """Keep the rows of items that were claimed."""
        with self._locked():
            self.table.append(digests, rows)
        self.n_written += len(digests)

    def release(self) -> None:
        """Give up what is claimed and was not written, so that others compute it."""
        if self.claims is not None:
            with self._locked():
                self.claims.clear()

    def close(self) -> bool:
        """End the session, and make room if the store has grown over its limit.

        Returns
        -------
        kept : bool
            False where the table was removed at once, being larger than the limit alone.
        """
        if self.n_hits:
            _add_hits(self.folder, self.n_hits)
        if self.claims is not None:
            with self._locked():
                self.claims.close()
        return not self.n_written or self.folder not in evict(self.store, self.limit_bytes)

    def abandon(self) -> None:
        """End the session where the store can no more be used."""
        if self.claims is not None:
            self.claims.abandon()


def prepare_store(store: Path) -> None:
    """Make the folder of the store, or check that its format is known.

    Raises
    ------
    OSError
        If the folder cannot be made, is open to others, or is of a newer format.
    """
    file = store / FORMAT_FILE
    _make_folder(store)
    check_own(store)
    try:
        found = json.loads(file.read_bytes())["format"]
    except FileNotFoundError:
        found = None
    except (ValueError, TypeError, KeyError):
        found = None  # damaged; what a table holds is checked row by row
    if not isinstance(found, int):
        _write_whole(file, json.dumps({"format": FORMAT}))
    elif found > FORMAT:
        raise OSError(
            f"it was written by a newer mmsk, in format {found}, and this one knows {FORMAT}: "
            "upgrade mmsk, or give another folder with mmsk.set_config(cache_dir=...)"
        )


def _make_folder(folder: Path) -> None:
    """Make a folder and those around it for this user alone, whatever the umask says."""
    if not folder.exists():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def check_own(store: Path) -> None:
    """Raise OSError for a folder into which other users may write.

    They could put links there in the place of files, through which this process would overwrite
    any file of its user. The folder of an administrator is as safe as the system.
    """
    if not hasattr(os, "geteuid"):
        return
    status = store.stat()
    if status.st_uid not in (os.geteuid(), 0):
        problem = f"it belongs to another user (number {status.st_uid})"
    elif status.st_mode & stat.S_IWOTH:
        problem = f"every user may write to it (mode {stat.S_IMODE(status.st_mode):o})"
    else:
        return
    advice = "give a folder of your own with mmsk.set_config(cache_dir=...)"
    raise PermissionError(errno.EPERM, f"{problem}: {advice}", str(store))


def _write_whole(file: Path, text: str) -> None:
    """Write a file that others see whole or not at all."""
    part = file.with_name(f"{uuid.uuid4().hex}.part")
    try:
        part.touch(mode=0o600)
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    except BaseException:  # a full disk, or Ctrl-C
        part.unlink(missing_ok=True)
        raise


def lock_of(store: Path, name: str) -> FileLock:
    """Lock of a table; it lies outside the table's folder, which may be removed."""
    locks = store / "locks"
    locks.mkdir(mode=0o700, exist_ok=True)
    return FileLock(locks / f"{name}.lock", mode=0o600)


def table_folders(store: Path) -> Iterator[Path]:
    """Yield the folders of all tables."""
    for about in store.glob(f"*/{ABOUT_FILE}"):
        if not about.parent.name.startswith(TRASH):
            yield about.parent


def size_of(folder: Path) -> int:
    """Bytes of the files of a table; 0 if it was removed."""
    return sum(_status(file, "st_size") for file in folder.glob("*"))


def last_used(folder: Path) -> float:
    """When a table was last opened, in seconds since the epoch; 0 if it was removed."""
    return _status(folder / ABOUT_FILE, "st_mtime")


def _status(file: Path, name: str) -> Any:
    try:
        status = file.stat()
    except FileNotFoundError:
        return 0
    return 0 if stat.S_ISDIR(status.st_mode) else getattr(status, name)


def remove_table(folder: Path) -> bool:
    """Remove a table unless a session is using it; tell whether it is gone."""
    with lock_of(folder.parent, folder.name):
        if any(is_held(items) for items in (folder / "claims").glob("*.items")):
            return False
        trash = folder.with_name(f"{TRASH}{uuid.uuid4().hex}")
        with suppress(FileNotFoundError):  # another process was faster
            folder.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)
    return True


def empty_trash(store: Path) -> None:
    """Remove what a process that was killed had begun to remove."""
    for trash in store.glob(f"{TRASH}*"):
        shutil.rmtree(trash, ignore_errors=True)


def evict(store: Path, limit_bytes: int) -> list[Path]:
    """Remove tables, those not used for longest first, until the store is within its limit."""
    removed: list[Path] = []
    empty_trash(store)
    sizes = {folder: size_of(folder) for folder in table_folders(store)}
    total = sum(sizes.values())
    for folder in sorted(sizes, key=last_used):
        if total > limit_bytes and remove_table(folder):
            total -= sizes[folder]
            removed.append(folder)
    return removed


def read_hits(folder: Path) -> int:
    """Rows that were found instead of computed, since the table was made."""
    try:
        content = (folder / HITS_FILE).read_bytes()
    except FileNotFoundError:
        return 0
    return int(np.frombuffer(content[: len(content) // 8 * 8], dtype="<u8").sum())


def _add_hits(folder: Path, n_hits: int) -> None:
    """Write down the hits of one pass, in one go that needs no lock."""
    with suppress(OSError):  # a read-only store: they are for the user's information only
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with os.fdopen(os.open(folder / HITS_FILE, flags, 0o600), "ab") as file:
            file.write(n_hits.to_bytes(8, "little"))


def _mark_used(folder: Path) -> None:
    """Note that a table is used now. FileNotFoundError where it is not there."""
    try:
        os.utime(folder / ABOUT_FILE)
    except FileNotFoundError:
        raise
    except OSError:
        pass  # a read-only store


def _open_table(folder: Path, width: int) -> Table:
    """Table object of this process for the folder, which keeps its index and copies of rows."""
    name = (str(folder), folder.stat().st_ino)
    with _tables_lock:
        table = _tables.get(name)
        if table is None:
            copied = sum(table.copied_bytes for table in _tables.values())
            if len(_tables) >= MOST_OPEN_TABLES or copied > MOST_BYTES_IN_MEMORY:
                _tables.clear()
            table = _tables[name] = Table(folder, width, keep_copies=False)
        else:
            table.keep_copies = True  # a pass reads a row once: copies serve those to come
    return table


def _forget_tables() -> None:
    """Start anew in a forked process, where a lock may be held by a thread that is not there."""
    global _tables_lock
    _tables_lock = threading.Lock()
    _tables.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_tables)
