"""Blocks by chunks of their present rows, and side by side in one CSR matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

CELLS_AT_A_TIME = 2**18


def row_slices(n_rows: int, cells_per_row: float) -> Iterator[slice]:
    """Yield slices of rows, so many at a time that their cells take little memory."""
    step = max(1, int(CELLS_AT_A_TIME / max(1, cells_per_row)))
    for first in range(0, n_rows, step):
        yield slice(first, min(first + step, n_rows))


def stored_per_row(block: Any) -> float:
    """Cells that a row of a block stores, on average."""
    return block.nnz / max(1, block.shape[0]) if sparse.issparse(block) else block.shape[1]


def present_chunks(
    block: Any, present: np.ndarray, cells_per_row: float = 0
) -> Iterator[tuple[Any, Any]]:
    """Yield the present rows of a block, so many at a time that they take little memory.

    Parameters
    ----------
    block : {ndarray, CSR} of shape (n_rows, width)
        The block.
    present : ndarray of shape (n_rows,), dtype bool
        The rows to yield.
    cells_per_row : float, default=0
        Cells that the caller makes of a row, where they may be more than the row stores.

    Yields
    ------
    rows : slice or ndarray of int
        Where the rows stand.
    part : {ndarray, CSR} of shape (len(rows), width)
        The rows; a view of a dense block where all of them are present.
    """
    for rows in row_slices(block.shape[0], max(stored_per_row(block), cells_per_row)):
        here = present[rows]
        chosen = rows if here.all() else rows.start + np.flatnonzero(here)
        yield chosen, block[chosen]


def hstack_blocks(
    parts: Sequence[Any], present: np.ndarray, maps: Sequence[Callable[[Any], Any]]
) -> Any:
    """Concatenate mapped blocks by columns into float32; CSR if one of them is sparse.

    Parameters
    ----------
    parts : sequence of {ndarray, CSR} of shape (n_rows, width)
        The blocks.
    present : ndarray of shape (n_rows, n_parts), dtype bool
        Rows of a part that are missing become zeros.
    maps : sequence of callable
        One per part: maps some rows of it to as many rows of the same form.

    Returns
    -------
    matrix : {ndarray, csr_matrix} of shape (n_rows, total width), dtype float32
        The mapped rows side by side.
    """
    if any(sparse.issparse(part) for part in parts):
        return hstack_csr(parts, present, maps)
    matrix = np.zeros((len(present), sum(part.shape[1] for part in parts)), dtype=np.float32)
    start = 0
    for part, here, mapped in zip(parts, present.T, maps, strict=True):
        stop = start + part.shape[1]
        for rows, chunk in present_chunks(part, here):
            matrix[rows, start:stop] = mapped(chunk)
        start = stop
    return matrix


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
