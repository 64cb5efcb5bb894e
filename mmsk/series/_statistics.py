"""Descriptive statistics of series: per channel, and between channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from mmsk._validation import check_choice, check_number
from mmsk.samples import Series
from mmsk.series._base import SeriesExtractor
from mmsk.series._moments import Moments
from mmsk.series._reader import SeriesReader


def _crossings(values: np.ndarray) -> np.ndarray:
    """Share of steps over which the sign changes; zero counts as positive."""
    if len(values) < 2:
        return np.zeros(values.shape[1])
    return (np.diff(values >= 0, axis=0)).mean(axis=0)


def _change(series: Moments) -> np.ndarray:
    if len(series.values) < 2:
        return np.zeros(series.values.shape[1])
    return np.abs(np.diff(series.values, axis=0)).mean(axis=0)


_STATISTICS: dict[str, Callable[[Moments], np.ndarray]] = {
    "mean": lambda series: series.mean,
    "std": lambda series: series.std,
    "skewness": lambda series: (series.standard**3).mean(axis=0),
    "kurtosis": lambda series: (series.standard**4).mean(axis=0) - 3 * (series.std > 0),
    "min": lambda series: series.values.min(axis=0),
    "max": lambda series: series.values.max(axis=0),
    "energy": lambda series: np.square(series.values).mean(axis=0),
    "change": _change,
    "trend": Moments.trend,
    "linearity": Moments.correlation_with_time,
    "zero_crossings": lambda series: _crossings(series.values),
    "mean_crossings": lambda series: _crossings(series.centred),
}
_SEVERAL = ("quantiles", "autocorrelation", "correlation")
NAMES = (*_STATISTICS, *_SEVERAL)


class SeriesStatistics(SeriesExtractor):
    """Statistics of each channel of a series, and correlations between channels.

    Fast, readable by name, and independent of length: series of any length give the same
    features. For accuracy alone :class:`MiniRocketEmbedder` is mostly ahead.

    Parameters
    ----------
    statistics : list of str, default=None
        Which ones, in this order; None is all of:

        - ``"mean"``, ``"std"`` (divided by the number of points), ``"skewness"``,
          ``"kurtosis"`` (0 for a normal distribution), ``"min"``, ``"max"``
        - ``"energy"``: mean of the squares
        - ``"change"``: mean size of the change from one point to the next
        - ``"trend"``: rise of the least-squares line from the first point to the last;
          ``"linearity"``: correlation with time
        - ``"zero_crossings"``, ``"mean_crossings"``: share of the steps over which the sign of
          the values, or of their difference from the mean, changes
        - ``"quantiles"`` and ``"autocorrelation"``, at `quantiles` and `lags`
        - ``"correlation"``: Pearson's, of each pair of channels; 60 channels have 1,770 pairs
    quantiles : sequence of float, default=(0.05, 0.25, 0.5, 0.75, 0.95)
        Shares in 0..1; values between points are interpolated linearly.
    lags : sequence of int, default=(1, 2, 4, 8, 16)
        Steps of the autocorrelation.
    reader : SeriesReader, default=None
        Reads the cells, with rate, gaps and limits; None is ``SeriesReader()``.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell ends the pass or becomes a missing one, with a warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.
    batch_size : int, default=64
        Series held ready. It cannot change a row.
    n_jobs : int, default=None
        Threads that read and compute; None is 1, -1 all CPUs.

    Attributes
    ----------
    channels_ : list of str
        Names of the channels of the first series of fit; ``"channel0"``, ... where it has none.
        A series with another number of channels, or other names, cannot be read.

    See Also
    --------
    SpectralSeries : Power by frequency.
    SlidingWindows : Statistics of windows, pooled.

    Notes
    -----
    All is computed in float64. What a constant channel or a single point leaves undefined is 0:
    skewness, kurtosis, trend, linearity, correlations. The autocorrelation at lag k divides by
    the variance and the number of all points, so that it is within [-1, 1]; it is 0 for a lag
    that is not shorter than the series.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.series import SeriesStatistics
    >>> rising = np.arange(10.0)
    >>> statistics = SeriesStatistics(["mean", "trend", "correlation"])
    >>> cells = [np.column_stack([rising, -rising]), None, np.ones((5, 2))]
    >>> statistics.fit_transform(cells)
    array([[ 4.5, -4.5,  9. , -9. , -1. ],
           [ nan,  nan,  nan,  nan,  nan],
           [ 1. ,  1. ,  0. ,  0. ,  0. ]], dtype=float32)
    >>> statistics.get_feature_names_out().tolist()
    ['channel0_mean', 'channel1_mean', 'channel0_trend', 'channel1_trend',
    'channel0_channel1_correlation']
    """

    def __init__(
        self,
        statistics: Sequence[str] | None = None,
        *,
        quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
        lags: Sequence[int] = (1, 2, 4, 8, 16),
        reader: SeriesReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 64,
        n_jobs: int | None = None,
    ) -> None:
        self.statistics = statistics
        self.quantiles = quantiles
        self.lags = lags
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.statistics is not None and (
            isinstance(self.statistics, str) or len(self.statistics) == 0
        ):
            raise ValueError(f"statistics={self.statistics!r} is not a list of names.")
        for name in self._names():
            check_choice("statistics", name, NAMES)
        for share in self.quantiles:
            check_number("quantiles", share, low=0, high=1)
        for lag in self.lags:
            check_number("lags", lag, low=1, integer=True)

    def _names(self) -> list[str]:
        return list(NAMES if self.statistics is None else self.statistics)

    def _feature_names(self) -> Iterator[str]:
        for name in self._names():
            if name == "correlation":
                yield from (f"{a}_{b}_{name}" for a, b in combinations(self.channels_, 2))
            else:
                endings = self._endings(name)
                yield from (f"{channel}_{end}" for end in endings for channel in self.channels_)

    def _endings(self, name: str) -> list[str]:
        if name == "quantiles":
            return [f"quantile{share:g}" for share in self.quantiles]
        if name == "autocorrelation":
            return [f"autocorrelation{lag}" for lag in self.lags]
        return [name]

    def _prepare_series(self, series: Series) -> np.ndarray:
        moments = Moments(series.values.astype(np.float64))
        return np.concatenate([self._compute(name, moments) for name in self._names()])

    def _compute(self, name: str, series: Moments) -> np.ndarray:
        if name == "quantiles":
            return np.quantile(series.values, list(self.quantiles), axis=0).ravel()
        if name == "autocorrelation":
            return np.concatenate([_autocorrelation(series.standard, lag) for lag in self.lags])
        if name == "correlation":
            pairs = np.triu_indices(series.values.shape[1], 1)
            return (series.standard.T @ series.standard / len(series.values))[pairs]
        return _STATISTICS[name](series)


def _autocorrelation(standard: np.ndarray, lag: int) -> np.ndarray:
    return (standard[lag:] * standard[:-lag]).sum(axis=0) / len(standard)
