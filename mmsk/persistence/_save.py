"""Saving a model as one file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator

from mmsk._optional import import_optional
from mmsk._replace import replacing
from mmsk.exceptions import ModelFileError
from mmsk.persistence import _manifest
from mmsk.persistence._archive import MANIFEST, MOST_JSON_BYTES, SCHEMA
from mmsk.persistence._archive_writer import ArchiveWriter
from mmsk.persistence._describe_weights import describe_weights
from mmsk.persistence._ordering import in_order
from mmsk.persistence._portable import portable
from mmsk.persistence._schema import Schema

PLAIN_TYPES = ("builtins.", "numpy.", "scipy.sparse.")


def save(model: Any, path: str | os.PathLike, *, embed_weights: bool = False) -> None:
    """Save a model as one file, which `load` reads without running what it holds.

    The file holds the model as skops writes it, that is parameters and fitted arrays, and a
    manifest, which `read_manifest` shows. It holds no code and no pickle. Everything of mmsk can
    be saved, and what skops can save of scikit-learn, which is nearly everything.

    Parameters
    ----------
    model : estimator
        A pipeline, a search or any other estimator, fitted or not. It is not changed.
    path : str or path
        The file. One that is there is replaced in one step, once the new one is whole. Any
        ending will do; ``.mmsk`` tells people what it is.
    embed_weights : bool, default=False
        Whether pretrained networks and word vectors are put in the file. False names them: the
        model then needs the same files where it is loaded, and `load` checks that they are the
        same. True makes a file that needs no other, larger by as much.

    Raises
    ------
    ModelFileError
        If the model holds what no file can bring back, such as a function that stands in no
        module, or names weights that are not on disk. It says what and where.
    MissingDependencyError
        If skops is not installed: ``pip install "mmsk[safe]"``.
    OSError
        If the file cannot be written. What was there before stays as it was.

    See Also
    --------
    load : Gives the model back.
    compress : Makes a fitted model smaller before it is saved.

    Notes
    -----
    What belongs to a process and not to predictions is left out: `memory` of pipelines and of
    ModalityTransformer, and callbacks. Equal models give equal files. Of a search, all candidates
    and scores are kept; save ``search.best_estimator_`` for a model alone.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from sklearn.svm import SVC
    >>> import mmsk
    >>> from mmsk import ConcatFusion, ModalityTransformer, TfidfEmbedder
    >>> from sklearn.pipeline import make_pipeline
    >>> table = pd.DataFrame({"title": ["red shoe", "blue shoe", "red car", "blue car"] * 5})
    >>> model = make_pipeline(
    ...     ModalityTransformer([("title", TfidfEmbedder(), "title")]), ConcatFusion(), SVC()
    ... ).fit(table, ["shoe", "shoe", "car", "car"] * 5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mmsk.save(model, Path(folder) / "titles.mmsk")
    ...     loaded = mmsk.load(Path(folder) / "titles.mmsk")
    >>> loaded.predict(table[:3])
    array(['shoe', 'shoe', 'car'], dtype='<U4')
    """
    if not isinstance(model, BaseEstimator):
        raise ModelFileError(
            f"{type(model).__name__} is no estimator of scikit-learn's form: nothing else can be "
            "put in a model file."
        )
    import_optional("skops.io", needed_for="mmsk.save", extra="safe")
    copy = portable(model)
    schema, members = in_order(_dumped(copy))
    types = sorted(Schema(schema, frozenset(), _cannot_be_saved(model)).types)
    with replacing(path) as file, ArchiveWriter(file) as archive:
        archive.add(SCHEMA, _as_json(schema))
        for name, content in members.items():
            archive.add(name, content)
        weights = describe_weights(copy, archive, embed_weights)
        named = [name for name in types if not name.startswith(PLAIN_TYPES)]
        manifest = _manifest.describe(copy, weights, named) | {"members": dict(archive.members)}
        archive.add(MANIFEST, _as_json(manifest))


def _cannot_be_saved(model: Any) -> Callable[[str], ModelFileError]:
    return lambda reason: ModelFileError(f"{type(model).__name__} cannot be saved: {reason}")


def _dumped(copy: Any) -> bytes:
    """Return what skops makes of a model, or say what it cannot write."""
    from skops.io import dumps

    try:
        return dumps(copy)
    except RecursionError as error:
        raise ModelFileError(
            f"{type(copy).__name__} holds itself, or objects within objects without end."
        ) from error
    except Exception as error:
        raise ModelFileError(
            f"{type(copy).__name__} holds something that no model file can hold: {error} Leave it "
            "out of the parameters, or use joblib.dump, whose files only those load who trust you."
        ) from error


def _as_json(value: Any) -> bytes:
    content = json.dumps(value, separators=(",", ":")).encode()
    if len(content) > MOST_JSON_BYTES:
        raise ModelFileError(
            f"The model takes {len(content):,} bytes beside its arrays, over {MOST_JSON_BYTES:,}. "
            "Is there a vocabulary of millions of words? max_features= or min_df= bound it."
        )
    return content
