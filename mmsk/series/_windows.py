"""Long series cut into windows, whose features are pooled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone

from mmsk._config import config_context
from mmsk._validation import RawColumn, check_choice, check_number
from mmsk.extraction import CellExtractor
from mmsk.samples import Series
from mmsk.series._base import SeriesExtractor
from mmsk.series._reader import SeriesReader

MOST_WINDOWS_LEARNED_FROM = 2000
WINDOWS_AT_ONCE = 256


class _Pool:
    """Mean, deviation and extremes of rows that come piece by piece."""

    def __init__(self) -> None:
        self.n_rows = 0
        self.mean: Any = 0.0
        self.squares: Any = 0.0
        self.min: Any = np.inf
        self.max: Any = -np.inf

    def add(self, rows: np.ndarray) -> None:
        """Count rows, shape (n_windows, n_features)."""
        rows = rows.astype(np.float64)
        mean = rows.mean(axis=0)
        difference = mean - self.mean
        share = len(rows) / (self.n_rows + len(rows))
        self.squares = self.squares + np.square(rows - mean).sum(axis=0)
        self.squares += np.square(difference) * share * self.n_rows
        self.mean = self.mean + difference * share
        self.n_rows += len(rows)
        self.min = np.minimum(self.min, rows.min(axis=0))
        self.max = np.maximum(self.max, rows.max(axis=0))

    def std(self) -> np.ndarray:
        return np.sqrt(self.squares / self.n_rows)


_POOLINGS: dict[str, Callable[[_Pool], np.ndarray]] = {
    "mean": lambda pool: pool.mean,
    "std": _Pool.std,
    "min": lambda pool: pool.min,
    "max": lambda pool: pool.max,
}


class SlidingWindows(SeriesExtractor):
    """Cut series into windows, extract features of each, and pool them over the windows.

    ::

        points    0        64       128      192      256    300
        windows   |-----------------|        |               |    window_length=128
                           |-----------------|               |    hop_length=64
                                    |-----------------|      |
                                             |---------------|    up to the last point

    For series that are long, or whose length says nothing: a row tells what windows are like on
    average, how they differ, and what the most extreme ones are like. A series shorter than a
    window is one window, as it is.

    Parameters
    ----------
    extractor : extractor
        Computes the features of a window, such as ``SeriesStatistics()``. `fit` fits a copy of
        it on up to 2,000 windows spread over the column, without `y`.
    window_length : int, default=128
        Points in a window.
    hop_length : int, default=None
        Points from the start of one window to the start of the next; None is half of
        `window_length`. The last window ends at the last point, where the others leave some out.
    pooling : sequence of str, default=("mean", "std")
        What is kept of each feature over the windows: ``"mean"``, ``"std"``, ``"min"``,
        ``"max"``.
    reader : SeriesReader, default=None
        Reads the cells, with rate, gaps and limits, before they are cut; None is
        ``SeriesReader()``. That of `extractor` sees windows only.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell ends the pass or becomes a missing one, with a warning. In
        fit ``"missing"`` leaves it out without one.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.
    batch_size : int, default=8
        Series held ready. It cannot change a row.
    n_jobs : int, default=None
        Threads that read ahead; None is 1, -1 all CPUs. Those of `extractor` compute.

    Attributes
    ----------
    channels_ : list of str
        Names of the channels of the first series of fit; ``"channel0"``, ... where it has none.
    extractor_ : extractor
        The fitted copy.

    Notes
    -----
    Memory is bounded by `batch_size` series and the features of 256 windows.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.series import SeriesStatistics, SlidingWindows
    >>> windows = SlidingWindows(
    ...     SeriesStatistics(["max"]), window_length=4, hop_length=4, pooling=["min", "max"]
    ... )
    >>> windows.fit_transform([np.arange(8.0), np.arange(10.0), [5.0]])
    array([[3., 7.],
           [3., 9.],
           [5., 5.]], dtype=float32)
    >>> windows.get_feature_names_out().tolist()
    ['channel0_max_min', 'channel0_max_max']
    """

    def __init__(
        self,
        extractor: Any,
        *,
        window_length: int = 128,
        hop_length: int | None = None,
        pooling: Sequence[str] = ("mean", "std"),
        reader: SeriesReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 8,
        n_jobs: int | None = None,
    ) -> None:
        self.extractor = extractor
        self.window_length = window_length
        self.hop_length = hop_length
        self.pooling = pooling
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if isinstance(self.extractor, type) or not hasattr(self.extractor, "transform"):
            raise ValueError(
                f"extractor={self.extractor!r} is no extractor. Give an instance, such as "
                "SeriesStatistics()."
            )
        check_number("window_length", self.window_length, low=1, integer=True)
        if self.hop_length is not None:
            check_number("hop_length", self.hop_length, low=1, integer=True)
        if isinstance(self.pooling, str) or len(self.pooling) == 0:
            raise ValueError(f"pooling={self.pooling!r} is not a list of names.")
        for name in self.pooling:
            check_choice("pooling", name, list(_POOLINGS))

    def _learn(self, column: RawColumn) -> None:
        super()._learn(column)
        rows = np.flatnonzero(column.present)
        n_rows = min(len(rows), MOST_WINDOWS_LEARNED_FROM)
        rows = rows[np.linspace(0, len(rows) - 1, n_rows).astype(int)]
        windows = []
        for _, series in self._read_rows(column, rows.tolist(), self._read_alike):
            starts = self._starts(series.n_points)
            n_windows = min(len(starts), MOST_WINDOWS_LEARNED_FROM // n_rows)
            chosen = np.linspace(0, len(starts) - 1, n_windows).astype(int)
            # Copies, because a part of an array keeps all of it in memory.
            windows += [self._window(series, starts[place], copy=True) for place in chosen]
        with config_context(cache=False, progress=False):
            self.extractor_ = clone(self.extractor).fit(windows)

    def _fingerprint_state(self) -> Any:
        if isinstance(self.extractor_, CellExtractor):
            learned = self.extractor_._fingerprint_state()
        else:
            learned = joblib.hash(self.extractor_)
        return {"channels": self.channels_, "extractor": learned}

    def _feature_names(self) -> Iterator[str]:
        names = self.extractor_.get_feature_names_out()
        for pooling in self.pooling:
            yield from (f"{name}_{pooling}" for name in names)

    def _starts(self, n_points: int) -> list[int]:
        hop = self.hop_length or max(1, self.window_length // 2)
        last = max(0, n_points - self.window_length)
        starts = list(range(0, last + 1, hop))
        return starts if starts[-1] == last else [*starts, last]

    def _window(self, series: Series, start: int, *, copy: bool = False) -> Series:
        values = series.values[start : start + self.window_length]
        return Series(values.copy() if copy else values, series.sample_rate, series.channels)

    def _extract(self, samples: list[Series]) -> np.ndarray:
        pools = [_Pool() for _ in samples]
        owners, pieces = [], []
        for pool, series in zip(pools, samples, strict=True):
            places = [(series, start) for start in self._starts(series.n_points)]
            for begin in range(0, len(places), WINDOWS_AT_ONCE):
                owners.append(pool)
                pieces.append(places[begin : begin + WINDOWS_AT_ONCE])
        for pool, rows in zip(owners, self._rows_of(pieces), strict=True):
            pool.add(rows)
        return super()._extract([self._pooled(pool) for pool in pools])

    def _rows_of(self, pieces: list[list[tuple[Series, int]]]) -> Iterator[np.ndarray]:
        """Yield the features of the windows of each piece; small pieces are computed together.

        What is pooled at once is one piece, whatever it was computed with, so that no row
        depends on the series beside it.
        """
        waiting: list[list[tuple[Series, int]]] = []
        for number, piece in enumerate(pieces, 1):
            waiting.append(piece)
            if number == len(pieces) or sum(map(len, waiting)) >= WINDOWS_AT_ONCE:
                windows = [self._window(*place) for part in waiting for place in part]
                with config_context(cache=False, progress=False):
                    rows = np.asarray(self.extractor_.transform(windows))
                yield from np.split(rows, np.cumsum(list(map(len, waiting)))[:-1])
                waiting = []

    def _pooled(self, pool: _Pool) -> np.ndarray:
        return np.concatenate([_POOLINGS[name](pool) for name in self.pooling])
