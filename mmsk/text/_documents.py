"""From a raw column to the documents it holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmsk._validation import RawColumn
from mmsk.exceptions import ReadError
from mmsk.extraction._bad_cells import BadCells


def read_documents(
    column: RawColumn, *, max_chars: int | None, on_error: str, max_bad_fraction: float
) -> tuple[list[str], np.ndarray]:
    """Read the present cells of a column.

    Parameters
    ----------
    column : RawColumn
        The raw cells.
    max_chars : int or None
        Longer documents are cut to this many characters.
    on_error : {"raise", "missing"}
        Whether a bad cell ends the pass or counts as missing.
    max_bad_fraction : float
        Largest share of bad cells under ``"missing"``.

    Returns
    -------
    documents : list of str
        The documents, in the order of their rows.
    present : ndarray of shape (n_rows,), dtype bool
        The rows that hold one.

    Raises
    ------
    ReadError
        For the bad cells, as `on_error` says.
    """
    if _all_usable(column, max_chars):
        return list(column.cells), column.present
    bad = BadCells(column, on_error, max_bad_fraction)
    present = column.present.copy()
    documents = []
    for row in np.flatnonzero(present).tolist():
        document = attempt(column.cells[row], max_chars)
        if isinstance(document, str):
            documents.append(document)
        else:
            present[row] = False
            bad.add(row, document)
    bad.close()
    return documents, present


def _all_usable(column: RawColumn, max_chars: int | None) -> bool:
    """Tell whether every cell is a document as it stands, as it mostly is."""
    if set(map(type, column.cells)) != {str}:
        return False
    return max_chars is None or max(map(len, column.cells)) <= max_chars


def attempt(cell: Any, max_chars: int | None = None) -> str | ReadError:
    """Return the document of a cell, or the error that says why it holds none."""
    if isinstance(cell, str):
        return cell if max_chars is None or len(cell) <= max_chars else cell[:max_chars]
    if isinstance(cell, bytes | bytearray | memoryview):
        return _decode(bytes(cell), max_chars)
    return ReadError(
        f"expected text, got {type(cell).__name__}: a cell must be a string or UTF-8 bytes", "check"
    )


def _decode(content: bytes, max_chars: int | None) -> str | ReadError:
    try:
        return content.decode("utf-8-sig")[:max_chars]
    except UnicodeDecodeError as error:
        utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        hint = "it starts like UTF-16" if utf16 else f"{error.reason} at byte {error.start}"
        return ReadError(f"bytes that are not UTF-8 text ({hint})", "decode", cause=error)
