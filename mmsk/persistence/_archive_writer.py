"""Writing the zip file of a model, whose form `_archive.py` draws."""

from __future__ import annotations

import stat
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from mmsk._files import CHUNK_BYTES
from mmsk.persistence._archive import MANIFEST, SCHEMA

_ALWAYS_THE_SAME = (1980, 1, 1, 0, 0, 0)
_LEVEL = 6


class ArchiveWriter:
    """Writes members one after the other, and keeps their digests.

    Parameters
    ----------
    file : binary file object
        Empty.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w", compresslevel=_LEVEL)
        self.members: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, *reason: object) -> None:
        self._zip.close()

    def add(self, name: str, content: bytes) -> None:
        """Add a member from memory."""
        self._zip.writestr(_information(name), content)
        self._note(name, len(content), sha256(content).hexdigest())

    def add_file(self, name: str, path: Path) -> None:
        """Add a member from a file; nothing if it is there already."""
        if name in self.members:
            return
        information, digest, n_bytes = _information(name), sha256(), 0
        information.file_size = path.stat().st_size
        with open(path, "rb") as source, self._zip.open(information, "w") as target:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                n_bytes += target.write(chunk)
        self._note(name, n_bytes, digest.hexdigest())

    def _note(self, name: str, n_bytes: int, digest: str) -> None:
        self.members[name] = {"bytes": n_bytes, "sha256": digest}


def _information(name: str) -> zipfile.ZipInfo:
    """Describe a member so that equal models give equal files, on every system."""
    information = zipfile.ZipInfo(name, _ALWAYS_THE_SAME)
    information.create_system = 3
    information.external_attr = (stat.S_IFREG | 0o644) << 16
    is_text = name in (MANIFEST, SCHEMA)
    information.compress_type = zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED
    return information
