"""Comparing blocks of features, dense or CSR, and saying what was expected."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator


def dense(block: Any) -> np.ndarray:
    """Return a block as a plain array, whatever it is."""
    return block.toarray() if sparse.issparse(block) else np.asarray(block)


def differing_rows(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the rows in which two arrays differ; NaN equals NaN.

    `tolerance` is relative to the largest expected value; 0 asks for equal values.
    """
    finite = np.abs(expected[np.isfinite(expected)])
    allowed = tolerance * finite.max(initial=0.0)
    same = np.isclose(actual, expected, rtol=0.0, atol=allowed, equal_nan=True)
    return np.flatnonzero(~same.all(axis=1))


def assert_same(actual: Any, expected: Any, tolerance: float, expectation: str) -> None:
    """Raise AssertionError, starting with `expectation`, unless two blocks hold the same."""
    if sparse.issparse(actual) != sparse.issparse(expected):
        raise AssertionError(
            f"{expectation}: got a {type(actual).__name__} beside a {type(expected).__name__}."
        )
    actual, expected = dense(actual), dense(expected)
    if actual.shape != expected.shape:
        raise AssertionError(f"{expectation}: got shape {actual.shape}, not {expected.shape}.")
    rows = differing_rows(actual, expected, tolerance)
    if len(rows):
        largest = np.abs(actual[rows] - expected[rows]).max()
        raise AssertionError(
            f"{expectation}: rows {rows.tolist()} differ by up to {largest:.3g} "
            f"(tolerance={tolerance})."
        )


def are_same(actual: Any, expected: Any, tolerance: float) -> bool:
    """Tell whether two blocks hold the same."""
    actual, expected = dense(actual), dense(expected)
    return actual.shape == expected.shape and not len(differing_rows(actual, expected, tolerance))


def assert_missing_rows(block: Any, rows: list[int], expectation: str) -> None:
    """Raise AssertionError unless `rows` are NaN in a dense block, or empty in a CSR one."""
    if sparse.issparse(block):
        ok = block[rows].nnz == 0
    else:
        ok = bool(np.isnan(np.asarray(block)[rows]).all())
    if not ok:
        raise AssertionError(f"{expectation}: rows {rows} hold values.")


def error_of(kind: type[Exception], call: Callable[[Any], Any], data: Any) -> Any:
    """Return the error that a call must raise for the data."""
    try:
        call(data)
    except kind as error:
        return error
    raise AssertionError(f"{type(data).__name__} must raise {kind.__name__}, but raised nothing.")


def take(block: Any, rows: Any) -> Any:
    """Return rows of a block."""
    return block[np.asarray(rows, dtype=int)]


class BlockDigest(BaseEstimator):
    """A last step whose score is a digest of the features, so that a search shows them."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Take the features as they are."""
        self.n_features_ = X.shape[1]
        return self

    def score(self, X: Any, y: Any = None) -> float:
        """Return a number that differs for different features."""
        return float(zlib.crc32(np.ascontiguousarray(dense(X)).tobytes()))
