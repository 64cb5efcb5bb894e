"""Opening what a cell names: a path, bytes or a binary file object, within limits; digests."""

from __future__ import annotations

import io
import os
import re
import stat
import time
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from mmsk.exceptions import ReadError

CHUNK_BYTES = 2**20
MOST_SECONDS = 600  # that a file object, which may stand for a slow network, may take
_ONE_AT_A_TIME = Lock()  # one file object may stand in several rows, read by several threads
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:/")


def open_cell(cell: Any, *, root: str | os.PathLike | None, max_bytes: int) -> BinaryIO:
    """Open the content of a cell for reading.

    Parameters
    ----------
    cell : str, path, bytes-like or binary file object
        A file object is read whole from its start, so that it can be read again. It may take
        ten minutes, and must be no pipe or device.
    root : str, path or None
        Folder from which relative paths start and which no path may leave, not even through a
        symbolic link. None: relative paths start from the working directory, and any file may
        be read.
    max_bytes : int
        Largest content that is accepted, in bytes.

    Returns
    -------
    file : binary file object
        Positioned at the start; the caller closes it.

    Raises
    ------
    ReadError
        If the content cannot be opened, is empty or larger than `max_bytes`, is no regular
        file, lies outside `root`, or is a URL.
    """
    if isinstance(cell, str | os.PathLike):
        return _open_path(os.fspath(cell), root, max_bytes)
    if isinstance(cell, bytes | bytearray | memoryview):
        _check_size(memoryview(cell).nbytes, max_bytes)
        return io.BytesIO(cell)
    return _content_of(cell, max_bytes)


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file; of one that did not change, it is computed once."""
    status = file.stat()
    return _digest(str(file.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=64)
def _digest(file: str, *status: int) -> str:
    with open(file, "rb") as content:
        return file_digest(content, "sha256").hexdigest()


def is_source(cell: Any) -> bool:
    """Tell whether a cell is something that `open_cell` opens."""
    return isinstance(cell, str | os.PathLike | bytes | bytearray | memoryview) or hasattr(
        cell, "read"
    )


def _open_path(path: Any, root: str | os.PathLike | None, max_bytes: int) -> BinaryIO:
    _check_name(path)
    place = Path(path) if root is None else Path(root) / path
    try:
        if root is not None and not place.resolve().is_relative_to(Path(root).resolve()):
            raise ReadError(f"the path leaves root={str(root)!r}", "check")
        descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError as error:
        raise ReadError(_not_found(place), "check", cause=error) from error
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReadError(f"cannot be opened: {reason}", "check", cause=error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ReadError("not a regular file", "check")
        _check_size(status.st_size, max_bytes)
    except ReadError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _check_name(path: Any) -> None:
    if not isinstance(path, str):
        raise ReadError("a path must be text, not bytes of a file name", "check")
    if not path:
        raise ReadError("the path is empty; use None for a missing cell", "check")
    if "\0" in path:
        raise ReadError("the path contains a NUL character", "check")
    if _URL.match(path):
        raise ReadError("remote input is off: download the file and give its path", "check")
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ReadError("the path is not valid UTF-8", "check", cause=error) from error


def _not_found(place: Path) -> str:
    if place.is_absolute():
        return "no such file"
    return (
        f"no such file (relative paths start from {str(Path.cwd())!r}, or from root= where given)"
    )


def _check_size(size: int, max_bytes: int) -> None:
    if size == 0:
        raise ReadError("empty file (0 bytes)", "check")
    if size > max_bytes:
        raise ReadError(f"{size:,} bytes, over max_bytes={max_bytes:,}", "check")


def _content_of(cell: Any, max_bytes: int) -> io.BytesIO:
    """Read a file object whole: from its start, and not for ever."""
    if _is_endless_kind(cell):
        raise ReadError("not a file object of a regular file", "check")
    content = io.BytesIO()
    try:
        with _ONE_AT_A_TIME:
            cell.seek(0)
            _copy_up_to(max_bytes + 1, cell, content)
    except ReadError:
        raise
    except Exception as error:
        raise ReadError(f"the file object cannot be read: {error}", "check", cause=error) from error
    _check_size(content.tell(), max_bytes)
    content.seek(0)
    return content


def _is_endless_kind(cell: Any) -> bool:
    """Tell whether a file object stands for a device or a pipe, which need not end."""
    try:
        mode = os.fstat(cell.fileno()).st_mode
    except Exception:
        return False  # it has no descriptor, or is closed, which reading it will tell
    return not stat.S_ISREG(mode)


def _copy_up_to(n_bytes: int, file: Any, content: io.BytesIO) -> None:
    """Copy in chunks: a file asked for more than it holds sets aside memory for all of it."""
    started = time.monotonic()
    while n_bytes > 0 and (chunk := file.read(min(n_bytes, CHUNK_BYTES))):
        if not isinstance(chunk, bytes):
            raise ReadError("the file object is not binary: open it with mode 'rb'", "check")
        n_bytes -= content.write(chunk)
        if time.monotonic() - started > MOST_SECONDS:
            raise ReadError(
                f"the file object gave {content.tell():,} bytes within {MOST_SECONDS} seconds, "
                "and no end",
                "check",
            )
