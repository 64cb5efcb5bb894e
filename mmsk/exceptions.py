"""Errors and warnings that mmsk raises, each naming what is wrong and where."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

_LONGEST_ITEM = 80


class ReadError(ValueError):
    """A cell of a raw column could not be turned into a sample.

    Readers raise it with a reason and a stage; the extraction engine adds where the cell
    stands. It survives pickling, so that it reaches the user from a worker process.

    Parameters
    ----------
    reason : str
        What is wrong with the cell, in a few words.
    stage : str, default="read"
        The step that failed: ``"check"`` (kind of cell, path, limits), ``"decode"`` or
        ``"extract"``.
    item : object, default=None
        The cell, shown shortened in the message: a path is shown, bytes only by their length.
    row : int, default=None
        Position of the cell in the column that was given, counted from 0.
    label : object, default=None
        Index label of the row where the column is a pandas Series. Shown when it differs from
        `row`, because it still names the row after a cross-validation split.
    column : str, default=None
        Name of the column.
    cause : BaseException, default=None
        The foreign error behind this one.
    others : sequence of ReadError, default=()
        Further bad cells of the same column found in the same pass, at most 19.
    """

    def __init__(
        self,
        reason: str,
        stage: str = "read",
        item: Any = None,
        row: int | None = None,
        label: Any = None,
        column: Any = None,
        cause: BaseException | None = None,
        others: Sequence[ReadError] = (),
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.stage = stage
        self.item = item
        self.row = row
        self.label = label
        self.column = column
        self.cause = cause
        self.others = tuple(others)

    def located(
        self, row: int, *, label: Any = None, column: Any = None, item: Any = None
    ) -> ReadError:
        """Return the same error with the place of the cell filled in."""
        return ReadError(
            self.reason,
            self.stage,
            self.item if item is None else item,
            row,
            label,
            column,
            self.cause,
        )

    def with_rows(self, rows: Any) -> ReadError:
        """Return the same error for a table of which the column held only `rows` (an array)."""
        row = self.row if self.row is None else int(rows[self.row])
        others = [other.with_rows(rows) for other in self.others]
        error = ReadError(
            self.reason, self.stage, self.item, row, self.label, self.column, self.cause, others
        )
        for note in getattr(self, "__notes__", []):
            error.add_note(note)
        return error

    @property
    def where(self) -> str:
        """Row, column and item in one phrase, empty when the place is not known."""
        places = []
        if self.row is not None:
            told = self.label is None or str(self.label) == str(self.row)
            places.append(f"row {self.row}" + ("" if told else f" (index {self.label!r})"))
        if self.column is not None:
            places.append(f"column {self.column!r}")
        if self.item is None:
            return ", ".join(places)
        return f"{', '.join(places)} ({_shown(self.item)})".strip()

    def __str__(self) -> str:
        message = f"{self.where}: {self.reason}" if self.where else self.reason
        if self.others:
            message += f"\n{len(self.others)} more bad cells:"
            message += "".join(f"\n  {other}" for other in self.others)
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        cause = None if self.cause is None else RuntimeError(repr(self.cause))
        item = self.item
        if isinstance(item, os.PathLike):
            item = str(item)
        elif item is not None and not isinstance(item, str):
            item = _Described(_shown(item))
        arguments = (self.reason, self.stage, item, self.row, self.label, self.column, cause)
        return ReadError, (*arguments, self.others), {"__notes__": getattr(self, "__notes__", [])}


class MissingDependencyError(ImportError):
    """An optional package is needed for what was asked; the message says what to install."""


class ModelFileError(ValueError):
    """A file of a model is refused, or a model cannot be put in one; the message says why."""


class ModelFileWarning(UserWarning):
    """A model was loaded, but not as it was saved: on another device or by other versions."""


class BadCellWarning(UserWarning):
    """Unreadable cells were taken as missing under ``on_error="missing"``."""


class _Described(str):
    """What stands for a cell's content after pickling: bytes or pixels stay behind."""

    __slots__ = ()


class CacheWarning(UserWarning):
    """The feature store cannot be used or was damaged; the result is not affected."""


def _shown(item: Any) -> str:
    if isinstance(item, _Described):
        return str(item)
    if isinstance(item, bytes | bytearray | memoryview):
        return f"{len(item)} bytes"
    if isinstance(item, str | os.PathLike):
        text = str(item)
        return repr(text if len(text) <= _LONGEST_ITEM else text[:_LONGEST_ITEM] + "...")
    return type(item).__name__
