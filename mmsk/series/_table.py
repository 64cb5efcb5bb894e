"""What a cell holds before gaps are filled: numbers, names of channels, times."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmsk.exceptions import ReadError

NO_TIMES = "time stamps that are neither numbers nor dates in ISO 8601"


@dataclass(frozen=True)
class Table:
    """Numbers of one series, as its cell holds them.

    Attributes
    ----------
    values : ndarray of shape (time, channels), dtype float
        NaN where there is a gap.
    channels : tuple of str or None
        Names of the channels.
    times : ndarray of shape (time,), dtype float64, or None
        Seconds, as the cell tells them.
    """

    values: np.ndarray
    channels: tuple[str, ...] | None = None
    times: np.ndarray | None = None


def table_of_array(cell: np.ndarray) -> Table:
    """Take an array of shape (time,) or (time, channels)."""
    if cell.dtype.kind not in "fiub":
        raise ReadError(f"an array of dtype {cell.dtype}, not of numbers", "check")
    if cell.ndim not in (1, 2):
        raise ReadError(f"an array of shape {cell.shape}, not (time,) or (time, channels)", "check")
    values = cell[:, None] if cell.ndim == 1 else cell
    if np.ma.isMaskedArray(values):  # what is masked is a gap
        values = np.ma.filled(values.astype(np.float64), np.nan)
    return Table(values if values.dtype.kind == "f" else values.astype(np.float64))


def table_of_list(cell: list | tuple) -> Table:
    """Take numbers, or one list of numbers per point in time; None, NaN and pd.NA are gaps."""
    try:
        array = np.asarray(cell)
        if array.dtype.kind == "O" and not any(map(_is_text, array.ravel())):
            array = np.where(pd.isna(array), np.nan, array).astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ReadError(
            "a list that holds neither numbers nor lists of equally many numbers, one per channel",
            "check",
            cause=error,
        ) from error
    return table_of_array(array)


def table_of_frame(frame: Any, time_column: str | None) -> Table:
    """Take a pandas or polars DataFrame or Series; columns are channels.

    Parameters
    ----------
    frame : DataFrame or Series
        Its numbers; null is a gap. An index of pandas that holds dates or durations gives times.
    time_column : str or None
        Name of the column that holds the times. None where there is none.
    """
    named = hasattr(frame, "columns")
    frame = frame if named else frame.to_frame()
    names = [str(name) for name in frame.columns] if named else [""]
    columns = dict(zip(names, _columns(frame), strict=True))
    if len(columns) < len(names):
        raise ReadError("several columns have the same name", "check")
    times = _times_of_index(frame)
    if time_column in columns:
        times = _seconds(columns.pop(time_column))
    elif named and time_column is not None and times is None:
        raise ReadError(f"no column {time_column!r} for the times among {names}", "check")
    values = [_numbers(name, column) for name, column in columns.items()]
    channels = tuple(columns) if named else None
    return Table(np.column_stack(values) if values else np.empty((len(frame), 0)), channels, times)


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes)


def _columns(frame: Any) -> list[pd.Series]:
    """Return the columns as pandas knows them, whichever library holds the frame."""
    if isinstance(frame, pd.DataFrame):
        return [frame.iloc[:, place] for place in range(frame.shape[1])]
    return [pd.Series(column.to_numpy()) for column in frame.iter_columns()]


def _numbers(name: str, column: pd.Series) -> np.ndarray:
    where = f"column {name!r}" if name else "the series"
    if column.dtype.kind not in "fiub":
        values = column.dropna()
        what = f"{where} holds {column.dtype}, not numbers"
        if len(values):
            value = next((value for value in values if not _is_number(value)), values.iloc[0])
            what += f", such as {reprlib.repr(value)}"
        raise ReadError(what, "check")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _times_of_index(frame: Any) -> np.ndarray | None:
    index = getattr(frame, "index", None)
    if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        return _seconds(index.to_series())
    return None


def _seconds(column: pd.Series) -> np.ndarray:
    """Return times as seconds from the first; numbers are seconds already."""
    if column.dtype.kind in "fiu":
        times = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        try:
            times = _seconds_of_stamps(column)
        except (TypeError, ValueError) as error:
            raise ReadError(NO_TIMES, "check", cause=error) from error
    return times - times[0] if len(times) else times


def _seconds_of_stamps(column: pd.Series) -> np.ndarray:
    if column.dtype.kind != "m":
        column = pd.to_datetime(column, utc=True, format="ISO8601")
        column = column - column.min()
    return column.dt.total_seconds().to_numpy()
