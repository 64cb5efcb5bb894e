"""The zip file of a model: which members it may have, written and read within limits.

::

    manifest.json               what is in it: versions, columns, classes, weights, digests
    schema.json                 the model as skops writes it, which names the arrays
    0.npy  1.npz  2.bin  ...    its arrays, sparse matrices and bytes
    weights/<SHA-256>.pth ...   pretrained weights, where they are embedded

Only the two .json members may be compressed, so that no other one can be larger than the file.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, TypeVar
from zlib import error as ZlibError

from mmsk._files import CHUNK_BYTES
from mmsk.exceptions import ModelFileError

Result = TypeVar("Result")

MANIFEST, SCHEMA = "manifest.json", "schema.json"
ARRAY = r"[0-9]{1,9}\.(npy|npz|bin)"
WEIGHTS = r"weights/[0-9a-f]{64}\.[a-z]{1,12}"
MEMBERS = re.compile(rf"{re.escape(MANIFEST)}|{re.escape(SCHEMA)}|{ARRAY}|{WEIGHTS}")
MOST_JSON_BYTES = 2**28
MOST_TIMES_SMALLER = 200  # by which a .json member is compressed; a bomb has 1,000
# How files begin that joblib compressed: zlib, gzip, bz2, xz, lzma, lz4.
JOBLIB = {b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b", b"BZ", b"\xfd7"}
JOBLIB |= {b"\x5d\x00", b"\x04\x22"}


class Archive:
    """A model file that is open for reading, with names and sizes within their limits.

    Parameters
    ----------
    path : str or path
        The file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is no zip file, cut off, or has members that a model file cannot have.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self._file = _opened(self.path)
        try:
            self._zip = self._tried(lambda: zipfile.ZipFile(self._file))
            self._check_members()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *reason: object) -> None:
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> set[str]:
        """Names of the members."""
        return set(self._zip.namelist())

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each member."""
        return {member.filename: member.file_size for member in self._zip.infolist()}

    def refused(self, reason: str) -> ModelFileError:
        """Return the error that refuses this file."""
        return ModelFileError(f"{str(self.path)!r} is refused: {reason}")

    def read(self, name: str, digest: str | None = None) -> bytes:
        """Return a member, whose SHA-256 must be `digest` where it is given."""
        content = self._tried(lambda: self._zip.read(name))
        if digest is not None and sha256(content).hexdigest() != digest:
            raise self._changed(name)
        return content

    def copy(self, name: str, target: BinaryIO, digest: str) -> None:
        """Write a member to a file, without ever holding all of it."""
        found = sha256()
        with self._tried(lambda: self._zip.open(name)) as source:
            while chunk := self._tried(lambda: source.read(CHUNK_BYTES)):
                found.update(chunk)
                target.write(chunk)
        if found.hexdigest() != digest:
            raise self._changed(name)

    def _changed(self, name: str) -> ModelFileError:
        return self.refused(f"its member {name!r} is not what its manifest says (SHA-256 differs).")

    def _tried(self, read: Callable[[], Result]) -> Result:
        try:
            return read()
        except _DAMAGE as error:
            raise self.refused(f"it is damaged or cut off ({error}). Get it again.") from error

    def _check_members(self) -> None:
        members = self._zip.infolist()
        times = Counter(member.filename for member in members)
        for member in members:
            name = member.filename
            if not MEMBERS.fullmatch(name):
                raise self.refused(f"no model file has a member named {name!r}.")
            if times[name] > 1:
                raise self.refused(f"its member {name!r} comes {times[name]} times.")
            reason = _too_large(member)
            if reason:
                raise self.refused(f"its member {name!r} {reason}.")
        if sum(member.compress_size for member in members) > os.fstat(self._file.fileno()).st_size:
            raise self.refused("its members are larger than the file: they overlap.")


_DAMAGE = (
    zipfile.BadZipFile,
    ZlibError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,  # encrypted
    UnicodeDecodeError,
    ValueError,
)


def _opened(path: Path) -> BinaryIO:
    if not path.exists():
        raise FileNotFoundError(f"{str(path)!r}: no such file.")
    if not path.is_file():
        raise ModelFileError(f"{str(path)!r} is refused: it is not a regular file.")
    with open(path, "rb") as file:
        start = file.read(2)
    if start != b"PK":
        raise ModelFileError(f"{str(path)!r} is refused: {_what_else(start)}")
    return open(path, "rb")


def _what_else(start: bytes) -> str:
    if not start:
        return "it is empty."
    if start[:1] == b"\x80" or start in JOBLIB:
        return (
            "it looks like a pickle, as joblib.dump writes them. mmsk.load never reads one, "
            "because that may run code. If you trust who made it, use joblib.load; mmsk.save then "
            "makes a model file of it."
        )
    return "it is not a model file, as mmsk.save writes them."


def _too_large(member: zipfile.ZipInfo) -> str | None:
    """Say why the size of a member is not accepted; these are the sizes that reading keeps to."""
    if member.filename not in (MANIFEST, SCHEMA):
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            return "is compressed, which only those in JSON may be"
        return None
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in a way that mmsk never does"
    if member.file_size > MOST_JSON_BYTES:
        return f"has {member.file_size:,} bytes, over {MOST_JSON_BYTES:,}"
    if member.file_size > MOST_TIMES_SMALLER * max(member.compress_size, CHUNK_BYTES // 64):
        return f"is {member.file_size // max(1, member.compress_size):,} times larger than it looks"
    return None
