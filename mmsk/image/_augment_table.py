"""Enlarge a training table with changed copies of its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.utils import _safe_indexing, check_random_state

from mmsk._validation import RawColumn, check_choice, check_number, raw_column
from mmsk.exceptions import ReadError
from mmsk.extraction._bad_cells import BadCells
from mmsk.extraction._isolation import attempts
from mmsk.extraction._stream import stream
from mmsk.image._augmenter import ImageAugmenter
from mmsk.image._base import check_reader, read_pixels, resized
from mmsk.image._reader import ImageReader

_PICTURES_AHEAD = 16


def augment_table(
    table: Any,
    y: Any = None,
    *,
    column: Any,
    augmenter: ImageAugmenter | None = None,
    n_copies: int = 1,
    image_size: int | None = None,
    reader: ImageReader | None = None,
    on_error: str = "raise",
    max_bad_fraction: float = 0.1,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> tuple[Any, Any]:
    """Append changed copies of every row of a training table.

    Only the pictures change; all other cells and the labels are repeated. With n rows, row i of
    the result comes from row ``i % n``: the rows as given first, then all of the first copy, and
    so on, so that ``np.tile(groups, n_copies + 1)`` fits groups or sample weights to it.

    Use it on training rows only, after the split: copies of one picture on both sides of a split
    make a score look better than it is.

    Parameters
    ----------
    table : pandas or polars DataFrame
        The training rows; left as it is.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), default=None
        The labels.
    column : str
        Name of the column of pictures.
    augmenter : ImageAugmenter, default=None
        Changes the pictures. None is ``ImageAugmenter()``.
    n_copies : int, default=1
        Changed copies per row.
    image_size : int, default=None
        Pictures whose shorter side is longer than this, in pixels, are first shrunk to it, which
        saves memory: the copies are held as arrays of height x width x 3 bytes. None keeps
        their size.
    reader : ImageReader, default=None
        Reads the cells. None is ``ImageReader()``.
    on_error : {"raise", "missing"}, default="raise"
        What an unreadable cell does: end with a ReadError, or have missing copies, with one
        warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``on_error="missing"`` raises all the same.
    n_jobs : int, default=None
        Threads that read and change pictures, as joblib counts.
    random_state : int, RandomState or None, default=None
        Pass an int for the same changes in every call; the other rows of the table, `n_jobs`
        and missing cells do not matter to the change of a row.

    Returns
    -------
    table : DataFrame of the type given, with n_rows * (n_copies + 1) rows
        Copied cells of `column` are uint8 arrays of shape (height, width, 3), None where the cell
        is missing. A pandas index is repeated. In polars the column has the type Object.
    y : same type as given
        The labels repeated, None if none were given.

    Raises
    ------
    ReadError
        If a picture cannot be read.
    ValueError
        If a parameter is not accepted, or `table` has no such column or another length than `y`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from mmsk.image import augment_table
    >>> table = pd.DataFrame({"photo": [np.eye(8), None], "price": [3, 4]})
    >>> more, labels = augment_table(table, ["cat", "dog"], column="photo", random_state=0)
    >>> more["price"].tolist(), labels
    ([3, 4, 3, 4], ['cat', 'dog', 'cat', 'dog'])
    >>> more["photo"].iloc[2].shape, more["photo"].iloc[3]
    ((8, 8, 3), None)
    """
    check_number("n_copies", n_copies, low=1, integer=True)
    check_choice("on_error", on_error, ["raise", "missing"])
    check_number("max_bad_fraction", max_bad_fraction, low=0, high=1)
    if image_size is not None:
        check_number("image_size", image_size, low=1, integer=True)
    check_reader(reader)
    augmenter = ImageAugmenter() if augmenter is None else augmenter
    augmenter.check_parameters()
    cells = _column(table, y, column)
    seeds = check_random_state(random_state).randint(2**31 - 1, size=(len(cells), n_copies))

    read = attempts(partial(_read, reader=reader, image_size=image_size))

    def work(rows: list[int]) -> list[tuple[int, Any]]:
        return [(row, copies_of(row, pixels)) for row, pixels in read(cells.cells, rows)]

    def copies_of(row: int, pixels: np.ndarray | ReadError) -> list[np.ndarray] | ReadError:
        if isinstance(pixels, ReadError):
            return pixels
        return [augmenter.augment(pixels, int(seed)) for seed in seeds[row]]

    bad = BadCells(cells, on_error, max_bad_fraction)
    copies = _copied(cells, work, n_copies, bad, n_jobs)
    rows = np.tile(np.arange(len(cells)), n_copies + 1)
    longer = _with_cells(_safe_indexing(table, rows), column, [*cells.cells, *copies])
    return longer, None if y is None else _safe_indexing(y, rows)


def _column(table: Any, y: Any, column: Any) -> RawColumn:
    if not hasattr(table, "columns") or column not in list(table.columns):
        names = list(getattr(table, "columns", []))
        raise ValueError(f"column={column!r} is not one of {names} of {type(table).__name__}.")
    if y is not None and len(y) != len(table):
        raise ValueError(f"The table has {len(table)} rows, y has {len(y)}.")
    return raw_column(table[column])


def _copied(
    column: RawColumn, work: Any, n_copies: int, bad: BadCells, n_jobs: int | None
) -> list[Any]:
    """All cells of the first copy, then all of the second, and so on."""
    copies: list[Any] = [None] * (len(column) * n_copies)
    present = np.flatnonzero(column.present).tolist()
    batches = stream(
        work,
        present,
        group_size=1,
        batch_size=_PICTURES_AHEAD,
        n_threads=effective_n_jobs(n_jobs),
    )
    for batch in batches:
        for row, changed in zip(*bad.split(batch), strict=True):
            copies[row :: len(column)] = changed
    bad.close()
    return copies


def _read(cell: Any, reader: ImageReader | None, image_size: int | None) -> np.ndarray:
    pixels = read_pixels(reader, cell, image_size)
    height, width = pixels.shape[:2]
    if image_size is None or min(height, width) <= image_size:
        return pixels
    factor = image_size / min(height, width)
    return resized(pixels, round(height * factor), round(width * factor))


def _with_cells(table: Any, column: Any, cells: Sequence[Any]) -> Any:
    if not isinstance(table, pd.DataFrame):
        import polars as pl

        return table.with_columns(pl.Series(column, cells, dtype=pl.Object))
    objects = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        objects[row] = cell
    table[column] = objects
    return table
