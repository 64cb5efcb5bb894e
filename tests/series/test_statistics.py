from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from sklearn.exceptions import NotFittedError

from mmsk.exceptions import ReadError
from mmsk.series import SeriesStatistics

GENERATOR = np.random.default_rng(0)
X = (np.cumsum(GENERATOR.normal(size=(200, 3)), axis=0) + [0, 5, -2]).astype(np.float32)
VALUES = X.astype(np.float64)
TIME = np.arange(200)


def row(values, statistics=None, **parameters):
    return SeriesStatistics(statistics, **parameters).fit_transform([values])[0]


def slopes(values):
    return np.polyfit(np.arange(len(values)), values, 1)[0]


REFERENCES = {
    "mean": np.mean(VALUES, axis=0),
    "std": np.std(VALUES, axis=0),
    "skewness": scipy.stats.skew(VALUES),
    "kurtosis": scipy.stats.kurtosis(VALUES),
    "min": VALUES.min(axis=0),
    "max": VALUES.max(axis=0),
    "energy": (VALUES**2).mean(axis=0),
    "change": np.abs(np.diff(VALUES, axis=0)).mean(axis=0),
    "trend": slopes(VALUES) * 199,
    "linearity": [scipy.stats.linregress(TIME, channel).rvalue for channel in VALUES.T],
    "zero_crossings": [
        sum((a >= 0) != (b >= 0) for a, b in pairwise(channel)) / 199 for channel in VALUES.T
    ],
    "mean_crossings": [
        (np.abs(np.diff(np.sign(channel - channel.mean()))) == 2).mean() for channel in VALUES.T
    ],
    "quantiles": np.quantile(VALUES, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0).ravel(),
    "autocorrelation": [
        np.correlate(channel, channel, "full")[199 + lag] / (channel @ channel)
        for lag in (1, 2, 4, 8, 16)
        for channel in (VALUES - VALUES.mean(axis=0)).T
    ],
    "correlation": np.corrcoef(VALUES.T)[np.triu_indices(3, 1)],
}


@pytest.mark.parametrize("name", REFERENCES)
def test_each_statistic_is_numpys_or_scipys(name):
    np.testing.assert_allclose(row(X, [name]), REFERENCES[name], rtol=1e-6, atol=1e-6)


def test_all_together_equal_each_alone():
    statistics = SeriesStatistics().fit([X])
    together = row(X)
    assert len(together) == len(set(statistics.get_feature_names_out())) == 69
    alone = [row(X, [name]) for name in REFERENCES]
    np.testing.assert_array_equal(np.concatenate(alone), together)


def test_names_come_from_the_channels():
    frame = pd.DataFrame(X[:, :2], columns=["x", "y"])
    statistics = SeriesStatistics(["quantiles", "autocorrelation", "correlation"], quantiles=[0.5])
    statistics.set_params(lags=[3]).fit([frame])
    assert statistics.get_feature_names_out().tolist() == [
        "x_quantile0.5",
        "y_quantile0.5",
        "x_autocorrelation3",
        "y_autocorrelation3",
        "x_y_correlation",
    ]
    assert statistics.channels_ == ["x", "y"]


UNDEFINED = ["std", "skewness", "kurtosis", "change", "trend", "linearity", "mean_crossings"]
UNDEFINED += ["autocorrelation", "correlation"]


@pytest.mark.parametrize("values", [[[3, 0.1]], np.full((50, 2), 0.1), np.full((50, 2), 1e30)])
def test_constant_and_single_points_give_zero(values):
    assert (row(values, UNDEFINED) == 0).all()
    assert np.isfinite(row(values)).all()


def test_one_constant_channel_beside_another():
    features = row(np.column_stack([VALUES[:, 0], np.full(200, 1 / 3)]), ["std", "correlation"])
    np.testing.assert_allclose(features, [VALUES[:, 0].std(), 0, 0], rtol=1e-6)


def test_a_lag_beyond_the_end_is_zero():
    assert row([1, 2, 4], ["autocorrelation"], lags=[3, 100]).tolist() == [0, 0]


def test_one_channel_has_no_pair():
    assert SeriesStatistics(["mean", "correlation"]).fit_transform([[1, 2]]).shape == (1, 1)


def test_channels_are_those_of_fit():
    statistics = SeriesStatistics(["mean"]).fit([None, X])
    with pytest.raises(ReadError, match=r"^row 1 .*: 2 channels, but fit saw 3$"):
        statistics.transform([X, X[:, :2]])
    named = pd.DataFrame(X[:, :2], columns=["x", "y"])
    statistics.fit([named])
    assert statistics.transform([X[:, :2]]).shape == (1, 2)
    with pytest.raises(ReadError, match=r"channels \['y', 'x'\], but fit saw \['x', 'y'\]"):
        statistics.transform([named[["y", "x"]]])


def test_a_store_tells_names_apart(tmp_path):
    from mmsk import config_context

    named = pd.DataFrame(X[:, :2], columns=["x", "y"])
    other = named[["y", "x"]].set_axis(["x", "y"], axis=1)[["y", "x"]]
    with config_context(cache_dir=tmp_path):
        statistics = SeriesStatistics(["mean"])
        statistics.fit_transform([named, X[:, :2], X[:, :2].tolist()])
        with pytest.raises(ReadError, match="but fit saw"):
            statistics.transform([other])


def test_fit_needs_a_series():
    with pytest.raises(ValueError, match="SeriesStatistics learns from the column: call fit"):
        SeriesStatistics().fit()
    with pytest.raises(NotFittedError, match="not fitted yet"):
        SeriesStatistics().transform([X])
    with pytest.raises(NotFittedError, match="not fitted yet"):
        SeriesStatistics().get_feature_names_out()
    with pytest.raises(ValueError, match="No series to learn from: 2 cells, none that is present"):
        SeriesStatistics().fit([None, None])
    with pytest.raises(ReadError, match=r"^row 1, column 'x' \(int\): not a series"):
        SeriesStatistics().fit(pd.Series([None, 3, X], name="x", dtype=object))
    assert SeriesStatistics(on_error="missing").fit([3, [1, 2]]).channels_ == ["channel0"]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"statistics": ["mena"]}, "statistics='mena' is not one of 'mean', 'std'"),
        ({"statistics": "mean"}, "statistics='mean' is not a list of names"),
        ({"statistics": []}, r"statistics=\[\] is not a list of names"),
        ({"quantiles": [2]}, "quantiles=2 is not a number of at least 0 and at most 1"),
        ({"lags": [0]}, "lags=0 is not an integer of at least 1"),
        ({"reader": "csv"}, "reader='csv' is not a SeriesReader or None"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        SeriesStatistics(**parameters).fit([X])
