"""Dense and sparse blocks side by side in one CSR matrix, without copies on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

CELLS_AT_A_TIME = 2**20


def hstack_csr(parts: Sequence[Any], n_rows: int) -> sparse.csr_matrix:
    """Concatenate blocks by columns into float32 CSR.

    ``scipy.sparse.hstack`` goes through COO and needs several times the memory of its result;
    here each block is written once, into its place.

    Parameters
    ----------
    parts : sequence of {ndarray, CSR} of shape (n_rows, width)
        The blocks. Every cell of a dense block is stored, also zeros.
    n_rows : int
        Number of rows.

    Returns
    -------
    matrix : csr_matrix of shape (n_rows, total width), dtype float32
        With int32 indices where they suffice.
    """
    lengths = [
        np.diff(part.indptr) if sparse.issparse(part) else np.full(n_rows, part.shape[1])
        for part in parts
    ]
    indptr = np.concatenate([[0], np.cumsum(np.sum(lengths, axis=0, dtype=np.int64))])
    width = sum(part.shape[1] for part in parts)
    index_dtype = np.int32 if max(indptr[-1], width) < 2**31 else np.int64
    data = np.empty(indptr[-1], dtype=np.float32)
    indices = np.empty(indptr[-1], dtype=index_dtype)
    starts, first_column = indptr[:-1].copy(), 0
    for part, length in zip(parts, lengths, strict=True):
        write = _write_sparse if sparse.issparse(part) else _write_dense
        write(part, starts, first_column, data, indices)
        starts += length
        first_column += part.shape[1]
    return sparse.csr_matrix((data, indices, indptr.astype(index_dtype)), shape=(n_rows, width))


def _write_dense(
    part: Any, starts: np.ndarray, first_column: int, data: np.ndarray, indices: np.ndarray
) -> None:
    width = part.shape[1]
    columns = np.arange(width)
    step = max(1, CELLS_AT_A_TIME // max(1, width))
    for first in range(0, len(part), step):
        rows = slice(first, first + step)
        places = starts[rows, None] + columns
        data[places] = part[rows]
        indices[places] = first_column + columns


def _write_sparse(
    part: Any, starts: np.ndarray, first_column: int, data: np.ndarray, indices: np.ndarray
) -> None:
    step = max(1, int(CELLS_AT_A_TIME * len(starts) / max(1, part.nnz)))
    for first in range(0, len(starts), step):
        pointers = part.indptr[first : first + step + 1].astype(np.int64)
        stored = slice(pointers[0], pointers[-1])
        shift = np.repeat(starts[first : first + step] - pointers[:-1], np.diff(pointers))
        places = shift + np.arange(pointers[0], pointers[-1])
        data[places] = part.data[stored]
        indices[places] = first_column + part.indices[stored]
