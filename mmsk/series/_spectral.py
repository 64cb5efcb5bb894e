"""The spectrum of series: power in bands, and where the power lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.signal

from mmsk._validation import RawColumn, check_choice, check_number
from mmsk.exceptions import ReadError
from mmsk.samples import Series
from mmsk.series._base import SeriesExtractor
from mmsk.series._moments import Moments
from mmsk.series._reader import SeriesReader

SMALLEST_POWER = 1e-10
Bands = int | Sequence[float] | Mapping[str, Sequence[float]]


class _Spectrum:
    """Shares of the power of each channel by frequency.

    Parameters
    ----------
    frequencies : ndarray of shape (n_bins,)
        In Hz, or per point.
    power : ndarray of shape (n_bins, channels)
        Power of each bin; a channel of zeros gives moments of 0.
    """

    def __init__(self, frequencies: np.ndarray, power: np.ndarray) -> None:
        total = power.sum(axis=0)
        self.frequencies = frequencies
        self.shares = power / np.where(total > 0, total, 1)
        self.centroid = frequencies @ self.shares

    def spread(self) -> np.ndarray:
        distances = self.frequencies[:, None] - self.centroid
        return np.sqrt((np.square(distances) * self.shares).sum(axis=0))

    def entropy(self) -> np.ndarray:
        logs = np.log2(np.where(self.shares > 0, self.shares, 1))
        # Of one bin alone the entropy is 0 already.
        return -(self.shares * logs).sum(axis=0) / max(1.0, np.log2(len(self.frequencies)))

    def peak(self) -> np.ndarray:
        return self.frequencies[self.shares.argmax(axis=0)]


_MOMENTS: dict[str, Callable[[_Spectrum], np.ndarray]] = {
    "centroid": lambda spectrum: spectrum.centroid,
    "spread": _Spectrum.spread,
    "entropy": _Spectrum.entropy,
    "peak": _Spectrum.peak,
}


class SpectralSeries(SeriesExtractor):
    """Power of each channel in bands of frequency, and moments of its spectrum.

    The power spectral density is Welch's, as ``scipy.signal.welch`` computes it: the series is
    cut into overlapping segments, the mean of each is taken off, and their spectra are averaged.

    Parameters
    ----------
    bands : int, sequence of float or mapping of str to (low, high), default=8
        An int cuts 0 to half the rate into that many bands of equal width. A sequence gives the
        edges, one band between each two neighbours. A mapping gives bands under their names,
        such as ``{"alpha": (8, 13)}``. All in Hz where the rate is known, else in cycles per
        point, which end at 0.5. A band holds its lower edge and not its upper one, except at
        half the rate; one that holds no frequency of the spectrum has no power.
    scale : {"decibel", "power", "share"}, default="decibel"
        What stands for the power of a band: 10 log10 of it (at least -100), the power itself in
        the squared units of the channel, or its share of the power in all frequencies, which
        does not depend on the size of the values.
    moments : sequence of str, default=("centroid", "spread", "entropy", "peak")
        Mean frequency weighted by power, deviation from it, entropy of the shares of power (1
        for white noise, 0 for a pure tone) and frequency of the largest power. ``()`` for none.
    segment_length : int, default=256
        Points in a segment of Welch's method: more resolve closer frequencies, fewer average
        over more segments. A shorter series is one segment.
    overlap : float, default=0.5
        Share of a segment that the next one repeats.
    window : str, tuple or float, default="hann"
        As ``scipy.signal.get_window`` takes it.
    reader : SeriesReader, default=None
        Reads the cells; its `sample_rate` is that of cells that tell none. None is
        ``SeriesReader()``.
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
    sample_rate_ : float or None
        Rate of the first series of fit, in Hz; None where it was not known, and then it must be
        known of no other series.

    Notes
    -----
    A constant channel and a single point have no power; their moments are 0.

    References
    ----------
    Welch, P. (1967). The use of fast Fourier transform for the estimation of power spectra.
    IEEE Transactions on Audio and Electroacoustics 15(2).

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.series import SeriesReader, SpectralSeries
    >>> seconds = np.arange(500) / 100
    >>> rhythms = [np.sin(2 * np.pi * 10 * seconds), np.sin(2 * np.pi * 20 * seconds)]
    >>> bands = {"alpha": (8, 13), "beta": (13, 30)}
    >>> spectral = SpectralSeries(
    ...     bands, scale="share", moments=["peak"], segment_length=100, reader=SeriesReader(100)
    ... )
    >>> spectral.fit_transform(rhythms).round(2)
    array([[ 1.,  0., 10.],
           [ 0.,  1., 20.]], dtype=float32)
    >>> spectral.get_feature_names_out().tolist()
    ['channel0_alpha', 'channel0_beta', 'channel0_peak']
    """

    def __init__(
        self,
        bands: Bands = 8,
        *,
        scale: str = "decibel",
        moments: Sequence[str] = ("centroid", "spread", "entropy", "peak"),
        segment_length: int = 256,
        overlap: float = 0.5,
        window: Any = "hann",
        reader: SeriesReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 64,
        n_jobs: int | None = None,
    ) -> None:
        self.bands = bands
        self.scale = scale
        self.moments = moments
        self.segment_length = segment_length
        self.overlap = overlap
        self.window = window
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        super()._check_parameters()
        _check_bands(self.bands)
        check_choice("scale", self.scale, ["decibel", "power", "share"])
        if isinstance(self.moments, str):
            raise ValueError(f"moments={self.moments!r} is not a list of names.")
        for name in self.moments:
            check_choice("moments", name, list(_MOMENTS))
        check_number("segment_length", self.segment_length, low=1, integer=True)
        check_number("overlap", self.overlap, low=0, high=0.99)
        try:
            scipy.signal.get_window(self.window, 8)
        except (TypeError, ValueError) as error:
            raise ValueError(f"window={self.window!r} is no window of scipy.signal.") from error

    def _learn(self, column: RawColumn, y: Any) -> None:
        _, series = self._first_readable(column)
        self._learn_channels(series)
        self.sample_rate_ = series.sample_rate
        highest = 0.5 * (self.sample_rate_ or 1)
        for name, (low, _) in self._edges().items():
            if low >= highest:
                unit = "per point" if self.sample_rate_ is None else "Hz"
                raise ValueError(
                    f"bands={self.bands!r}: {name} begins at {low:g}, but the spectrum ends at "
                    f"{highest:g} {unit}. Where the rate is not known, give it with "
                    "reader=SeriesReader(sample_rate=...)."
                )

    def _fingerprint_state(self) -> Any:
        return {"channels": self.channels_, "sample_rate": self.sample_rate_}

    def _edges(self) -> dict[str, tuple[float, float]]:
        """Name and edges of each band, the last one closed at half the rate."""
        if isinstance(self.bands, Mapping):
            return {name: (low, high) for name, (low, high) in self.bands.items()}
        edges = self.bands
        if isinstance(edges, int | np.integer):
            edges = np.linspace(0, 0.5 * (self.sample_rate_ or 1), int(edges) + 1).tolist()
        return {f"band{number}": pair for number, pair in enumerate(pairwise(edges))}

    def _feature_names(self) -> Iterator[str]:
        for ending in [*self._edges(), *self.moments]:
            yield from (f"{channel}_{ending}" for channel in self.channels_)

    def _prepare_series(self, series: Series) -> np.ndarray:
        if (series.sample_rate is None) != (self.sample_rate_ is None):
            seen = "none" if self.sample_rate_ is None else f"{self.sample_rate_:g} Hz"
            raise ReadError(
                f"a sample rate of {series.sample_rate} Hz, but fit saw {seen}: give "
                "SeriesReader(sample_rate=...)",
                "check",
            )
        frequencies, power = self._power(series)
        spectrum = _Spectrum(frequencies, power)
        edges = self._edges().values()
        bands = np.stack([power[_in_band(frequencies, *pair)].sum(axis=0) for pair in edges])
        moments = [_MOMENTS[name](spectrum) for name in self.moments]
        return np.concatenate([self._scaled(bands, power).ravel(), *moments])

    def _power(self, series: Series) -> tuple[np.ndarray, np.ndarray]:
        """Return frequencies and the power of each of them, shape (n_bins, channels)."""
        n_segment = min(self.segment_length, series.n_points)
        rate = series.sample_rate or 1.0
        frequencies, density = scipy.signal.welch(
            Moments(series.values.astype(np.float64)).centred,
            fs=rate,
            window=self.window,
            nperseg=n_segment,
            noverlap=min(int(self.overlap * n_segment), n_segment - 1),
            axis=0,
        )
        return frequencies, density * rate / n_segment

    def _scaled(self, bands: np.ndarray, power: np.ndarray) -> np.ndarray:
        if self.scale == "decibel":
            return 10 * np.log10(np.maximum(bands, SMALLEST_POWER))
        if self.scale == "share":
            total = power.sum(axis=0)
            return bands / np.where(total > 0, total, 1)
        return bands


def _check_bands(bands: Any) -> None:
    """Raise ValueError unless these are bands."""
    if isinstance(bands, Mapping):
        pairs = list(bands.values())
    elif isinstance(bands, Sequence) and not isinstance(bands, str):
        pairs = list(pairwise(bands))
    else:
        check_number("bands", bands, low=1, integer=True)
        return
    if not pairs or not all(map(_is_band, pairs)):
        raise ValueError(
            f"bands={bands!r} is not a number of bands, rising edges of at least 0, or names "
            "with (low, high)."
        )


def _is_band(pair: Any) -> bool:
    try:
        low, high = pair
        return bool(0 <= low < high < np.inf)
    except (TypeError, ValueError):
        return False


def _in_band(frequencies: np.ndarray, low: float, high: float) -> np.ndarray:
    """Mask of the frequencies within a band; the highest of all closes the last one."""
    last = (frequencies == high) & (frequencies == frequencies[-1])
    return (frequencies >= low) & (frequencies < high) | last
