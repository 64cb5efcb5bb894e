"""Reading a column without computing anything: for what learns from its samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from mmsk._validation import RawColumn
from mmsk.exceptions import ReadError
from mmsk.extraction._bad_cells import BadCells
from mmsk.extraction._isolation import attempts
from mmsk.extraction._stream import stream

CELLS_A_GROUP = 8


def read_batches(
    read: Callable[[Any], Any],
    column: RawColumn,
    *,
    on_error: str,
    max_bad_fraction: float,
    batch_size: int,
    n_threads: int,
    is_text: bool = False,
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
    is_text : bool, default=False
        Whether cells hold text, which is read in this process in any case.

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
    batches = stream(
        partial(attempts(read, is_text=is_text), column.cells),
        np.flatnonzero(column.present).tolist(),
        group_size=min(CELLS_A_GROUP, batch_size),
        batch_size=batch_size,
        n_threads=n_threads,
    )
    with closing(batches):
        for batch in batches:
            rows, samples = bad.split(batch)
            if rows:
                yield rows, samples
    bad.close()


def read_rows(
    extractor: Any, read: Callable[[Any], Any], column: RawColumn, rows: Sequence[int]
) -> Iterator[tuple[int, Any]]:
    """Read some cells of a column in threads, ahead of an extractor that learns from them.

    Parameters
    ----------
    extractor : CellExtractor
        Whose `on_error`, `batch_size` and `n_jobs` hold.
    read : callable
        Maps one cell to one sample, or raises ReadError.
    column : RawColumn
        The cells.
    rows : sequence of int
        Which of them.

    Yields
    ------
    row : int
        Place of a cell.
    sample : object
        What was read from it.

    Raises
    ------
    ReadError
        For a bad cell under ``on_error="raise"``; else it is left out, and transform warns.
    """
    is_text = getattr(extractor, "_strings_are", None) == "text"
    batches = stream(
        partial(attempts(read, is_text=is_text), column.cells),
        rows,
        group_size=1,
        batch_size=extractor.batch_size,
        n_threads=effective_n_jobs(extractor.n_jobs),
    )
    with closing(batches):
        for batch in batches:
            for row, sample in batch:
                if not isinstance(sample, ReadError):
                    yield row, sample
                elif extractor.on_error == "raise":
                    raise located(sample, column, row) from sample.cause


def located(error: ReadError, column: RawColumn, row: int) -> ReadError:
    """Return an error with the place of the cell that it is about."""
    return error.located(row, label=column.label(row), column=column.name, item=column.cells[row])
