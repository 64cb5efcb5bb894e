"""MiniRocket: shares of points at which fixed dilated kernels exceed learned biases."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from mmsk._device import resolve_device
from mmsk._validation import RawColumn, check_choice, check_number
from mmsk.extraction._stream import Threads
from mmsk.samples import Series
from mmsk.series._base import SeriesExtractor
from mmsk.series._reader import SeriesReader
from mmsk.series._rocket import KERNELS, draw_channels, spread_dilations, spread_shares
from mmsk.series._scaling import ChannelTotals, standardized

MOST_SERIES_LEARNED_FROM = 1000


class MiniRocketEmbedder(SeriesExtractor):
    """Embed series by MiniRocket, for a linear classifier: fast, and among the most accurate.

    84 fixed kernels of 9 points slide over the series, each stretched by several dilations. A
    feature is the share of points at which what one of them gives exceeds a bias. `fit` learns
    the dilations from the longest series, and the biases as quantiles of what the kernels give
    on series drawn from the column. Of several channels each kernel sees the sum of a few,
    drawn once.

    Put a linear head behind it: ``RidgeClassifierCV(alphas=np.logspace(-3, 3, 10))`` as in the
    paper, or a linear SVM.

    Parameters
    ----------
    n_features : int, default=10_000
        Number of features, rounded down to a multiple of 84, and at least 84. Fewer are faster
        and keep less; a few thousand are often enough.
    max_dilations : int, default=32
        Most dilations per kernel. A smaller number gives each more biases.
    scale : {"channel", "series", None}, default="channel"
        What is done to the values first. ``"channel"`` standardizes each channel by its mean
        and deviation over the series of fit, so that channels of different units weigh the
        same. ``"series"`` standardizes each channel of each series on its own, which also takes
        away level and size. None leaves them, as the paper does.
    random_state : int, default=0
        Seed of the channels and of the series that biases come from.
    reader : SeriesReader, default=None
        Reads the cells, with rate, gaps and limits; None is ``SeriesReader()``.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where features are computed; ``"auto"`` is a CUDA GPU where there is one. Biases are
        learned on the CPU. Between devices a value may fall on the other side of a bias by
        rounding, which changes a feature by one point's share.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell ends the pass or becomes a missing one, with a warning. In
        fit ``"missing"`` leaves it out without one.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.
    batch_size : int, default=64
        Series held ready, and computed at once on a GPU. It cannot change a row.
    n_jobs : int, default=None
        Threads that read and, on the CPU, compute; None is 1, -1 all CPUs.

    Attributes
    ----------
    channels_ : list of str
        Names of the channels of the first series of fit; ``"channel0"``, ... where it has none.
    mean_ : ndarray of shape (n_channels,), dtype float64
        Mean of each channel over the series of fit, with ``scale="channel"`` only.
    std_ : ndarray of shape (n_channels,), dtype float64
        Deviation of each channel, likewise; 1 for a constant one.
    dilations_ : ndarray of shape (n_dilations,), dtype int64
        Steps between the points that a kernel covers.
    n_biases_ : ndarray of shape (n_dilations,), dtype int64
        Biases of each kernel under each dilation.
    kernel_channels_ : ndarray of shape (84 * n_dilations, n_channels), dtype bool
        Which channels each kernel sees under each dilation.
    biases_ : ndarray of shape (n_features,), dtype float32
        One per feature.

    See Also
    --------
    SeriesStatistics : Features that can be read.
    SlidingWindows : MiniRocket on windows of long series, pooled.

    Notes
    -----
    Lengths may differ. Beyond the ends of a series lie zeros, which after scaling is the mean.
    Every other kernel leaves out the points at which it reaches beyond the ends; where it does
    so at every point, because the series is short for its dilation, they all count. One point
    is enough. Series of very different length are better compared by features that do not know
    it, or brought to one length.

    `fit` reads up to 1,000 series, drawn at random, twice. The same seed and series give the
    same bits, on any number of threads.

    References
    ----------
    Dempster, A., Schmidt, D. F. and Webb, G. I. (2021). MiniRocket: A very fast (almost)
    deterministic transform for time series classification. KDD.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from mmsk.series import MiniRocketEmbedder
    >>> time = np.arange(60)
    >>> waves = [np.sin(time / period + start) for period in (3, 5) for start in range(6)]
    >>> periods = ["short"] * 6 + ["long"] * 6
    >>> model = make_pipeline(MiniRocketEmbedder(840), RidgeClassifierCV())
    >>> model.fit(waves, periods).predict([np.sin(time / 3 + 0.5), np.sin(time[:40] / 5 + 0.5)])
    array(['short', 'long'], dtype='<U5')
    >>> model[0].get_feature_names_out()[[0, 839]]
    array(['channel0_kernel012_dilation1_bias0', 'channel0_kernel678_dilation7_bias0'],
          dtype=object)
    """

    def __init__(
        self,
        n_features: int = 10_000,
        *,
        max_dilations: int = 32,
        scale: str | None = "channel",
        random_state: int = 0,
        reader: SeriesReader | None = None,
        device: str = "auto",
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 64,
        n_jobs: int | None = None,
    ) -> None:
        self.n_features = n_features
        self.max_dilations = max_dilations
        self.scale = scale
        self.random_state = random_state
        self.reader = reader
        self.device = device
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_number("n_features", self.n_features, low=len(KERNELS), integer=True)
        check_number("max_dilations", self.max_dilations, low=1, integer=True)
        check_choice("scale", self.scale, ["channel", "series", None])
        check_number("random_state", self.random_state, low=0, high=2**63 - 1, integer=True)
        resolve_device(self.device)

    def _learn(self, column: RawColumn, y: Any) -> None:
        generator = np.random.default_rng(self.random_state)
        first, series = self._first_readable(column)
        self._learn_channels(series)
        rows = np.flatnonzero(column.present)
        if len(rows) > MOST_SERIES_LEARNED_FROM:
            rows = generator.choice(rows, MOST_SERIES_LEARNED_FROM, replace=False)
            rows = np.union1d(rows, [first])  # at least one that can be read
        rows, longest = self._learn_scale(column, rows)
        self.dilations_, self.n_biases_ = spread_dilations(
            longest, self.n_features // len(KERNELS), self.max_dilations
        )
        self.kernel_channels_ = draw_channels(
            len(self.dilations_) * len(KERNELS), len(self.channels_), generator
        )
        self._learn_biases(column, rows, generator)

    def _learn_scale(self, column: RawColumn, rows: np.ndarray) -> tuple[np.ndarray, int]:
        """Return the rows that can be read, and the length of the longest series."""
        totals = ChannelTotals(len(self.channels_))
        lengths = {}
        for row, series in self._read_rows(column, rows.tolist(), self._read_alike):
            lengths[row] = series.n_points
            totals.add(series.values)
        if self.scale == "channel":
            self.mean_, self.std_ = totals.mean_and_std()
        return np.array(list(lengths)), max(lengths.values())

    def _learn_biases(
        self, column: RawColumn, rows: np.ndarray, generator: np.random.Generator
    ) -> None:
        """Take as biases quantiles of what each kernel gives on one series drawn for it."""
        drawn = generator.choice(rows, len(self.kernel_channels_))
        n_biases = np.repeat(self.n_biases_, len(KERNELS))
        parts = np.split(spread_shares(n_biases.sum()), np.cumsum(n_biases)[:-1])
        biases: list[Any] = [None] * len(parts)
        for row, values in self._read_rows(column, np.unique(drawn).tolist(), self._prepare):
            for number in np.flatnonzero(drawn == row).tolist():
                convolved = np.sort(self._convolved(values, number))
                places = parts[number] * (len(convolved) - 1)
                biases[number] = np.interp(places, np.arange(len(convolved)), convolved)
        self.biases_ = np.concatenate(biases).astype(np.float32)

    def _convolved(self, values: np.ndarray, number: int) -> np.ndarray:
        """Return what one kernel under one dilation gives at each point of a series."""
        from mmsk.series._kernels import convolve, sum_windows

        dilation = self.dilations_[number // len(KERNELS)]
        chosen = values[self.kernel_channels_[number]]
        margin = 4 * dilation
        padded = _padded(chosen, margin)
        sums, convolved = np.empty_like(chosen), np.empty_like(chosen[0])
        sum_windows(padded, margin, dilation, sums)
        kernel = KERNELS[number % len(KERNELS)]
        convolve(padded, margin, dilation, sums, kernel, np.arange(len(chosen)), convolved)
        return convolved

    def _fingerprint_state(self) -> Any:
        learned = [self.dilations_, self.n_biases_, self.kernel_channels_, self.biases_]
        if self.scale == "channel":
            learned += [self.mean_, self.std_]
        content = b"".join(part.tobytes() for part in learned)
        return {"channels": self.channels_, "learned": hashlib.sha256(content).hexdigest()}

    def _n_features(self) -> int:
        return len(self.biases_)

    def _feature_names(self) -> Iterator[str]:
        for number, seen in enumerate(self.kernel_channels_):
            dilation, kernel = divmod(number, len(KERNELS))
            channels = "+".join(self.channels_[channel] for channel in np.flatnonzero(seen))
            places = "".join(map(str, KERNELS[kernel]))
            name = f"{channels}_kernel{places}_dilation{self.dilations_[dilation]}"
            yield from (f"{name}_bias{bias}" for bias in range(self.n_biases_[dilation]))

    def _prepare_series(self, series: Series) -> np.ndarray:
        """Scale the values; shape (channels, time), dtype float32."""
        values = series.values
        if self.scale == "channel":
            values = (values - self.mean_) / self.std_
        elif self.scale == "series":
            values = standardized(values)
        return np.ascontiguousarray(values.T, dtype=np.float32)

    def _threads(self) -> AbstractContextManager[Threads]:
        # One thread is better left to read ahead: handing over costs a fifth.
        n_threads = effective_n_jobs(self.n_jobs)
        if n_threads > 1 and resolve_device(self.device) == "cpu":
            return nullcontext(Threads(n_computing=n_threads))
        return super()._threads()

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        device = resolve_device(self.device)
        if device == "cpu":
            return np.stack([self._on_cpu(values) for values in samples])
        return self._in_torch(samples, device)

    def _on_cpu(self, values: np.ndarray) -> np.ndarray:
        from mmsk.series._kernels import shares_above

        margin = 4 * int(self.dilations_.max())
        row = np.empty(len(self.biases_), dtype=np.float32)
        shares_above(
            _padded(values, margin),
            margin,
            self.dilations_,
            KERNELS,
            np.nonzero(self.kernel_channels_)[1],
            self.kernel_channels_.sum(axis=1).cumsum(),
            self.n_biases_,
            self.biases_,
            row,
        )
        return row

    def _in_torch(self, samples: list[np.ndarray], device: str) -> np.ndarray:
        from mmsk._nets.minirocket import shares_above

        rows = np.empty((len(samples), len(self.biases_)), dtype=np.float32)
        lengths = np.array([values.shape[1] for values in samples])
        for length in np.unique(lengths):
            places = np.flatnonzero(lengths == length)
            rows[places] = shares_above(
                np.stack([samples[place] for place in places]),
                dilations=self.dilations_.tolist(),
                kernels=KERNELS,
                channels=self.kernel_channels_,
                n_biases=self.n_biases_.tolist(),
                biases=self.biases_,
                device=device,
            )
        return rows


def _padded(values: np.ndarray, margin: int) -> np.ndarray:
    """Put zeros before and after each channel of values, shape (channels, time)."""
    n_channels, n_points = values.shape
    padded = np.zeros((n_channels, n_points + 2 * margin), dtype=np.float32)
    padded[:, margin : margin + n_points] = values
    return padded
