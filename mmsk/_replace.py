"""Writing a file so that nobody ever finds half of it under its name."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

AS_THE_USER_ALLOWS = 0o666  # less what the umask takes away
FOR_THE_OWNER = 0o600
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


@contextmanager
def replacing(path: str | os.PathLike, mode: int = AS_THE_USER_ALLOWS) -> Iterator[BinaryIO]:
    """Give a file to write that takes its place once it is whole and on disk.

    It grows beside its place. Whatever goes wrong, a full disk also, it is removed, and what
    was there before stays.

    Parameters
    ----------
    path : str or path
        Where the file belongs. Through a symbolic link, what the link points to is replaced.
    mode : int
        Permissions of a new file; one that is replaced keeps its own.

    Yields
    ------
    file : binary file object
        Empty, for writing and reading.
    """
    place = Path(os.path.realpath(path))
    if place.is_file():
        mode = stat.S_IMODE(place.stat().st_mode)
    unfinished = place.with_name(f".{place.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(unfinished, _FLAGS, mode), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, place)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    _keep_name(place.parent)


def _keep_name(folder: Path) -> None:
    """Have the new name on disk, too, where the system lets a folder be synchronized."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
