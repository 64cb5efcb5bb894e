"""Giving a loaded model the weights on which it depends."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmsk.exceptions import ModelFileError
from mmsk.persistence._archive import Archive
from mmsk.persistence._embedded import keep_file, keep_folder
from mmsk.persistence._locate import find_weights
from mmsk.persistence._references import FILE, NAMED, Reference, reference_of
from mmsk.persistence._walk import estimators_in

_PLAIN_NAME = re.compile(r"[^./\\:\x00-\x1f][^/\\:\x00-\x1f]{0,199}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
MOST_COPIES = 4  # of equal files in a folder, or of weights that go by two names
_KINDS = {"kind": str, "name": str, "embedded": bool, "files": list}


def connect_weights(
    model: Any, archive: Archive, listed: Mapping[str, Any], moved: Mapping[str, Any]
) -> None:
    """Check all weights on which a model depends, and point it to where they are.

    Parameters
    ----------
    model : estimator
        As it was made of the file; its parameters are changed.
    archive : Archive
        The file.
    listed : mapping
        What its manifest says of weights.
    moved : mapping of str to path
        Where files are by now, by what the model has for them.

    Raises
    ------
    ModelFileError
        If weights are not there, changed, or not in the manifest.
    """
    _check_copies(archive, listed)
    in_files: set[str] = set()
    for estimator in estimators_in(model):
        try:
            reference = reference_of(estimator)
            if reference is None:
                continue
            entry = _entry(archive, reference, listed)
            value = _value(estimator, reference, entry, archive, moved)
        except ModelFileError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            name = type(estimator).__name__
            raise archive.refused(f"the weights of {name} cannot be told ({error}).") from error
        if value != getattr(estimator, reference.parameter):  # else it is one object in many places
            setattr(estimator, reference.parameter, value)
        if reference.kind != NAMED and not entry["embedded"]:
            in_files.add(reference.key)
    other = sorted(set(moved) - in_files)
    if other:
        raise ValueError(
            f"weights={{{other[0]!r}: ...}}, but the model has no such files of weights. Of these "
            f"you can say where they are: {', '.join(map(repr, sorted(in_files))) or 'none'}."
        )


def _value(
    estimator: Any,
    reference: Reference,
    entry: Mapping[str, Any],
    archive: Archive,
    moved: Mapping[str, Any],
) -> str:
    """Return what the estimator is to have for its weights, which are then there."""
    if entry["embedded"]:
        return str(_kept(archive, reference, entry))
    place = find_weights(reference, entry, estimator, archive.path.parent, moved)
    return _named(estimator, entry) if reference.kind == NAMED else str(place)


def _entry(archive: Archive, reference: Reference, listed: Mapping[str, Any]) -> Mapping[str, Any]:
    entry = listed.get(reference.key)
    if not isinstance(entry, dict) or entry.get("kind") != reference.kind:
        raise archive.refused(
            f"the model uses {reference.parameter}={reference.key!r}, which its manifest does not "
            "list: nobody could tell what is in them."
        )
    good = all(isinstance(entry.get(name), kind) for name, kind in _KINDS.items())
    if not good or not entry["files"] or not all(map(_is_file, entry["files"])):
        raise archive.refused(f"what its manifest says of {reference.key!r} is damaged.")
    if entry["embedded"]:
        _check_members(archive, entry["files"])
    return entry


def _is_file(file: Any) -> bool:
    return (
        isinstance(file, dict)
        and bool(_PLAIN_NAME.fullmatch(str(file.get("name"))))
        and isinstance(file.get("bytes"), int)
        and bool(_DIGEST.fullmatch(str(file.get("sha256"))))
    )


def _check_members(archive: Archive, files: list[dict[str, Any]]) -> None:
    for file in files:
        member = str(file.get("member"))
        if member not in archive.names or not member.startswith(f"weights/{file['sha256']}."):
            raise archive.refused(f"it has no member of the weights {file['name']!r}.")


def _check_copies(archive: Archive, listed: Mapping[str, Any]) -> None:
    """Check that weights are not kept under so many names that they would fill the disk."""
    sizes = archive.sizes
    entries = (entry for entry in listed.values() if isinstance(entry, dict))
    lists = (entry.get("files") for entry in entries if entry.get("embedded"))
    files = (file for each in lists if isinstance(each, list) for file in each)
    n_bytes = sum(sizes.get(str(file.get("member")), 0) for file in files if isinstance(file, dict))
    if n_bytes > MOST_COPIES * sum(sizes.values()):
        raise archive.refused(f"its weights would be kept as {n_bytes:,} bytes, many times over.")


def _kept(archive: Archive, reference: Reference, entry: Mapping[str, Any]) -> Path:
    if reference.kind in (FILE, NAMED):
        return keep_file(archive, entry["files"][0])
    return keep_folder(archive, entry["files"])


def _named(estimator: Any, entry: Mapping[str, Any]) -> str:
    """Keep "DEFAULT" where it still means the weights with which the model was saved."""
    from mmsk._nets.backbones import full_name

    same = full_name(estimator.backbone, estimator.weights) == entry["name"]
    return os.fspath(estimator.weights) if same else entry["name"]
