"""Names of fits and of what fitted transformers give, by all that decides on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import scipy
import sklearn
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.metadata_routing import get_routing_for_object

from mmsk._validation import RawColumn, raw_column
from mmsk._version import __version__
from mmsk.compose._content_digest import ContentDigest
from mmsk.compose._fitted_memory import warn_once
from mmsk.compose._present_rows import is_column, needs_no_data, parts_of
from mmsk.extraction import BaseExtractor
from mmsk.extraction._base import MOST_BYTES_DIGESTED
from mmsk.extraction._code import digest_of_room
from mmsk.extraction._digest import digest_cell
from mmsk.extraction._fingerprint import NotPlainError

VERSIONS = [__version__, sklearn.__version__, np.__version__, scipy.__version__, pd.__version__]
SETTINGS_OF_SKLEARN = ("array_api_dispatch", "transform_output")


def fit_key(transformer: Any, X: Any, y: Any, params: Any) -> str | None:
    """Name what fitting a transformer gives; None where it is to be computed every time.

    Parameters
    ----------
    transformer : estimator
        Not fitted.
    X : raw column or table
        Its columns.
    y : array-like or None
        Targets.
    params : Bunch
        Routed metadata.

    Returns
    -------
    key : str or None
        Equal only for equal class, code, parameters, cells, files that cells name, targets,
        metadata and output settings. None for transformers that need no fit, and for what has no
        digest.
    """
    return _key(transformer, X, [y], params, ContentDigest())


def transform_key(fitted_as: str | None, transformer: Any, X: Any, params: Any) -> str | None:
    """Name what a fitted transformer gives for `X`; `fitted_as` is the key of its fit."""
    if fitted_as is None:
        return None
    return _key(transformer, X, [fitted_as], params, ContentDigest(learned=False))


def _key(transformer: Any, X: Any, more: list[Any], params: Any, digest: ContentDigest) -> Any:
    try:
        if needs_no_data(transformer):
            return None
        config = sklearn.get_config()
        digest.add([VERSIONS, digest_of_room(__name__), *map(config.get, SETTINGS_OF_SKLEARN)])
        digest.add([transformer, *more])
        _add_metadata(digest, transformer, params)
        _add_input(digest, transformer, X)
    except NotPlainError as error:
        name = type(transformer).__name__
        warn_once(f"memory= leaves out {name}, which is fitted every time: {error}", name)
        return None
    except Exception:
        return None  # an unreadable file, a wrong parameter: the transformer will say what it is
    return digest.hexdigest()


def _add_metadata(digest: ContentDigest, transformer: Any, params: Any) -> None:
    routed = {method: dict(values) for method, values in params.items() if values}
    digest.add([routed, repr(get_routing_for_object(transformer)) if routed else None])


def _add_input(digest: ContentDigest, transformer: Any, X: Any) -> None:
    """Add a table as it is, and of a column what those may see of it that take it."""
    if not is_column(X):
        digest.add(X)
        return
    column, takers = raw_column(X), list(_takers(transformer))
    if not all(map(_sees_cells_only, takers)):
        digest.add(_safe_indexing(X, slice(0, 0)))
        digest.add(X.index if isinstance(X, pd.Series) else None)
    readers = [taker for taker in takers if getattr(taker, "_strings_are", None) == "paths"]
    for reader in readers:
        cells = zip(column.cells, column.present, strict=True)
        digest.add([(reader._digest(cell) or cell) if present else None for cell, present in cells])
    if len(readers) < len(takers):
        digest.add(list(column.cells))
        digest.add(_contents_of_files(column))


def _takers(transformer: Any) -> Iterator[Any]:
    """Yield the transformers to which a column is given as it is."""
    if isinstance(transformer, FeatureUnion):
        for part in parts_of(transformer):
            yield from _takers(part)
    elif isinstance(transformer, Pipeline):
        yield from _takers(transformer.steps[0][1])
    else:
        yield transformer


def _sees_cells_only(taker: Any) -> bool:
    """Tell whether it gives the same for a list, a Series of any index, and so on."""
    kinds = BaseExtractor | CountVectorizer | HashingVectorizer
    return isinstance(taker, kinds) and _get_output_config("transform", taker)["dense"] == "default"


def _contents_of_files(column: RawColumn) -> list[bytes | None]:
    """Digest the files that the cells name; a column whose first cell names none holds texts."""
    first = next((cell for cell in column.cells if isinstance(cell, str | os.PathLike)), "")
    if not _names_file(first):
        return []
    return [
        digest_cell(cell, None, MOST_BYTES_DIGESTED) if _names_file(cell) else None
        for cell in column.cells
    ]


def _names_file(cell: Any) -> bool:
    return isinstance(cell, str | os.PathLike) and os.path.isfile(cell)
