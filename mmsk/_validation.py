"""Checks of parameters and raw columns, shared by every room."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d

_NO_COLUMNS = (str, bytes, bytearray, memoryview, io.IOBase, dict, set, frozenset)


@dataclass(frozen=True)
class RawColumn:
    """The cells of one raw column, whatever container they came in.

    Attributes
    ----------
    cells : sequence of object
        One raw cell per row.
    present : ndarray of shape (n_rows,), dtype bool
        False where the cell is missing.
    name : object
        Name of the column, None where the container has none.
    labels : sequence or None
        Index labels of the rows where the container is a pandas Series.
    """

    cells: Sequence[Any]
    present: np.ndarray
    name: Any = None
    labels: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def n_present(self) -> int:
        """Number of cells that are not missing."""
        return int(self.present.sum())

    def label(self, row: int) -> Any:
        """Index label of a row, None where rows have no labels."""
        if self.labels is None:
            return None
        label = self.labels[row]
        return label.item() if isinstance(label, np.generic) else label


def is_missing(cell: Any) -> bool:
    """Tell whether a cell is None, NaN, ``pd.NA`` or NaT; nothing else is missing."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, float | np.floating):
        return bool(np.isnan(cell))
    return isinstance(cell, np.datetime64 | np.timedelta64) and bool(np.isnat(cell))


def raw_column(X: Any) -> RawColumn:
    """Read a column of raw cells from any container.

    Parameters
    ----------
    X : list, tuple, pandas Series, polars Series, pyarrow array or 1-D object array
        One cell per row. A numeric array with 3 or more dimensions is a stack of pictures or
        other arrays, one per row.

    Returns
    -------
    column : RawColumn
        The cells, with the mask of those present.

    Raises
    ------
    ValueError
        If `X` is a single string, a table or a 2-D array, or no column at all.
    """
    if isinstance(X, pd.Series):
        return _column(list(X), X.name, X.index)
    if getattr(X, "ndim", 1) in (0, 2) or hasattr(X, "columns"):
        raise ValueError(
            f"Expected a 1-D column of raw cells, got {_shape(X)} of type {type(X).__name__}. "
            "Select one column: table['name'], or the plain name 'name' instead of ['name'] in a "
            "ModalityTransformer or ColumnTransformer."
        )
    if isinstance(X, _NO_COLUMNS) or not isinstance(X, Iterable):
        raise ValueError(
            f"Expected a column of raw cells, got one {type(X).__name__}. "
            "Put a single cell into a list: [cell]."
        )
    cells = X.to_pylist() if hasattr(X, "to_pylist") else list(X)
    return _column(cells, getattr(X, "name", None) or None, None)


def _column(cells: list[Any], name: Any, labels: pd.Index | None) -> RawColumn:
    if set(map(type, cells)) == {str}:  # the most common column, and often a long one
        present = np.ones(len(cells), dtype=bool)
    else:
        present = np.fromiter((not is_missing(cell) for cell in cells), bool, count=len(cells))
    return RawColumn(cells, present, name, labels)


def _shape(X: Any) -> str:
    shape = getattr(X, "shape", None)
    return "a table" if shape is None else f"shape {tuple(shape)}"


def check_choice(name: str, value: Any, choices: Sequence[Any]) -> None:
    """Raise ValueError unless `value` is one of `choices`.

    Examples
    --------
    >>> from mmsk._validation import check_choice
    >>> check_choice("pooling", "mena", ["mean", "std"])
    Traceback (most recent call last):
        ...
    ValueError: pooling='mena' is not one of 'mean', 'std'.
    """
    if not any(
        value is choice or (_is_like(value, choice) and value == choice) for choice in choices
    ):
        raise ValueError(f"{name}={value!r} is not one of {', '.join(map(repr, choices))}.")


def _is_like(value: Any, choice: Any) -> bool:
    """Tell whether `value` is of the choice's type; NumPy's strings and bools are, True is no 1."""
    if isinstance(choice, bool):
        return isinstance(value, bool | np.bool_)
    return isinstance(value, type(choice)) and not isinstance(value, bool)


def check_number(
    name: str,
    value: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    integer: bool = False,
    low_open: bool = False,
) -> None:
    """Raise ValueError unless `value` is a number within [low, high].

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    value : object
        The value given by the user.
    low, high : float, default=None
        Inclusive limits; None is no limit.
    integer : bool, default=False
        Whether only whole numbers are accepted.
    low_open : bool, default=False
        Whether `low` itself is refused.
    """
    kind = Integral if integer else Real
    below = (
        low is not None and (value <= low if low_open else value < low)
        if _is(value, kind)
        else True
    )
    above = high is not None and value > high if _is(value, kind) else True
    if below or above:
        wanted = "an integer" if integer else "a number"
        if low is not None:
            wanted += f" {'above' if low_open else 'of at least'} {low}"
        if high is not None:
            wanted += f"{' and' if low is not None else ''} at most {high}"
        raise ValueError(f"{name}={value!r} is not {wanted}.")


def check_n_jobs(n_jobs: Any) -> None:
    """Raise ValueError unless this is a number of threads as joblib counts them, or None."""
    if n_jobs is None:
        return
    check_number("n_jobs", n_jobs, integer=True)
    if n_jobs == 0:
        raise ValueError("n_jobs=0 is no number of threads: give 1 or more, -1, or None.")


def check_block_names(name: str, given: Iterable[str], blocks: Sequence[str]) -> None:
    """Raise ValueError if a parameter names a block that is not there.

    Examples
    --------
    >>> from mmsk._validation import check_block_names
    >>> check_block_names("weights", {"sound": 0.5}, ["image", "text"])
    Traceback (most recent call last):
        ...
    ValueError: weights names the block 'sound', but the blocks are 'image', 'text'.
    """
    for block in given:
        if block not in blocks:
            raise ValueError(
                f"{name} names the block {block!r}, but the blocks are "
                f"{', '.join(map(repr, blocks))}."
            )


def check_target(
    learner: str, y: Any, rows: Any, instead: str = "", *, warn: bool = False
) -> np.ndarray:
    """Return a target as a 1-D array, one number or label for each row.

    Parameters
    ----------
    learner : str
        What learns from the target, for the message.
    y : array-like of shape (n_rows,) or (n_rows, 1)
        The target. Numbers in an array of objects are read as numbers.
    rows : sized
        The rows that it is for.
    instead : str, default=""
        What the user may do without a target, for the message.
    warn : bool, default=False
        Whether to warn of a target of one column, as scikit-learn's classifiers and regressors do.

    Raises
    ------
    ValueError
        If there is no target, it is not 1-D, has gaps, or does not fit the rows.

    Examples
    --------
    >>> from mmsk._validation import check_target
    >>> check_target("GatedFusion", None, [[0.5], [0.1]])
    Traceback (most recent call last):
        ...
    ValueError: GatedFusion learns from y: call fit(X, y). This requires y to be passed, but the \
target y is None.
    """
    if y is None:
        raise ValueError(
            f"{learner} learns from y: call fit(X, y){instead}. "
            "This requires y to be passed, but the target y is None."
        )
    y = column_or_1d(y, warn=warn)
    check_consistent_length(rows, y)
    assert_all_finite(y, input_name="y")
    if y.dtype == object and all(isinstance(value, Real) for value in y.tolist()):
        y = np.array(y.tolist())
    return y


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool | np.bool_) and value == value
