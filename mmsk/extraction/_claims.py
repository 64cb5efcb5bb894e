"""Claims: which process is computing which items of a table just now."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from mmsk.extraction._table import DIGEST_BYTES


class Claims:
    """The items that this session is computing, told to others through a locked file.

    The lock ends with the process, however it ends, so a claim never outlives its owner.
    All methods are called under the lock of the table.

    Parameters
    ----------
    folder : path
        Folder of the claims of one table.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self._items = folder / f"{uuid.uuid4().hex}.items"
        self._items.touch(mode=0o600)
        self._lock = FileLock(self._items.with_suffix(".lock"), mode=0o600)
        self._lock.acquire()

    def add(self, digests: Iterable[bytes]) -> None:
        """Claim items."""
        with self._items.open("ab") as file:
            file.write(b"".join(digests))

    def of_others(self) -> set[bytes]:
        """Items that other living sessions have claimed; claims of dead ones are removed."""
        claimed: set[bytes] = set()
        for items in self.folder.glob("*.items"):
            if items != self._items and is_held(items):
                content = items.read_bytes()
                claimed.update(
                    content[start : start + DIGEST_BYTES]
                    for start in range(0, len(content), DIGEST_BYTES)
                )
        return claimed

    def clear(self) -> None:
        """Give up all items, keep the session."""
        self._items.write_bytes(b"")

    def close(self) -> None:
        """End the session."""
        self._lock.release()
        _remove(self._items)

    def abandon(self) -> None:
        """Let go of the lock; another session removes the file."""
        self._lock.release()


def is_held(items: Path) -> bool:
    """Tell whether the session of a claims file lives; remove the file if not."""
    lock = FileLock(items.with_suffix(".lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    _remove(items)
    return False


def _remove(items: Path) -> None:
    items.unlink(missing_ok=True)
    items.with_suffix(".lock").unlink(missing_ok=True)
