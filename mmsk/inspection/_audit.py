"""Reading a whole table to see what is wrong with it, before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs

from mmsk._validation import check_n_jobs, check_target, raw_column
from mmsk.compose import Modalities, infer_modalities
from mmsk.compose._infer import MODALITIES, check_named_columns
from mmsk.inspection import _audit_columns as comparing
from mmsk.inspection._audit_cells import examiners, read_columns
from mmsk.inspection._audit_columns import SUSPICIOUS, Finding, Looks
from mmsk.inspection._audit_summary import summarised

LONGEST_ITEM = 80
COLUMNS = ["row", "label", "column", "item", "modality", "stage", "kind", "reason"]


def audit(
    table: Any,
    modalities: Mapping[str, str] | None = None,
    *,
    y: Any = None,
    readers: Mapping[str, Any] | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Read every cell of a table and list those that are bad or suspicious.

    A bad cell is one that an extractor would refuse: the same readers read it under the same
    limits. A suspicious one can be read, but is likely to be a mistake. No feature is computed,
    nothing is written or changed, and no cell stops the others. Shows a progress bar where
    ``mmsk.set_config(progress=True)`` asks for it.

    Parameters
    ----------
    table : pandas or polars DataFrame
        The table of raw cells.
    modalities : mapping of str to str, default=None
        The modality of each column to look at, such as `infer_modalities` returns; None guesses
        them. Columns of the modality "drop" are not looked at.
    y : array-like of shape (n_rows,), default=None
        The target. With it, repeated cells of different targets are told, and names of files
        that tell the class.
    readers : mapping of str to reader, default=None
        Readers with your own limits or ``root``, by modality or by column:
        ``{"image": ImageReader(root="photos"), "clip": AudioReader(max_seconds=60)}``. Those of
        an extractor are its parameter ``reader``; None stands for the reader with its defaults.
    n_jobs : int, default=None
        Number of threads that read, as joblib counts; None is 1.

    Returns
    -------
    found : DataFrame
        One row per finding, in the order of columns and rows:

        - ``row``: position in the table, counted from 0; ``<NA>`` for a finding about a column.
        - ``label``: index label of the row; None where the table has none.
        - ``column``: None for a finding about a whole row.
        - ``item``: the cell, shortened.
        - ``modality``: of the column.
        - ``stage``: the step that found it. Of bad cells ``"check"`` (kind of cell, path,
          limits), ``"decode"`` or ``"read"``; of suspicious ones ``"content"`` (the cell alone),
          ``"size"`` or ``"kind"`` (unlike the rest of its column), ``"duplicate"``, ``"name"`` or
          ``"column"``; ``"row"`` for a row without any readable cell, which is bad.
        - ``kind``: ``"bad"`` or ``"suspicious"``.
        - ``reason``: what is wrong, in words.

        ``found.attrs["summary"]`` is a page of text about it, to be printed.

    Raises
    ------
    ValueError
        If `table` is not a table with named columns, a column or modality is unknown, a reader
        does not fit, or `y` has gaps or another length.
    MissingDependencyError
        If files are to be read and the package that reads them is not installed.

    See Also
    --------
    infer_modalities : Guesses what each column holds.

    Notes
    -----
    Suspicious are: content that comes twice, also under other paths and in other columns (texts
    of fewer than 5 words may); pictures and videos of nearly one colour, videos in which nothing
    moves, silent, constant or clipped sounds, constant series and channels; files and texts at
    least 8 times smaller or larger than the median of their column and more than 6 robust
    standard deviations away; files whose name ends like another format; series with other channels
    than most; empty texts, and those that spell a missing value, name a file or were decoded
    wrongly; columns without any content, or with the same in all rows.

    Of videos 16 frames are looked at, as VideoReader takes them by default. Memory holds a few
    cells at a time, and about a hundred bytes for each cell of the table.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import mmsk
    >>> noise = np.random.default_rng(0).integers(0, 256, (4, 32, 32), dtype=np.uint8)
    >>> table = pd.DataFrame({
    ...     "photo": [*noise[:3], "photos/3.png", noise[0]],
    ...     "caption": ["a red shoe", "a blue hat", "N/A", "one scarf", "a red shoe"],
    ... }, index=list("abcde"))
    >>> found = mmsk.audit(table, {"photo": "image", "caption": "text"})
    >>> found[["row", "label", "column", "kind", "stage"]]
       row label   column        kind      stage
    0    3     d    photo         bad      check
    1    4     e    photo  suspicious  duplicate
    2    2     c  caption  suspicious    content
    >>> found["reason"][1]
    'the same content as in row 0'

    Dropping rows is your own act; drop them from the target, too:

    >>> bad = found.loc[found["kind"] == "bad", "row"].unique()
    >>> table.drop(index=table.index[bad]).index.tolist()
    ['a', 'b', 'c', 'e']
    """
    modalities = _checked(table, modalities)
    check_n_jobs(n_jobs)
    target = None if y is None else check_target("audit", y, table).tolist()
    examine = examiners(modalities, dict(readers or {}))
    columns = [Looks(name, modalities[name], raw_column(table[name])) for name in examine]
    findings = _left_out(modalities)
    findings += read_columns(columns, examine, effective_n_jobs(n_jobs))
    findings += _compared(columns, target, len(table))
    places = {name: place for place, name in enumerate(modalities)}
    findings.sort(key=lambda one: (places.get(one.column, len(places)), _place(one.row)))
    found = _tabulated(findings, columns, modalities)
    found.attrs["summary"] = summarised(found, columns, len(table))
    return found


def _checked(table: Any, modalities: Mapping[Any, str] | None) -> Modalities:
    if modalities is None:
        return infer_modalities(table)
    check_named_columns(table)
    for column, modality in modalities.items():
        if column not in list(table.columns):
            raise ValueError(
                f"modalities names the column {column!r}, but the table has "
                f"{', '.join(map(repr, table.columns))}."
            )
        if modality not in MODALITIES:
            raise ValueError(
                f"The modality {modality!r} of column {column!r} is not one of "
                f"{', '.join(map(repr, MODALITIES))}."
            )
    return modalities if isinstance(modalities, Modalities) else Modalities(modalities)


def _left_out(modalities: Modalities) -> list[Finding]:
    """Tell of columns in whose cells no modality was seen."""
    return [
        Finding(None, column, "column", SUSPICIOUS, f"left out: {modalities.reasons[column]}")
        for column, modality in modalities.items()
        if modality == "drop" and column in modalities.reasons
    ]


def _compared(columns: list[Looks], target: list[Any] | None, n_rows: int) -> Iterator[Finding]:
    """Find what only comparing cells shows."""
    for looks in columns:
        yield from comparing.one_value(looks)
        yield from comparing.odd_kinds(looks)
        if looks.modality in comparing.UNITS:
            yield from comparing.odd_sizes(looks)
        if target is not None and looks.modality in comparing.FILES:
            yield from comparing.leaks(looks, target)
    content = [looks for looks in columns if looks.modality in comparing.UNITS]
    yield from comparing.repeated(content, target)
    yield from comparing.empty_rows(columns, n_rows)


def _place(row: int | None) -> int:
    return -1 if row is None else row


def _tabulated(
    findings: Sequence[Finding], columns: Sequence[Looks], modalities: Mapping[Any, str]
) -> pd.DataFrame:
    cells = {looks.name: looks.column for looks in columns}
    lines = []
    for one in findings:
        label, item = None, None
        if one.row is not None:  # so there is a column; labels are those of any
            label = columns[0].column.label(one.row)
        if one.row is not None and one.column is not None:
            item = shown(cells[one.column].cells[one.row])
        where = (one.row, label, one.column, item, modalities.get(one.column))
        lines.append((*where, one.stage, one.kind, one.reason))
    found = pd.DataFrame(lines, columns=COLUMNS, dtype=object)
    return found.astype({"row": "Int64"})


def shown(cell: Any) -> str:
    """Return a cell in at most about 80 characters, of a path rather its end."""
    if isinstance(cell, str | os.PathLike):
        text = str(cell)
        if not text.isprintable():
            text = repr(text)[1:-1]
        if len(text) <= LONGEST_ITEM:
            return text
        is_path = not isinstance(cell, str) or " " not in text[-LONGEST_ITEM:]
        return f"...{text[-LONGEST_ITEM:]}" if is_path else f"{text[:LONGEST_ITEM]}..."
    if isinstance(cell, bytes | bytearray | memoryview):
        return f"{len(cell):,} bytes"
    if isinstance(cell, np.ndarray):
        return f"array of shape {cell.shape}"
    return str(cell) if isinstance(cell, Number) else type(cell).__name__
