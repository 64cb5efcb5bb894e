"""What a model file says about itself."""

from __future__ import annotations

import json
import platform
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from mmsk._version import __version__
from mmsk.persistence._archive import MANIFEST, SCHEMA, Archive
from mmsk.persistence._trust import name_of
from mmsk.persistence._walk import estimators_in

FORMAT = 1
PACKAGES = ("scikit-learn", "torch", "numpy", "scipy", "skops")
# What another release of these stores may differ; of the others there are plain arrays only.
STATE_BELONGS_TO = ("mmsk", "scikit-learn")
VERSION = re.compile(r"[A-Za-z0-9.+!_ -]{1,60}")
_KINDS = {
    "format": int,
    "versions": dict,
    "model": dict,
    "weights": dict,
    "types": list,
    "members": dict,
}


def describe(model: Any, weights: dict[str, Any], types: list[str]) -> dict[str, Any]:
    """Return the manifest of a model, but for its members.

    Parameters
    ----------
    model : estimator
        The model.
    weights : dict of str to dict
        Pretrained weights by the name or path that the model has for them.
    types : list of str
        Types that are made when it is loaded.
    """
    return {
        "format": FORMAT,
        "versions": versions(),
        "model": {
            "type": name_of(type(model)),
            "columns": _columns(model),
            "classes": _plain(getattr(model, "classes_", None)),
        },
        "weights": weights,
        "types": types,
    }


def versions() -> dict[str, str]:
    """Return the versions on which a file may depend."""
    return {"mmsk": __version__, "python": platform.python_version()} | {
        name: _version(name) for name in PACKAGES
    }


def read(archive: Archive) -> dict[str, Any]:
    """Return the manifest of a file, once its form, format and list of members are checked.

    Raises
    ------
    ModelFileError
        If there is none, it is of a newer format, or it lists other members than there are.
    """
    if MANIFEST not in archive.names:
        other = (
            ": it was written by skops, and skops.io.load reads it"
            if SCHEMA in archive.names
            else ""
        )
        raise archive.refused(f"it has no {MANIFEST}{other or ', as mmsk.save writes it'}.")
    try:
        manifest = json.loads(archive.read(MANIFEST))
    except (ValueError, RecursionError) as error:
        raise archive.refused(f"its {MANIFEST} is damaged ({error}).") from error
    _check_versions(archive, manifest)
    _check_format(archive, manifest)
    wrong = [key for key, kind in _KINDS.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise archive.refused(f"its {MANIFEST} lacks {', '.join(map(repr, wrong))}.")
    _check_members(archive, manifest["members"])
    return manifest


def differing_versions(manifest: dict[str, Any]) -> list[str]:
    """Say which versions differ in a way that may matter: "scikit-learn 1.9.1, now 1.10.0"."""
    now = versions()
    return [
        f"{name} {then}, now {now[name]}"
        for name in STATE_BELONGS_TO
        if _release(then := str(manifest["versions"].get(name))) != _release(now[name])
    ]


def _check_versions(archive: Archive, manifest: Any) -> None:
    """Raise unless versions can be shown: a terminal would obey what is hidden in a text."""
    written = manifest.get("versions") if isinstance(manifest, dict) else None
    for name, number in written.items() if isinstance(written, dict) else ():
        if not VERSION.fullmatch(name) or not VERSION.fullmatch(str(number)):
            raise archive.refused(f"its {MANIFEST} has versions that are none.")


def _check_format(archive: Archive, manifest: Any) -> None:
    number = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise archive.refused(f"its {MANIFEST} states no format.")
    if number > FORMAT:
        written = manifest.get("versions")
        by = written.get("mmsk", "newer") if isinstance(written, dict) else "newer"
        raise archive.refused(
            f"it has format {number} (mmsk {by}), and mmsk {__version__} reads formats up to "
            f"{FORMAT}. Install a newer mmsk."
        )


def _check_members(archive: Archive, members: dict[str, Any]) -> None:
    there = archive.names - {MANIFEST}
    if SCHEMA not in there:
        raise archive.refused(f"it has no {SCHEMA}.")
    for name in sorted(there ^ members.keys()):
        what = "is not listed in" if name in there else "is missing, but listed in"
        raise archive.refused(f"its member {name!r} {what} its {MANIFEST}.")
    for name, entry in members.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            raise archive.refused(f"its {MANIFEST} has no SHA-256 of {name!r}.")


def _columns(model: Any) -> dict[str, str | None]:
    """Modality of each column of the table that the model takes, as far as it is known."""
    for part in estimators_in(model):
        schema = getattr(part, "schema_", None)
        if isinstance(schema, dict):
            return {str(column): str(modality) for column, modality in schema.items()}
    return {str(name): None for name in getattr(model, "feature_names_in_", ())}


def _plain(classes: Any) -> Any:
    """Return classes as JSON has them; None for what has none."""
    if classes is None:
        return None
    labels = classes if isinstance(classes, list) else [classes]
    lists = [json.loads(json.dumps(np.asarray(each).tolist(), default=str)) for each in labels]
    return lists if isinstance(classes, list) else lists[0]


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _release(text: str) -> tuple[str, ...]:
    """Return the release to which a version belongs: 1.9 of 1.9.1."""
    return tuple(text.split(".")[:2])
