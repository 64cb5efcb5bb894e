"""Filling the feature store before a search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing

from mmsk._config import config_context, current_config
from mmsk._progress import progress_bar
from mmsk._validation import RawColumn, check_choice, raw_column
from mmsk.extraction import CellExtractor
from mmsk.extraction._fingerprint import fingerprint


def precompute(model: Any, table: Any, *, progress: bool = True) -> None:
    """Fill the feature store with all rows that the frozen extractors of a model will want.

    A fit, search or prediction on the table afterwards computes none of them again, in whatever
    process. What is in the store already is not computed again either: an interrupted call goes
    on where it was when it is repeated.

    Parameters
    ----------
    model : estimator
        A pipeline, ColumnTransformer, FeatureUnion or extractor, fitted or not, or an estimator
        around one. Of a grid search, the extractors of every candidate are taken.
    table : DataFrame, or column of raw cells
        What would be given to ``model.fit``.
    progress : bool, default=True
        Whether to show a bar on stderr, which counts the cells of all extractors.

    Raises
    ------
    ReadError
        If a cell cannot be read, as in fit; with ``on_error="missing"`` only if too many are bad.
    ValueError
        If the feature store is switched off, or a parameter of an extractor is no plain value, so
        that its rows are not kept.

    See Also
    --------
    cache_info : What the store holds then.
    set_config : Where the store is.

    Notes
    -----
    Extractors that learn in fit, such as TfidfEmbedder, are left out, and so is what stands
    behind another step of a pipeline. Memory is needed for the features of one extractor at a
    time.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mmsk
    >>> table = pd.DataFrame({"photo": [np.eye(8), np.tri(8), None]})
    >>> features = mmsk.ModalityTransformer([("image", mmsk.HOGEmbedder(32), "photo")])
    >>> with tempfile.TemporaryDirectory() as folder, mmsk.config_context(cache_dir=folder):
    ...     mmsk.precompute(features, table, progress=False)
    ...     print(mmsk.cache_info()[["extractor", "rows"]])
         extractor  rows
    0  HOGEmbedder     2
    """
    check_choice("progress", progress, [True, False])
    if current_config().folder is None:
        raise ValueError(
            "The feature store is switched off, so that nothing can be kept. Switch it on with "
            "mmsk.set_config(cache=True), or name a folder with cache_dir=."
        )
    passes = _different_passes(model, table)
    total = sum(column.n_present for _, column in passes)
    with config_context(progress=progress), progress_bar(total, "precompute") as bar:
        for extractor, column in passes:
            bar.set_description(extractor._pass_name(column), refresh=False)
            extractor._rows(column, bar.update)


def _different_passes(model: Any, table: Any) -> list[tuple[CellExtractor, RawColumn]]:
    """List every extractor once for each column that it gets."""
    passes: dict[tuple, tuple[CellExtractor, RawColumn]] = {}
    for extractor, cells, place in _frozen_extractors(model, table, ()):
        extractor._check_all_parameters()
        digits, _ = fingerprint(extractor, extractor._n_features())
        if (digits, place) not in passes:
            passes[digits, place] = extractor, raw_column(cells)
    return list(passes.values())


def _frozen_extractors(
    model: Any, X: Any, place: tuple[str, ...]
) -> Iterator[tuple[CellExtractor, Any, tuple[str, ...]]]:
    """Yield the extractors that get raw cells of `X`, each with its column and where that is."""
    if isinstance(model, CellExtractor):
        yield model, X, place
    elif hasattr(model, "param_grid"):
        for candidate in ParameterGrid(model.param_grid):
            chosen = clone(model.estimator).set_params(**candidate)
            yield from _frozen_extractors(chosen, X, place)
    elif isinstance(model, ColumnTransformer):
        for _, transformer, columns in model.transformers:
            selected = columns(X) if callable(columns) else columns
            cells = _safe_indexing(X, selected, axis=1)
            yield from _frozen_extractors(transformer, cells, (*place, repr(selected)))
    else:
        for part in _parts(model):
            yield from _frozen_extractors(part, X, place)


def _parts(model: Any) -> list[Any]:
    """Estimators inside a model that get what the model gets."""
    if isinstance(model, Pipeline):
        steps = [step for _, step in model.steps if step not in (None, "passthrough")]
        return steps[:1]
    if isinstance(model, FeatureUnion):
        return [part for _, part in model.transformer_list]
    if hasattr(model, "estimators"):  # of a voting or stacking model
        return [part for _, part in model.estimators]
    return [model.estimator] if hasattr(model, "estimator") else []
