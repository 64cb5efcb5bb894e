"""Digests of cells by their content, under which the feature store keeps their rows."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, BinaryIO

import numpy as np

from mmsk._files import is_source
from mmsk.extraction._table import DIGEST_BYTES

CHUNK_BYTES = 2**20
SETTLED_NS = 2 * 10**9
EXIF_ORIENTATION = 0x0112
MOST_FILES_REMEMBERED = 2**20

_digests_of_files: dict[tuple, bytes] = {}


def digest_cell(cell: Any, open_cell: Callable[[Any], BinaryIO]) -> bytes | None:
    """Digest a cell by its content.

    Parameters
    ----------
    cell : object
        A present cell.
    open_cell : callable
        Opens a path, bytes or file object within the limits of the reader.

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
    if is_source(cell):
        with open_cell(cell) as file:
            return _digest_of_file(file)
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


def _digest_of_file(file: BinaryIO) -> bytes:
    if isinstance(file, io.BytesIO):
        return _digest_of_content(file)
    status = os.fstat(file.fileno())
    place = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    digest = _digests_of_files.get(place)
    if digest is None:
        digest = _digest_of_content(file)
        # A file written to a moment ago may change again under the same time stamp.
        if time.time_ns() - status.st_mtime_ns > SETTLED_NS:
            if len(_digests_of_files) >= MOST_FILES_REMEMBERED:
                _digests_of_files.clear()
            _digests_of_files[place] = digest
    return digest


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
