"""Give a transformer only the cells that are present, and put its rows back in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils.validation import _check_method_params, _num_samples

from mmsk._validation import raw_column
from mmsk.exceptions import ReadError


def present_cells(X: Any) -> np.ndarray | None:
    """Mask of the cells of a raw column that are not missing; None for a table.

    Several columns go to one transformer as they are, because transformers of tables know
    what to do with missing values.
    """
    return raw_column(X).present if is_column(X) else None


def select(X: Any, columns: Any) -> Any:
    """Select columns as scikit-learn does, but a single named one of pandas without detours."""
    if isinstance(columns, str) and isinstance(X, pd.DataFrame):
        return X[columns]
    return _safe_indexing(X, columns, axis=1)


def is_column(X: Any) -> bool:
    """Tell a raw column from a table."""
    return getattr(X, "ndim", 2) == 1 or (not hasattr(X, "ndim") and not hasattr(X, "columns"))


def read_cells(transformer: Any, X: Any) -> np.ndarray | None:
    """Mask of the cells of a raw column that a fitted transformer reads; None for a table.

    An extractor may take an unreadable cell as missing; its method `present_rows` says so. A
    pipeline reads with its first step, and a union what any of its parts reads.
    """
    if isinstance(transformer, Pipeline):
        return read_cells(transformer[0], X)
    if isinstance(transformer, FeatureUnion) and present_cells(X) is not None:
        masks: list[Any] = [read_cells(part, X) for part in parts_of(transformer)]
        return np.logical_or.reduce(masks)
    return getattr(transformer, "present_rows", present_cells)(X)


def call_on_present_rows(
    function: Callable[..., Any],
    transformer: Any,
    X: Any,
    y: Any,
    *,
    name: str,
    empty_block: Any,
    params: Any,
    **arguments: Any,
) -> Any:
    """Call scikit-learn's fit-transform or transform function on the present rows of `X`.

    Parameters
    ----------
    function : callable
        ``_fit_transform_one`` or ``_transform_one`` of scikit-learn's pipeline module.
    transformer : estimator
        The transformer of these columns.
    X : raw column or table
        The selected columns, all rows.
    y : array-like or None
        Targets, all rows.
    name : str
        Name of the transformer, for messages.
    empty_block : {ndarray, CSR} of shape (0, width) or None
        What the transformer gave for no rows, used where no cell is present. None in fit.
    params : Bunch
        Routed metadata.
    **arguments : object
        Further arguments of `function`.

    Returns
    -------
    result : block of shape (n_rows, width), or (block, fitted transformer)
        As `function` returns it, with NaN rows (empty ones in CSR) where the cell is missing.
    """
    present = present_cells(X)
    rows = np.arange(_num_samples(X)) if present is None else np.flatnonzero(present)
    if present is not None and len(rows) == 0:
        if empty_block is not None:
            return scatter(empty_block, rows, len(present), X)
        if not needs_no_data(transformer):
            why = f"Every cell of {name!r} is missing" if len(present) else f"No rows for {name!r}"
            raise ValueError(f"{why}: there is nothing to fit it on. Leave this transformer out.")
    try:
        if present is None or present.all() or (len(rows) > 0 and _takes_missing(transformer)):
            return function(transformer, X, y, params=params, **arguments)
        return _on_rows(function, transformer, X, y, rows, params, arguments)
    except Exception as error:
        if not isinstance(error, ReadError):
            error.add_note(_context(name, transformer, error))
        raise


def _on_rows(
    function: Callable[..., Any],
    transformer: Any,
    X: Any,
    y: Any,
    rows: np.ndarray,
    params: Any,
    arguments: dict[str, Any],
) -> Any:
    part_y = None if y is None else _safe_indexing(y, rows)
    part_params = {
        method: _check_method_params(X, values, indices=rows) for method, values in params.items()
    }
    try:
        result = function(
            transformer,
            _safe_indexing(X, rows),
            part_y,
            params=type(params)(**part_params),
            **arguments,
        )
    except ReadError as error:
        raise error.with_rows(rows) from error.cause
    if isinstance(result, tuple):
        return scatter(result[0], rows, _num_samples(X), X), result[1]
    return scatter(result, rows, _num_samples(X), X)


def without_rows(block: Any) -> Any:
    """Return the block's form, no row, and no reference to its memory."""
    return block.clear() if hasattr(block, "clear") else block[:0].copy()


def scatter(block: Any, rows: np.ndarray, n_rows: int, X: Any) -> Any:
    """Put the rows of a block at `rows` of a block of `n_rows`, the others missing."""
    if block.shape[0] != len(rows):
        raise ValueError(f"A transformer gave {block.shape[0]} rows for {len(rows)} cells.")
    if sparse.issparse(block):
        return _scatter_csr(block.tocsr(), rows, n_rows)
    if isinstance(block, pd.DataFrame):
        return _scatter_frame(block, rows, X.index if isinstance(X, pd.Series) else range(n_rows))
    if hasattr(block, "with_columns"):
        return block[_places(rows, n_rows)] if len(rows) else block.clear(n_rows)
    block = np.asarray(block)
    dtype = block.dtype if block.dtype.kind == "f" or block.dtype == object else np.float64
    scattered = np.full((n_rows, *block.shape[1:]), np.nan, dtype=dtype)
    scattered[rows] = block
    return scattered


def _scatter_csr(block: sparse.csr_matrix, rows: np.ndarray, n_rows: int) -> Any:
    lengths = np.zeros(n_rows, dtype=block.indptr.dtype)
    lengths[rows] = np.diff(block.indptr)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(block.indptr.dtype)
    return type(block)((block.data, block.indices, indptr), shape=(n_rows, block.shape[1]))


def _scatter_frame(block: pd.DataFrame, rows: np.ndarray, index: Any) -> pd.DataFrame:
    is_sparse = all(isinstance(dtype, pd.SparseDtype) for dtype in block.dtypes)
    places = pd.RangeIndex(len(index))
    fill_value = 0.0 if is_sparse else np.nan
    return block.set_axis(rows).reindex(places, fill_value=fill_value).set_axis(index)


def _places(rows: np.ndarray, n_rows: int) -> list[int | None]:
    places: list[int | None] = [None] * n_rows
    for place, row in enumerate(rows):
        places[row] = place
    return places


def needs_no_data(transformer: Any) -> bool:
    """Tell whether it learns nothing in fit."""
    if isinstance(transformer, FeatureUnion):
        return all(map(needs_no_data, parts_of(transformer)))
    return not isinstance(transformer, str) and not get_tags(transformer).requires_fit


def _takes_missing(transformer: Any) -> bool:
    """Tell whether it takes raw columns with missing cells; its messages then name true rows.

    A union does if all its parts do and learn nothing, because such parts give dense rows: beside
    NaN rows, the empty ones of sparse parts would no longer be empty.
    """
    if isinstance(transformer, FeatureUnion):
        return needs_no_data(transformer) and all(map(_takes_missing, parts_of(transformer)))
    tags = get_tags(transformer).input_tags
    return tags.one_d_array and not tags.two_d_array and tags.allow_nan


def parts_of(union: FeatureUnion) -> list[Any]:
    """Return the transformers of a union that are in use."""
    return [part for _, part in union.transformer_list if part != "drop"]


def _context(name: str, transformer: Any, error: Exception) -> str:
    note = f"Raised by the transformer {name!r}."
    if "2D array, got 1D" in str(error) or "2-dimensional container" in str(error):
        note += " A transformer of tables takes a list of columns: ['column'], not 'column'."
    if isinstance(transformer, Pipeline) and "contains NaN" in str(error):
        note += (
            " An unreadable cell that on_error='missing' lets pass is a row of NaN for the next "
            f"step: put that step behind the ModalityTransformer, as PerBlock({{{name!r}: ...}})."
        )
    return note
