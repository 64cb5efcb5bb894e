"""Blocks by chunks of their present rows, and side by side in one CSR matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

CELLS_AT_A_TIME = 2**18


def present_chunks(block: Any, present: np.ndarray) -> Iterator[tuple[Any, Any]]:
    """Yield the present rows of a block, so many at a time that they take little memory.

    Parameters
    ----------
    block : {ndarray, CSR} of shape (n_rows, width)
        The block.
    present : ndarray of shape (n_rows,), dtype bool
        The rows to yield.

    Yields
    ------
    rows : slice or ndarray of int
        Where the rows stand.
    part : {ndarray, CSR} of shape (len(rows), width)
        The rows; a view of a dense block where all of them are present.
    """
    n_rows, width = block.shape
    stored = block.nnz / max(1, n_rows) if sparse.issparse(block) else width
    step = max(1, int(CELLS_AT_A_TIME / max(1, stored)))
    for first in range(0, n_rows, step):
        here = present[first : first + step]
        rows = slice(first, first + len(here)) if here.all() else first + np.flatnonzero(here)
        yield rows, block[rows]


def hstack_csr(
    parts: Sequence[Any],
    present: np.ndarray,
    maps: Sequence[Callable[[Any], Any]] | None = None,
) -> sparse.csr_matrix:
    """Concatenate blocks by columns into float32 CSR.

    ``scipy.sparse.hstack`` goes through COO and needs several times the memory of its result;
    here each block is written once, into its place, a few rows at a time.

    Parameters
    ----------
    parts : sequence of {ndarray, CSR} of shape (n_rows, width)
        The blocks. Every cell of a present dense row is stored, also zeros.
    present : ndarray of shape (n_rows, n_parts), dtype bool
        Nothing is stored where a row of a part is missing.
    maps : sequence of callable, default=None
        One per part: maps some rows of it to as many rows of the same form, stored instead.

    Returns
    -------
    matrix : csr_matrix of shape (n_rows, total width), dtype float32
        With int32 indices where they suffice.
    """
    maps = maps or [_unchanged] * len(parts)
    lengths = [_row_lengths(part, here) for part, here in zip(parts, present.T, strict=True)]
    ends = np.cumsum(sum(lengths, start=np.zeros(len(present), dtype=np.int64)))
    indptr = np.concatenate([[0], ends])
    width = sum(part.shape[1] for part in parts)
    index_dtype = np.int32 if max(indptr[-1], width) < 2**31 else np.int64
    data = np.empty(indptr[-1], dtype=np.float32)
    indices = np.empty(indptr[-1], dtype=index_dtype)
    starts, first_column = indptr[:-1].copy(), 0
    for part, here, length, mapped in zip(parts, present.T, lengths, maps, strict=True):
        for rows, chunk in present_chunks(part, here):
            places = _ranges(starts[rows], length[rows])
            data[places], columns = _stored(mapped(chunk))
            indices[places] = columns + first_column
        starts += length
        first_column += part.shape[1]
    return sparse.csr_matrix((data, indices, indptr.astype(index_dtype)), shape=(len(ends), width))


def _unchanged(chunk: Any) -> Any:
    return chunk


def _row_lengths(part: Any, present: np.ndarray) -> np.ndarray:
    stored = np.diff(part.indptr) if sparse.issparse(part) else part.shape[1]
    return np.where(present, stored, 0).astype(np.int64)


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Concatenate ``arange(start, start + length)`` over all pairs."""
    ends = np.cumsum(lengths)
    total = ends[-1] if len(ends) else 0
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(total)


def _stored(chunk: Any) -> tuple[np.ndarray, np.ndarray]:
    """Values and their columns, row by row."""
    if sparse.issparse(chunk):
        return chunk.data, chunk.indices.astype(np.int64)
    return chunk.ravel(), np.tile(np.arange(chunk.shape[1]), len(chunk))
