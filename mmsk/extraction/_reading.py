"""Reading a column without computing anything: for what learns from its samples."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np

from mmsk._validation import RawColumn
from mmsk.extraction._bad_cells import BadCells
from mmsk.extraction._stream import attempt_each, stream

CELLS_A_GROUP = 8


def read_batches(
    read: Callable[[Any], Any],
    column: RawColumn,
    *,
    on_error: str,
    max_bad_fraction: float,
    batch_size: int,
    n_threads: int,
) -> Iterator[tuple[list[int], list[Any]]]:
    """Read the present cells of a column in threads, ahead of who takes the samples.

    Parameters
    ----------
    read : callable
        Maps one cell to one sample, or raises ReadError.
    column : RawColumn
        The cells.
    on_error : {"raise", "missing"}
        Whether bad cells end the pass or count as missing.
    max_bad_fraction : float
        Share of the present cells that may be bad under ``"missing"``; one always may.
    batch_size : int
        Samples in a batch, at most.
    n_threads : int
        Number of threads that read.

    Yields
    ------
    rows : list of int
        Places of the cells.
    samples : list
        What was read from them.

    Raises
    ------
    ReadError
        For the bad cells, as `on_error` says.
    """
    bad = BadCells(column, on_error, max_bad_fraction)
    with closing(attempt_all(read, column, batch_size, n_threads)) as batches:
        for batch in batches:
            rows, samples = bad.split(batch)
            if rows:
                yield rows, samples
    bad.close()


def attempt_all(
    read: Callable[[Any], Any], column: RawColumn, batch_size: int, n_threads: int
) -> Generator[list[tuple[int, Any]], None, None]:
    """Read the present cells of a column in threads, whatever becomes of single ones.

    Parameters
    ----------
    read : callable
        Maps one cell to one sample, or raises ReadError.
    column : RawColumn
        The cells.
    batch_size : int
        Cells in a batch, at most.
    n_threads : int
        Number of threads that read.

    Yields
    ------
    batch : list of (int, object)
        Place of each cell with its sample, or with the ReadError that says why there is none.
    """
    return stream(
        partial(attempt_each, read, column.cells),
        np.flatnonzero(column.present).tolist(),
        group_size=min(CELLS_A_GROUP, batch_size),
        batch_size=batch_size,
        n_threads=n_threads,
    )
