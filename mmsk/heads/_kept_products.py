"""Inner products of the rows of recent fits, shared by the folds and candidates of a search.

The folds of a table have most rows in common, and its candidates all of them. So every row is
known by its content, each pair of rows is multiplied once, and a fold takes its part:

    rows     1 2 3 4 5 6
    fold 1   x x x x       4 x 4 products are computed
    fold 2   x x     x x   rows 5 and 6 are new: they are multiplied with all six
    fold 3       x x x x   nothing is new
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np
from scipy import sparse

from mmsk.heads._mixed_columns import MixedColumns


@dataclass(frozen=True, eq=False)
class Table:
    """Different rows of one kind with all their inner products; replaced, never changed.

    Attributes
    ----------
    rows : ndarray or CSR of shape (n_rows, width)
        The rows.
    places : dict of bytes to int
        Where the row with these bytes stands.
    products : ndarray of shape (n_rows, n_rows), dtype float64
        Their inner products, seen from the origin.
    origin : ndarray of shape (width,), dtype float64, or None
        The mean of the first dense rows, so that no digits are lost to a common offset, such as
        that of time stamps; None for sparse rows.
    """

    rows: Any
    places: dict[bytes, int]
    products: np.ndarray
    origin: np.ndarray | None

    @property
    def nbytes(self) -> int:
        """Memory that rows and products take, in bytes."""
        return self.products.nbytes + _row_bytes(self.rows)

    def find(self, contents: Sequence[bytes]) -> np.ndarray:
        """Places of the rows with these contents, -1 where there is none."""
        return np.array([self.places.get(content, -1) for content in contents], dtype=np.intp)

    def nbytes_with(self, rows: Any) -> int:
        """Memory that the table would take with more rows, in bytes."""
        n_rows = self.rows.shape[0] + rows.shape[0]
        return 8 * n_rows**2 + _row_bytes(self.rows) + _row_bytes(rows)

    def with_rows(self, rows: Any, contents: Iterable[bytes]) -> Table:
        """Return a table with more rows, which are multiplied with each other and all others."""
        old = self.rows.shape[0]
        if sparse.issparse(rows):
            rows = sparse.vstack([self.rows, rows], format="csr")
        else:
            rows = np.concatenate([self.rows, rows])
        places = self.places | {content: old + place for place, content in enumerate(contents)}
        products = np.empty((rows.shape[0], rows.shape[0]))
        products[:old, :old] = self.products
        origin = self.origin if old else origin_of(rows)
        _multiply(rows, old, origin, products[old:])
        products[:old, old:] = products[old:, :old].T
        return Table(rows, places, products, origin)

    def is_like(self, rows: Any) -> bool:
        """Tell whether rows are of this kind."""
        kinds = [(sparse.issparse(X), X.dtype, X.shape[1]) for X in (rows, self.rows)]
        return kinds[0] == kinds[1]


@dataclass(frozen=True, eq=False)
class KeptProducts:
    """Inner products of rows with columns, both of a table.

    Attributes
    ----------
    table : Table
        Holds both.
    rows, columns : ndarray of int
        Their places in the table.
    """

    table: Table
    rows: np.ndarray
    columns: np.ndarray

    def tile(self, rows: slice, columns: slice) -> np.ndarray:
        """Inner products of some of the rows with some of the columns, in float64."""
        products = self.table.products[self.rows[rows]]
        return products.take(self.columns[columns], axis=1, mode="clip")

    @property
    def origin(self) -> np.ndarray | None:
        """From where the products are seen; None is 0."""
        return self.table.origin

    @property
    def row_norms(self) -> np.ndarray:
        """Squared norms of the rows."""
        return self.table.products.diagonal()[self.rows]

    @property
    def column_norms(self) -> np.ndarray:
        """Squared norms of the columns."""
        return self.table.products.diagonal()[self.columns]


_tables: tuple[Table, ...] = ()  # the latest used last; replaced under the lock, read without
_lock = Lock()


def keep_products(blocks: Sequence[Any], max_mib: float) -> list[KeptProducts | None]:
    """Inner products of the rows of each block with themselves, kept for later fits.

    Parameters
    ----------
    blocks : sequence of {ndarray, CSR} of shape (n_rows, width)
        Training rows of each block, in float32 or float64.
    max_mib : float
        What all tables may take, in MiB. Those not used for longest are forgotten first.

    Returns
    -------
    products : list of KeptProducts or None
        One per block; None where they do not fit beside those of the blocks before.
    """
    if max_mib == 0:
        return [None] * len(blocks)
    contents = [contents_of(rows) for rows in blocks]
    used: list[Table] = []
    products: list[KeptProducts | None] = []
    with _lock:  # so that threads that want the same rows do not both multiply them
        for rows, of_rows in zip(blocks, contents, strict=True):
            table = _table_with(rows, of_rows, used, max_mib * 2**20)
            if table is None:
                products.append(None)
                continue
            places = table.find(of_rows)
            products.append(KeptProducts(table, places, places))
    return products


def find_products(rows: Any, columns: Any) -> KeptProducts | None:
    """Inner products of rows with columns, where a table has them all.

    Parameters
    ----------
    rows, columns : {ndarray, CSR} of shape (n_rows, width)
        Both sides, such as rows to predict and support vectors.

    Returns
    -------
    products : KeptProducts or None
        The products; None where any row is unknown.
    """
    tables = [table for table in _tables if table.is_like(rows) and table.is_like(columns)]
    if not tables or 0 in (rows.shape[0], columns.shape[0]):
        return None
    # New rows are mostly told by the first, and then no more are looked at.
    first = contents_of(rows[:1])
    tables = [table for table in tables if table.find(first)[0] >= 0]
    if not tables:
        return None
    contents = contents_of(rows), contents_of(columns)
    for table in tables:
        places = [table.find(side) for side in contents]
        if min(place.min() for place in places) >= 0:
            return KeptProducts(table, *places)
    return None


def kept_tables() -> tuple[Table, ...]:
    """Tables that this process keeps, the latest used last."""
    return _tables


def forget_tables() -> None:
    """Forget all kept products."""
    global _tables
    with _lock:
        _tables = ()


def origin_of(rows: Any) -> np.ndarray | None:
    """Mean of dense rows, zeros where there are none; None for sparse ones."""
    if sparse.issparse(rows):
        return None
    return rows.sum(axis=0, dtype=np.float64) / max(1, len(rows))


def contents_of(rows: Any) -> list[bytes]:
    """Return the bytes of each row, by which it is known."""
    if sparse.issparse(rows):
        rows = rows if rows.has_sorted_indices else rows.sorted_indices()
        columns, values = rows.indices.astype(np.int64).tobytes(), rows.data.tobytes()
        size = rows.dtype.itemsize
        return [
            columns[8 * start : 8 * stop] + values[size * start : size * stop]
            for start, stop in pairwise(rows.indptr.tolist())
        ]
    size = rows.shape[1] * rows.dtype.itemsize
    if size == 0:
        return [b""] * len(rows)
    return np.ascontiguousarray(rows).view(f"V{size}").ravel().tolist()


def _table_with(
    rows: Any, contents: list[bytes], used: list[Table], max_bytes: float
) -> Table | None:
    """Return a table that has all rows, and enter it as used: a kept, a grown or a new one."""
    global _tables
    room = max_bytes - sum(table.nbytes for table in used)
    for base in _bases(rows, contents):
        new = _unknown(base, contents)
        if not new and base in used:
            return base
        added = rows[list(new.values())]
        size = base.nbytes_with(added)
        if size <= room:
            others = [table for table in _tables if table is not base and table not in used]
            _tables = (*_newest(others, room - size), *used)
            used.append(base.with_rows(added, new) if new else base)
            _tables = (*_tables, used[-1])
            return used[-1]
    return None


def _bases(rows: Any, contents: list[bytes]) -> Iterator[Table]:
    """Yield the table that has most of the rows, if it has half of them, then an empty one."""
    alike = [table for table in _tables if table.is_like(rows)]
    known = [np.count_nonzero(table.find(contents) >= 0) for table in alike]
    # With less in common it is another data set: its rows are never multiplied with these.
    if alike and 2 * max(known) >= len(contents):
        yield alike[int(np.argmax(known))]
    yield Table(rows[:0], {}, np.empty((0, 0)), None)


def _unknown(base: Table, contents: list[bytes]) -> dict[bytes, int]:
    """Contents that a table lacks, each with the first row that has it."""
    new: dict[bytes, int] = {}
    for row, content in enumerate(contents):
        if content not in base.places:
            new.setdefault(content, row)
    return new


def _newest(tables: list[Table], max_bytes: float) -> list[Table]:
    """Return as many of the last tables as fit."""
    while sum(table.nbytes for table in tables) > max_bytes:
        tables = tables[1:]
    return tables


def _row_bytes(rows: Any) -> int:
    """Memory of rows and of their contents, in bytes."""
    if sparse.issparse(rows):
        contents = 8 * rows.nnz + rows.data.nbytes
        return contents + rows.data.nbytes + rows.indices.nbytes + rows.indptr.nbytes
    return 2 * rows.nbytes


def _multiply(rows: Any, start: int, origin: np.ndarray | None, out: np.ndarray) -> None:
    """Write the inner products of the rows from `start` on with all rows."""
    if origin is None:
        mixed = MixedColumns(rows.astype(np.float64))
        mixed.products(MixedColumns(rows[start:].astype(np.float64), mixed.full), out)
    else:
        moved = np.subtract(rows, origin, dtype=np.float64)
        np.matmul(moved[start:], moved.T, out=out)


def _renew_lock() -> None:
    # Another thread of the parent may have held it.
    global _lock
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)
