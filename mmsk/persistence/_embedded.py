"""Weights that are in a model file, taken out once and kept in the user's cache folder."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from mmsk._config import user_cache
from mmsk._files import digest_of
from mmsk._replace import FOR_THE_OWNER, replacing
from mmsk.persistence._archive import Archive

FOR_THE_OWNER_ALONE = 0o700
MOST_TIMES_SMALLER = 50  # numbers of a network hardly get smaller at all


def weights_folder() -> Path:
    """Return the folder in which weights are kept, made if it is not there.

    It is beside that of the feature store, and only its owner can read or write it.
    """
    folder = user_cache() / "mmsk" / "weights"
    folder.mkdir(parents=True, exist_ok=True, mode=FOR_THE_OWNER_ALONE)
    folder.chmod(FOR_THE_OWNER_ALONE)
    return folder


def keep_file(archive: Archive, file: Mapping[str, Any]) -> Path:
    """Return where a file of weights is kept; its name is its digest."""
    place = weights_folder() / f"{file['sha256']}{Path(file['name']).suffix}"
    if not _is_whole(place, file):
        with replacing(place, FOR_THE_OWNER) as target:
            archive.copy(file["member"], target, file["sha256"])
            if is_bomb(target):
                raise archive.refused(f"its weights {file['name']!r} are compressed beyond reason.")
    return place


def is_bomb(file: BinaryIO) -> bool:
    """Tell whether a file, such as one of .npz or .pth, is a zip that would fill the memory."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    return any(m.file_size > MOST_TIMES_SMALLER * max(1, m.compress_size) for m in members)


def keep_folder(archive: Archive, files: Sequence[Mapping[str, Any]]) -> Path:
    """Return the folder in which files are kept that belong together; its name is their digest."""
    listed = "".join(sorted(f"{file['sha256']} {file['name']}\n" for file in files))
    place = weights_folder() / sha256(listed.encode()).hexdigest()
    if all(_is_whole(place / file["name"], file) for file in files):
        return place
    unfinished = Path(tempfile.mkdtemp(dir=place.parent, suffix=".part"))
    try:
        for file in files:
            with replacing(unfinished / file["name"], FOR_THE_OWNER) as target:
                archive.copy(file["member"], target, file["sha256"])
        shutil.rmtree(place, ignore_errors=True)
        os.replace(unfinished, place)
    except OSError:
        # Another process may have put it there meanwhile.
        if not all(_is_whole(place / file["name"], file) for file in files):
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return place


def _is_whole(place: Path, file: Mapping[str, Any]) -> bool:
    return place.is_file() and digest_of(place) == file["sha256"]
