"""Loading a model from a file that may come from anybody."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from sklearn.exceptions import InconsistentVersionWarning

from mmsk._optional import import_optional
from mmsk.exceptions import ModelFileError, ModelFileWarning
from mmsk.persistence import _manifest
from mmsk.persistence._archive import SCHEMA, Archive
from mmsk.persistence._checks import check_model
from mmsk.persistence._defaults import fill_in_defaults
from mmsk.persistence._members import check_member
from mmsk.persistence._placement import place_on_device
from mmsk.persistence._schema import Schema
from mmsk.persistence._trust import names_of, trusted_by_us
from mmsk.persistence._weights import connect_weights

LARGEST_IN_MEMORY = 2**27  # bytes of arrays; more go through a temporary file
NATIVE = ("sklearn.tree._tree.Tree", "TreePredictor", "KDTree", "BallTree")


def load(
    path: str | os.PathLike,
    *,
    device: str | None = None,
    trusted: Sequence[str | type] = (),
    weights: Mapping[str, str | os.PathLike] | None = None,
) -> Any:
    """Load a model that `save` wrote, without running what the file holds.

    Before anything is made of it, the file is checked: its members, their sizes and digests, and
    every type that it names. Only types of mmsk, scikit-learn, NumPy and SciPy that hold nothing
    but state are made, and those in `trusted`. Nothing is downloaded, no pickle is read.

    Parameters
    ----------
    path : str or path
        The file.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default=None
        Where all networks of the model run. None leaves each where it was, or makes it
        ``"auto"``, with a warning, where that device is not there.
    trusted : sequence of str or type, default=()
        Types and functions beyond those, by themselves or by their full names: your own
        transformers, or a function that the model was given. Their modules are imported. Give
        only what you know; the error of a refused file lists what it would take.
    weights : mapping of str to path, default=None
        Where files of weights are by now, by what the model has for them, as `read_manifest`
        shows it under ``"weights"``. None looks where they were, and beside the model file.

    Returns
    -------
    model : estimator
        As it was saved. Weights that are in the file are kept in the user's cache folder, and
        the model points there.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If the file is refused: no model file, of a newer format, damaged, changed, or with
        something in it that is not trusted; or if pretrained weights are not there, or others.
        It says what, and what to do.
    MissingDependencyError
        If skops is not installed: ``pip install "mmsk[safe]"``.
    ValueError
        If `device`, `trusted` or `weights` is not accepted.

    Warns
    -----
    ModelFileWarning
        If another release of mmsk or scikit-learn wrote it, or a device is not there.

    See Also
    --------
    save : Writes the file.
    read_manifest : Shows what is in it.

    Notes
    -----
    A file can still hold a bad model: one that predicts nonsense, or takes long. Digests tell
    damage, not who made it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import joblib
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> import mmsk
    >>> X, y = load_iris(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mmsk.save(SVC().fit(X, y), Path(folder) / "iris.mmsk")
    ...     loaded = mmsk.load(Path(folder) / "iris.mmsk")
    >>> loaded.predict(X[:3])
    array([0, 0, 0])
    """
    import_optional("skops.io", needed_for="mmsk.load", extra="safe")
    names = names_of(trusted)
    with Archive(path) as archive:
        manifest = _manifest.read(archive)
        _warn_of_versions(archive, manifest)
        model = _made(archive, manifest, names)
        check_model(model, archive.refused)
        fill_in_defaults(model)
        connect_weights(model, archive, manifest["weights"], dict(weights or {}))
    place_on_device(model, device)
    return model


def _warn_of_versions(archive: Archive, manifest: Mapping[str, Any]) -> None:
    differing = _manifest.differing_versions(dict(manifest))
    if differing:
        warnings.warn(
            f"{str(archive.path)!r} was written by other versions ({'; '.join(differing)}), and "
            "may predict otherwise: compare some predictions, or install those.",
            ModelFileWarning,
        )


def _made(archive: Archive, manifest: Mapping[str, Any], names: frozenset[str]) -> Any:
    """Make the model of a copy of the file that holds what was checked and nothing else."""
    digests = {name: member["sha256"] for name, member in manifest["members"].items()}
    content = archive.read(SCHEMA, digests[SCHEMA])
    try:
        parsed = json.loads(content)
        schema = Schema(parsed, names, archive.refused)
        # Written anew, so that skops reads what was looked through.
        content = json.dumps(parsed).encode()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise archive.refused(f"its {SCHEMA} is damaged or nested without end.") from error
    with tempfile.SpooledTemporaryFile(LARGEST_IN_MEMORY) as file:
        with zipfile.ZipFile(file, "w") as copy:
            copy.writestr(SCHEMA, content)
            for name in sorted(schema.members):
                if name not in digests:
                    raise archive.refused(f"it names its member {name!r}, which is not there.")
                member = archive.read(name, digests[name])
                check_member(name, member, archive.refused)
                copy.writestr(name, member)
        return _read_by_skops(file, schema.added, archive, manifest)


def _read_by_skops(
    file: Any, added: list[str], archive: Archive, manifest: Mapping[str, Any]
) -> Any:
    from skops.io import load as load_by_skops
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)  # told once above
            return load_by_skops(file, trusted=added)
    except UntrustedTypesFoundException as error:
        raise _untrusted(file, added, archive) from error
    except Exception as error:
        raise archive.refused(
            f"it cannot be made into a model ({type(error).__name__}: {error}). It is damaged, or "
            f"its versions ({_shown(manifest)}) have what these have not."
        ) from error


def _untrusted(file: BinaryIO, added: list[str], archive: Archive) -> ModelFileError:
    from skops.io import get_untrusted_types

    file.seek(0)
    names = sorted(set(get_untrusted_types(data=file.read())) - set(added))
    given = set(added) - trusted_by_us().keys()
    needed = sorted({*names, *given})
    native = [name for name in names if name.endswith(NATIVE)]
    danger = (
        f" {native[0]!r} is native memory: a made-up one can end the process." if native else ""
    )
    return archive.refused(
        f"it holds {', '.join(map(repr, names))}, which mmsk does not trust.{danger} If you know "
        f"who made the file and what these are: mmsk.load(path, trusted={needed!r})."
    )


def _shown(manifest: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
