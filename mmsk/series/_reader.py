"""The reader of series: any accepted cell to even steps without gaps, or a ReadError."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from mmsk._files import is_source, open_cell
from mmsk._validation import check_choice, check_number
from mmsk.exceptions import ReadError
from mmsk.extraction._windows import check_windows, window_starts
from mmsk.samples import Series
from mmsk.series._files import read_table
from mmsk.series._table import Table, table_of_array, table_of_frame, table_of_list
from mmsk.series._time import at_rate, check_times, fill_gaps, is_even, n_points_at, rate_of


class SeriesReader(BaseEstimator):
    r"""Read series of measurements from arrays, tables and files, fill gaps, and even out steps.

    Accepted cells: an array of numbers of shape (time,) or (time, channels); a list of numbers,
    or of one list per point in time; a pandas or polars Series or DataFrame, whose columns are
    channels; a :class:`~mmsk.samples.Series`; a path (str or Path), bytes or a binary file
    object of a .npy, .csv or .parquet file. The content of a file decides, not its name. A .csv
    file is UTF-8 text with commas, semicolons or tabs between numbers; its first line names the
    channels unless it holds only numbers. Parquet needs pyarrow (extra ``series``).

    What a series becomes: float32; gaps (NaN, null, None) within a channel interpolated; points
    with times at uneven steps, or at another rate than `sample_rate`, interpolated linearly at
    even steps. No filter is applied before a rate is lowered. Series of one column may differ
    in length.

    Parameters
    ----------
    sample_rate : float, default=None
        Points per second, in Hz. Cells without times are taken to have it; cells with times of
        another rate are brought to it. None keeps the rate of cells with times, and leaves that
        of the others unknown.
    time_column : str, default=None
        Name of the column of tables that holds the times: seconds as numbers, or dates
        in ISO 8601. None takes times only from an index of pandas that holds dates or durations.
        A table without the column is refused; cells whose channels have no names have no times.
    gaps : {"interpolate", "raise"}, default="interpolate"
        What a missing value within a series does. ``"interpolate"`` draws a straight line
        between its neighbours in the channel; before the first and after the last value that
        value goes on. A channel without any value is refused in any case.
    max_values : int, default=50_000_000
        Largest points x channels, checked against the header before memory is taken. It bounds
        memory: 4 bytes per value are kept, about 8 times that while text is read. A page of a
        .parquet file may have 128 MiB when unpacked.
    max_bytes : int, default=500_000_000
        Largest file, in bytes.
    root : str or path, default=None
        Folder from which relative paths start and which no path may leave. None reads any file.

    Notes
    -----
    Refused with a reason: infinite values and those beyond float32, no points or no channels,
    time stamps that repeat or go back, text among numbers, lines of unequally many fields or of
    more than 16 million characters, .npy files that hold Python objects (they could run code when
    loaded) or fewer bytes than their header says, .parquet files whose footer says another number
    of rows. A constant channel is accepted.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from mmsk.series import SeriesReader
    >>> reader = SeriesReader(sample_rate=50)
    >>> reader.read(np.zeros((100, 6)))
    Series(100 points of 6 channels at 50 Hz)
    >>> reader.read([1.0, None, 2.0]).values.ravel()
    array([1. , 1.5, 2. ], dtype=float32)
    >>> reader.read(b"x,y\n1,2\n3,4\n").channels
    ('x', 'y')

    Times at uneven steps become even ones:

    >>> table = pd.DataFrame({"second": [0, 1, 3, 4], "x": [0.0, 10, 30, 40]})
    >>> SeriesReader(time_column="second").read(table).values.ravel()
    array([ 0., 10., 20., 30., 40.], dtype=float32)
    """

    window_unit = "points"

    def __init__(
        self,
        sample_rate: float | None = None,
        *,
        time_column: str | None = None,
        gaps: str = "interpolate",
        max_values: int = 50_000_000,
        max_bytes: int = 500_000_000,
        root: str | os.PathLike | None = None,
    ) -> None:
        self.sample_rate = sample_rate
        self.time_column = time_column
        self.gaps = gaps
        self.max_values = max_values
        self.max_bytes = max_bytes
        self.root = root

    def check_parameters(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""
        if self.sample_rate is not None:
            check_number("sample_rate", self.sample_rate, low=0, high=1e12, low_open=True)
        if self.time_column is not None and not isinstance(self.time_column, str):
            raise ValueError(f"time_column={self.time_column!r} is not the name of a column.")
        check_choice("gaps", self.gaps, ["interpolate", "raise"])
        check_number("max_values", self.max_values, low=1, integer=True)
        check_number("max_bytes", self.max_bytes, low=1, integer=True)

    def read(self, cell: Any) -> Series:
        """Read one cell.

        Parameters
        ----------
        cell : ndarray, list, DataFrame, pandas or polars Series, Series, path, bytes or file object
            The series.

        Returns
        -------
        series : Series
            Float32 values of shape (time, channels), at least (1, 1), without gaps.

        Raises
        ------
        ReadError
            If the cell is no accepted series, is damaged, or is over a limit.
        """
        if isinstance(cell, Series) and self.sample_rate in (None, cell.sample_rate):
            self._check_size(*cell.values.shape)
            return cell
        table = self._table(cell)
        self._check_size(*table.values.shape)
        values, times, rate = self._filled(table)
        if times is not None and rate is not None and not is_even(times, rate):
            self._check_size(n_points_at(times, rate), values.shape[1])
            values = at_rate(values, times, rate)
        return Series(_as_float32(values), rate, table.channels)

    def read_windows(
        self, cell: Any, window_length: int, hop_length: int | None = None
    ) -> Iterator[Series]:
        """Read one cell in windows.

        Parameters
        ----------
        cell : ndarray, list, DataFrame, pandas or polars Series, Series, path, bytes or file object
            The series, which is held whole.
        window_length : int
            Points in a window. A shorter series is one window.
        hop_length : int, default=None
            Points from the start of one window to the start of the next; None is half of
            `window_length`. The last window ends at the last point.

        Yields
        ------
        series : Series
            A copy of that part of what :meth:`read` gives.

        Raises
        ------
        ReadError
            As in :meth:`read`.
        ValueError
            If a parameter is not accepted.
        """
        check_windows(window_length, hop_length, self.window_unit)
        series = self.read(cell)
        for start in window_starts(series.n_points, window_length, hop_length):
            values = series.values[start : start + window_length].copy()
            yield Series(values, series.sample_rate, series.channels)

    def _table(self, cell: Any) -> Table:
        if isinstance(cell, Series):
            times = None if cell.sample_rate is None else _steps(cell.n_points) / cell.sample_rate
            return Table(cell.values, cell.channels, times)
        if isinstance(cell, np.ndarray):
            return table_of_array(cell)
        if isinstance(cell, list | tuple):
            return table_of_list(cell)
        if hasattr(cell, "to_numpy") and (hasattr(cell, "columns") or hasattr(cell, "to_frame")):
            return table_of_frame(cell, self.time_column)
        if is_source(cell):
            with open_cell(cell, root=self.root, max_bytes=self.max_bytes) as file:
                return read_table(file, self.time_column, self._check_size)
        raise ReadError(
            f"not a series: {type(cell).__name__}; accepted are an array, a list of numbers, a "
            "DataFrame or Series of pandas or polars, a path, bytes or a binary file object",
            "check",
        )

    def _filled(self, table: Table) -> tuple[np.ndarray, np.ndarray | None, float | None]:
        """Return values without gaps, their times in seconds, and the rate to bring them to."""
        values, times, rate = table.values, table.times, self.sample_rate
        if np.isinf(values).any():
            raise ReadError("infinite values", "check")
        if times is not None:
            check_times(times)
            rate = rate_of(times) if rate is None else rate
        if self.gaps == "raise" and np.isnan(values).any():
            point, channel = np.argwhere(np.isnan(values))[0].tolist()
            raise ReadError(
                f"a gap at point {point} of channel {channel}, and gaps='raise'", "check"
            )
        places = _steps(len(values)) if times is None else times
        return fill_gaps(values, places, table.channels), times, rate

    def _check_size(self, n_points: int, n_channels: int) -> None:
        if n_points < 1 or n_channels < 1:
            raise ReadError(f"empty series: {n_points} points of {n_channels} channels", "check")
        if n_points * n_channels > self.max_values:
            raise ReadError(
                f"{n_points:,} points x {n_channels:,} channels = {n_points * n_channels:,} "
                f"values, over max_values={self.max_values:,}",
                "check",
            )


def _steps(n_points: int) -> np.ndarray:
    return np.arange(n_points, dtype=np.float64)


def _as_float32(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(values, dtype=np.float32)
    if np.isinf(values).any():
        raise ReadError("values beyond 3.4e38, the largest of float32", "check")
    return values
