"""Digests of cells by their content, under which the feature store keeps their rows."""

from __future__ import annotations

import os
import struct
import time
from hashlib import sha256
from typing import Any, BinaryIO

import numpy as np

from mmsk._files import CHUNK_BYTES, is_source, open_cell
from mmsk.extraction._table import DIGEST_BYTES

SETTLED_NS = 2 * 10**9
EXIF_ORIENTATION = 0x0112
MOST_FILES_REMEMBERED = 2**20

# What `_state_of` gave and the digest, in one piece: there may be a million of them.
_digests_of_files: dict[tuple, bytes] = {}
_STATE = struct.Struct("=QQQqq")


def digest_cell(cell: Any, root: str | os.PathLike | None, max_bytes: int) -> bytes | None:
    """Digest a cell by its content.

    Parameters
    ----------
    cell : object
        A present cell.
    root, max_bytes
        Limits of the reader, as `open_cell` takes them.

    Returns
    -------
    digest : bytes or None
        16 bytes, the same for a path, its bytes and a file object of the same content. None for
        kinds of cells that have no digest, which are then computed every time.

    Raises
    ------
    ReadError
        If a path, bytes or file object cannot be opened.
    """
    if isinstance(cell, str | os.PathLike):
        return _digest_of_path(cell, root, max_bytes)
    if is_source(cell):
        with open_cell(cell, root=root, max_bytes=max_bytes) as file:
            return _digest_of_content(file)
    if isinstance(cell, np.ndarray) and not cell.dtype.hasobject:
        return _digest_of_arrays("array", cell)
    if isinstance(cell, tuple) and len(cell) == 2 and isinstance(cell[0], np.ndarray):
        return _digest_of_arrays(f"clip {cell[1]!r}", cell[0])
    if hasattr(cell, "getexif"):
        return _digest_of_picture(cell)
    return None


def digest_text(text: Any) -> bytes:
    """Digest a string cell that is no path."""
    return _digest_of_parts("text", str(text).encode("utf-8", "surrogatepass"))


def _digest_of_path(path: Any, root: Any, max_bytes: int) -> bytes:
    """Digest a file, or remember its digest while it is the file opened under these limits."""
    name = (path, root, max_bytes)
    known = _digests_of_files.get(name)
    if known is not None:
        try:
            status = os.stat(path if root is None else os.path.join(root, path))
        except OSError:
            known = None
        if known is not None and known.startswith(_state_of(status)):
            return known[_STATE.size :]
    with open_cell(path, root=root, max_bytes=max_bytes) as file:
        status = os.fstat(file.fileno())
        digest = _digest_of_content(file)
    # A file written to a moment ago may change again under the same time stamp.
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_NS:
        if len(_digests_of_files) >= MOST_FILES_REMEMBERED:
            _digests_of_files.clear()
        _digests_of_files[name] = _state_of(status) + digest
    return digest


def _state_of(status: os.stat_result) -> bytes:
    """Return what changes when a file is written to or another takes its place."""
    device, inode = status.st_dev % 2**64, status.st_ino % 2**64
    return _STATE.pack(device, inode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _digest_of_content(file: BinaryIO) -> bytes:
    state = sha256()
    while chunk := file.read(CHUNK_BYTES):
        state.update(chunk)
    return state.digest()[:DIGEST_BYTES]


def _digest_of_arrays(kind: str, array: np.ndarray) -> bytes:
    content = np.ascontiguousarray(array).data.cast("B") if array.size else b""
    return _digest_of_parts(f"{kind} {array.dtype.str} {array.shape}", content)


def _digest_of_picture(picture: Any) -> bytes:
    orientation = picture.getexif().get(EXIF_ORIENTATION, 1)
    palette = picture.getpalette("RGBA") if picture.mode == "P" else None
    transparent = picture.info.get("transparency")
    header = f"picture {picture.mode} {picture.size} {orientation} {palette} {transparent}"
    return _digest_of_parts(header, picture.tobytes())


def _digest_of_parts(header: str, content: Any) -> bytes:
    state = sha256(header.encode())
    state.update(content)
    return state.digest()[:DIGEST_BYTES]
