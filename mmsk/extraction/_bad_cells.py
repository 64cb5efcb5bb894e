"""What happens to the cells that cannot be read: collect them, then raise or go on without."""

from __future__ import annotations

import warnings
from typing import Any

from mmsk._validation import RawColumn
from mmsk.exceptions import BadCellWarning, ReadError

MOST_COLLECTED = 20
CELLS_READ_ON = 1000


class BadCells:
    """The bad cells of one pass over one column.

    Parameters
    ----------
    column : RawColumn
        The column, for names and labels.
    on_error : {"raise", "missing"}
        Whether bad cells end the pass or become missing.
    max_bad_fraction : float
        Share of the present cells that may be bad under ``"missing"``; one always may.
    """

    def __init__(self, column: RawColumn, on_error: str, max_bad_fraction: float) -> None:
        self.column = column
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.errors: list[ReadError] = []
        self.read_on = CELLS_READ_ON

    @property
    def ended(self) -> bool:
        """Whether the pass is lost, so that nothing need be computed any more."""
        return self.on_error == "raise" and bool(self.errors)

    def add(self, row: int, error: ReadError) -> None:
        """Note one bad cell."""
        self.errors.append(
            error.located(
                row,
                label=self.column.label(row),
                column=self.column.name,
                item=self.column.cells[row],
            )
        )

    def split(self, batch: list[tuple[int, Any]]) -> tuple[list[int], list[Any]]:
        """Take the bad cells out of a batch; return the rows and samples that are left."""
        for row, sample in batch:
            if isinstance(sample, ReadError):
                self.add(row, sample)
        if self.ended:
            self.read_on -= len(batch)
            if self.read_on < 0 or len(self.errors) >= MOST_COLLECTED:
                self.close()
            return [], []
        good = [(row, sample) for row, sample in batch if not isinstance(sample, ReadError)]
        return [row for row, _ in good], [sample for _, sample in good]

    def close(self) -> None:
        """Raise for the cells that were bad, or warn once and let them be missing.

        Raises
        ------
        ReadError
            Under ``"raise"``, or where more than `max_bad_fraction` of the cells are bad.
        """
        if not self.errors:
            return
        self.errors.sort(key=lambda error: error.row or 0)
        first, *others = self.errors
        first.others = tuple(others[: MOST_COLLECTED - 1])
        allowed = max(1.0, self.max_bad_fraction * self.column.n_present)
        if self.on_error == "raise" or len(self.errors) > allowed:
            if self.on_error == "missing":
                first.add_note(
                    f"{len(self.errors)} of {self.column.n_present} cells are bad, more than "
                    f"max_bad_fraction={self.max_bad_fraction}."
                )
            raise first from first.cause
        rows = ", ".join(str(error.row) for error in self.errors[:MOST_COLLECTED])
        n_more = len(self.errors) - MOST_COLLECTED
        more = f" and {n_more} more" if n_more > 0 else ""
        message = f"{len(self.errors)} unreadable cells are taken as missing: rows {rows}{more}. "
        if len(self.errors) == 1:
            message = f"1 unreadable cell is taken as missing: row {rows}. "
        warnings.warn(f"{message}The first: {first.where}: {first.reason}", BadCellWarning)
