"""Inner products of sparse rows some of whose columns are full.

Fusion puts embeddings beside sparse text into one CSR matrix. A sparse product takes its full
columns entry by entry, many times slower than BLAS does; so these are multiplied dense.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

FULL = 0.25  # share of filled cells above which a column is multiplied dense
_ROWS_AT_ONCE = 256  # rows of a sparse product that are made dense at a time


class MixedColumns:
    """Sparse rows, split into full columns and the rest.

    Parameters
    ----------
    Z : CSR of shape (n_rows, n_features)
        The rows.
    full : ndarray of shape (n_features,), dtype bool, default=None
        The columns to take as dense; None takes those filled in more than a quarter of `Z`.

    Attributes
    ----------
    full : ndarray of shape (n_features,), dtype bool
        The columns taken as dense.
    """

    def __init__(self, Z: Any, full: np.ndarray | None = None) -> None:
        if full is None:
            filled = np.bincount(Z.indices, minlength=Z.shape[1])
            full = filled > FULL * Z.shape[0]
        self.full = full
        self._dense = Z[:, full].toarray() if full.any() else None
        self._rest = Z[:, ~full] if full.any() else Z

    def products(self, rows: MixedColumns, out: np.ndarray) -> None:
        """Write the inner products of `rows`, split alike, with these rows.

        Parameters
        ----------
        rows : MixedColumns
            Rows split at the same columns.
        out : ndarray of shape (n_other_rows, n_rows)
            Written.
        """
        for start in range(0, len(out), _ROWS_AT_ONCE):
            some = slice(start, start + _ROWS_AT_ONCE)
            out[some] = (rows._rest[some] @ self._transposed).toarray()
            if self._dense is not None and rows._dense is not None:
                out[some] += rows._dense[some] @ self._dense.T

    @cached_property
    def _transposed(self) -> Any:
        return self._rest.T.tocsr()
