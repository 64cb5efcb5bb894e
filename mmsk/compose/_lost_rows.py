"""Rows without any modality, of which nothing can be said."""

from __future__ import annotations

import numpy as np

MOST_ROWS_NAMED = 10


def refuse_lost_rows(present: np.ndarray) -> None:
    """Raise ValueError if a row of the mask, of shape (n_rows, n_blocks), has no modality."""
    lost = np.flatnonzero(~present.any(axis=1))
    if len(lost) and present.shape[1]:
        raise ValueError(
            f"{_rows(lost)} no modality at all: every block is missing (NaN). Rows are counted "
            "within what was given, such as one fold. Drop such rows of the whole table, or fill "
            "one of their cells."
        )


def _rows(rows: np.ndarray) -> str:
    named = ", ".join(map(str, rows[:MOST_ROWS_NAMED]))
    if len(rows) == 1:
        return f"Row {named} has"
    return f"Rows {named}{', ...' if len(rows) > MOST_ROWS_NAMED else ''} have"
