"""Inner products of the scaled rows of one block, from those of the rows as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import sparse

from mmsk.compose._stack import present_chunks
from mmsk.fusion._scaling import BlockScale
from mmsk.heads._gram import Kernel, squared_norms
from mmsk.heads._kept_products import KeptProducts, find_products, keep_products, origin_of
from mmsk.heads._mixed_columns import MixedColumns

_TILE_BYTES = 2**19  # a tile and its temporaries stay in the second-level cache
_FEWEST_ROWS = 64  # with fewer, a product by BLAS is slow


@dataclass(frozen=True, eq=False)
class BlockRows:
    """Rows of one block, with the part of its scale that is still to be applied.

    Attributes
    ----------
    values : ndarray or CSR of shape (n_present, width)
        The rows that have the block.
    present : ndarray of shape (n_rows,), dtype bool
        Which of all rows those are.
    offset : ndarray of shape (width,), dtype float64, or None
        To be subtracted; None is 0.
    factor : float
        To be multiplied with.
    """

    values: Any
    present: np.ndarray
    offset: np.ndarray | None
    factor: float

    @classmethod
    def scaled(cls, block: Any, present: np.ndarray, scale: BlockScale) -> Self:
        """Take the present rows of a block; a scale of one factor is left for the products."""
        rows = block if present.all() else block[np.flatnonzero(present)]
        if len(np.unique(scale.factor)) > 1:
            return cls(scale.apply(rows), present, None, 1.0)
        offset = None if scale.offset is None else scale.offset.astype(np.float64)
        return cls(rows, present, offset, float(scale.factor.max(initial=0)))

    @cached_property
    def are_complete(self) -> bool:
        """Whether every row has the block."""
        return bool(self.present.all())

    @cached_property
    def _places(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.present)])

    def among_present(self, rows: slice) -> slice:
        """Where the present ones of some rows stand among all present rows."""
        return slice(self._places[rows.start], self._places[rows.stop])

    def times(self, vector: np.ndarray, origin: np.ndarray) -> np.ndarray:
        """Inner product of each present dense row, seen from an origin, with a vector."""
        return _joined((part - origin) @ vector for part in _chunks(self.values))

    @cached_property
    def sums(self) -> tuple[float, float]:
        """Sum of all scaled values of the present rows, and of their squares."""
        total = square = 0.0
        for part in _chunks(self.values):
            values = part.data if sparse.issparse(part) else part
            if self.offset is not None:
                values = values - self.offset
            total += values.sum(dtype=np.float64)
            square += np.square(values, dtype=np.float64).sum()
        return self.factor * total, self.factor**2 * square


class RowProducts:
    """Inner products of rows with columns, multiplied tile by tile.

    Parameters
    ----------
    rows, columns : {ndarray, CSR} of shape (n, width)
        Both sides.

    Attributes
    ----------
    origin : ndarray of shape (width,), dtype float64, or None
        From where the products are seen: the mean of dense columns; None is 0.
    row_norms, column_norms : ndarray of shape (n,), dtype float64
        Squared norms of both sides, seen from there.
    """

    def __init__(self, rows: Any, columns: Any) -> None:
        self.origin = origin_of(columns)
        self._rows = rows
        columns = self._moved(columns)
        self._columns = columns if self.origin is not None else MixedColumns(columns)
        self.column_norms = squared_norms(columns)
        self.row_norms = _joined(squared_norms(self._moved(part)) for part in _chunks(rows))

    def _moved(self, rows: Any) -> Any:
        if self.origin is None:
            return rows.astype(np.float64, copy=False)
        return np.subtract(rows, self.origin, dtype=np.float64)

    def tile(self, rows: slice, columns: slice) -> np.ndarray:
        """Inner products of some of the rows with some of the columns, in float64."""
        some = self._moved(self._rows[rows])
        if not isinstance(self._columns, MixedColumns):
            return some @ self._columns[columns].T
        products = np.empty((some.shape[0], len(self.column_norms)))
        self._columns.products(MixedColumns(some, self._columns.full), products)
        return products[:, columns]


class BlockProducts:
    """Inner products of one block's scaled rows and columns; those that lack it are zeros.

    An offset and a factor f are applied to the products, so that a table can give these. With
    x and y seen from the table's origin, and m the offset seen from there:
    ``f (x - m) . f (y - m) = f^2 (x.y - x.m - y.m + m.m)``.

    Parameters
    ----------
    products : KeptProducts or RowProducts
        Inner products of the present rows with the present columns, not scaled.
    rows, columns : BlockRows
        Both sides.
    for_distances : bool
        Whether only distances between rows are asked for, which no offset changes.

    Attributes
    ----------
    row_norms, column_norms : ndarray of shape (n,), dtype float64
        Squared norms of both sides; 0 where the block is missing.
    """

    def __init__(
        self,
        products: KeptProducts | RowProducts,
        rows: BlockRows,
        columns: BlockRows,
        for_distances: bool,
    ) -> None:
        self._products, self._rows, self._columns = products, rows, columns
        self._are_complete = rows.are_complete and columns.are_complete
        self._square = rows.factor**2
        self._shifts = None
        row_norms, column_norms = products.row_norms, products.column_norms
        origin = products.origin
        # Missing rows are zeros, to which distances do change with the offset.
        if origin is not None and not (for_distances and self._are_complete):
            offset = (0 if rows.offset is None else rows.offset) - origin
            square = offset @ offset
            row_shift = rows.times(offset, origin)
            column_shift = row_shift if columns is rows else columns.times(offset, origin)
            self._shifts = row_shift, column_shift - square
            row_norms = row_norms - 2 * row_shift + square
            column_norms = column_norms - 2 * column_shift + square
        self.row_norms = _spread(row_norms * self._square, rows.present)
        self.column_norms = _spread(column_norms * self._square, columns.present)

    @property
    def present(self) -> np.ndarray:
        """Which rows have the block."""
        return self._rows.present

    def tile(self, rows: slice, columns: slice) -> np.ndarray:
        """Inner products of some of the rows with some of the columns."""
        of_rows, of_columns = self._rows.among_present(rows), self._columns.among_present(columns)
        products = self._products.tile(of_rows, of_columns)
        if self._shifts is not None:
            products -= self._shifts[0][of_rows, None]
            products -= self._shifts[1][of_columns]
        if self._square != 1:
            products *= self._square
        if self._are_complete:
            return products
        present = self._rows.present[rows], self._columns.present[columns]
        full = np.zeros((len(present[0]), len(present[1])))
        full[np.ix_(*present)] = products
        return full

    def erase_missing(self, values: np.ndarray, rows: slice, columns: slice) -> None:
        """Write zeros where a row or a column lacks the block."""
        if not self._rows.are_complete:
            values[~self._rows.present[rows]] = 0
        if not self._columns.are_complete:
            values[:, ~self._columns.present[columns]] = 0


def products_with_themselves(
    rows: Mapping[str, BlockRows], kernels: Mapping[str, Kernel], reuse_mib: float
) -> dict[str, BlockProducts]:
    """Inner products of training rows in each block, kept for the next fit where they fit."""
    kept = keep_products([part.values for part in rows.values()], reuse_mib)
    return {
        name: BlockProducts(
            found or RowProducts(part.values, part.values), part, part, kernels[name].name == "rbf"
        )
        for (name, part), found in zip(rows.items(), kept, strict=True)
    }


def products_with(
    rows: Mapping[str, BlockRows],
    columns: Mapping[str, BlockRows],
    kernels: Mapping[str, Kernel],
) -> dict[str, BlockProducts]:
    """Inner products of rows with support vectors in each block, looked up where they are kept."""
    return {
        name: BlockProducts(
            find_products(part.values, columns[name].values)
            or RowProducts(part.values, columns[name].values),
            part,
            columns[name],
            kernels[name].name == "rbf",
        )
        for name, part in rows.items()
    }


def tiles(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield slices of rows, so many at a time that they stay in the cache."""
    step = max(_FEWEST_ROWS, _TILE_BYTES // (8 * max(1, n_columns)))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def _chunks(rows: Any) -> Iterator[Any]:
    """Yield rows a few at a time, so that copies take little memory."""
    return (part for _, part in present_chunks(rows, np.ones(rows.shape[0], dtype=bool)))


def _joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0), *parts])


def _spread(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    spread = np.zeros(len(present))
    spread[present] = values
    return spread
