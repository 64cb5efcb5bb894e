"""Finding the weights that a model file refers to, on this machine only, and checking them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmsk._files import digest_of
from mmsk.exceptions import ModelFileError
from mmsk.persistence._references import FILE, FOLDER, HUB, NAMED, Reference

_SHOWN = 16  # digits of a digest in a message


def find_weights(
    reference: Reference,
    entry: Mapping[str, Any],
    estimator: Any,
    beside: Path,
    moved: Mapping[str, Any],
) -> Path:
    """Return the file or folder of weights, whose content is what the manifest says.

    Nothing is downloaded.

    Parameters
    ----------
    reference : Reference
        What the model has for them.
    entry : mapping
        What the manifest says of them.
    estimator : estimator
        Whose weights they are.
    beside : path
        Folder of the model file, where files are looked for that are not where they were.
    moved : mapping of str to path
        Where files are by now, by what the model has for them.

    Raises
    ------
    ModelFileError
        If they are not there, or others; it says which file to put where.
    """
    places = _places(reference, entry, estimator, beside, moved)
    place = next((place for place in places if place.exists()), places[0])
    if place.is_dir() and reference.kind in (FILE, NAMED):
        place /= entry["files"][0]["name"]
    for file in entry["files"]:
        _check_file(place / file["name"] if place.is_dir() else place, file, reference)
    return place


def folder_of_hub(key: str) -> Path | None:
    """Return the folder in which Hugging Face's cache has a model; None where it has not."""
    from mmsk._optional import import_optional

    name, _, revision = key.rpartition("@")
    hub = import_optional("huggingface_hub", needed_for="TransformerEmbedder", extra="transformers")
    cache = hub.constants.HF_HUB_CACHE
    file = hub.try_to_load_from_cache(name, "config.json", cache_dir=cache, revision=revision)
    return Path(file).parent if isinstance(file, str) else None


def _places(
    reference: Reference,
    entry: Mapping[str, Any],
    estimator: Any,
    beside: Path,
    moved: Mapping[str, Any],
) -> list[Path]:
    if reference.kind == NAMED:
        from mmsk._nets.weights import trained_file

        return [trained_file(estimator.backbone, entry["name"])[1]]
    if reference.key in moved:
        return [Path(moved[reference.key])]
    if reference.kind == HUB:
        folder = folder_of_hub(reference.key)
        return [Path(reference.key) if folder is None else folder]
    if os.path.splitdrive(reference.key)[0].startswith(("\\\\", "//")):
        raise ModelFileError(
            f"The model names {reference.parameter}={reference.key!r} on another machine, which is "
            "never asked. Copy it to this one and say where: mmsk.load(path, weights={...})."
        )
    last = re.split(r"[/\\]", reference.key.rstrip("/\\"))[-1]
    return [Path(reference.key), beside / last]


def _check_file(path: Path, file: Mapping[str, Any], reference: Reference) -> None:
    if not path.is_file():
        raise ModelFileError(
            f"The model needs {reference.parameter}={reference.key!r}: {file['name']!r} "
            f"({file['bytes']:,} bytes, SHA-256 {file['sha256'][:_SHOWN]}...), and there is no "
            f"{str(path)!r}. {_what_to_do(reference)}"
        )
    # The size first: a device has none, and what is of another size need not be read.
    same = path.stat().st_size == file["bytes"]
    if not same or digest_of(path) != file["sha256"]:
        found = f"SHA-256 {digest_of(path)[:_SHOWN]}..." if same else _bytes(path)
        raise ModelFileError(
            f"{str(path)!r} is not the file with which the model was saved: it has {found}, and "
            f"{file['name']!r} had {file['bytes']:,} bytes and SHA-256 "
            f"{file['sha256'][:_SHOWN]}... Put that one back. A model saved with "
            "embed_weights=True needs no such file."
        )


def _bytes(path: Path) -> str:
    return f"{path.stat().st_size:,} bytes"


def _what_to_do(reference: Reference) -> str:
    do = f"Put it there{', or beside the model file' if reference.kind in (FILE, FOLDER) else ''}"
    if reference.kind == HUB:
        do = "Download that revision with huggingface_hub.snapshot_download"
    if reference.kind != NAMED:
        do += f", or say where it is: mmsk.load(path, weights={{{reference.key!r}: '...'}})"
    return f"{do}. A model saved with embed_weights=True needs no such file."
