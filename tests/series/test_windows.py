import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from mmsk.exceptions import ReadError
from mmsk.series import MiniRocketEmbedder, SeriesReader, SeriesStatistics, SlidingWindows
from mmsk.series import _windows as module

X = np.cumsum(np.random.default_rng(0).normal(size=(1000, 2)), axis=0)
STATISTICS = SeriesStatistics(["mean", "std"])


def rows_of_windows(values, length, hop):
    starts = list(range(0, max(0, len(values) - length) + 1, hop))
    if starts[-1] + length < len(values):
        starts.append(len(values) - length)
    windows = [values[start : start + length] for start in starts]
    return STATISTICS.fit_transform(windows).astype(np.float64)


@pytest.mark.parametrize("length", [1, 7, 64, 999, 1000, 2000])
@pytest.mark.parametrize("hop", [None, 1, 10, 300])
def test_windows_are_pooled(length, hop):
    windows = SlidingWindows(
        STATISTICS, window_length=length, hop_length=hop, pooling=["mean", "std", "min", "max"]
    )
    rows = rows_of_windows(X, length, hop or max(1, length // 2))
    expected = np.concatenate([pool(rows, axis=0) for pool in (np.mean, np.std, np.min, np.max)])
    np.testing.assert_allclose(windows.fit_transform([X])[0], expected, rtol=1e-5, atol=1e-6)


def test_every_point_is_in_a_window():
    peak = np.zeros(300)
    for place in (0, 127, 128, 299):
        cell = peak.copy()
        cell[place] = 1
        windows = SlidingWindows(SeriesStatistics(["max"]), window_length=128, pooling=["max"])
        assert windows.fit_transform([cell]).tolist() == [[1.0]]


def test_neighbours_and_pieces_change_no_bit(monkeypatch):
    cells = [X[:100], X, X[:40], X[300:]]
    windows = SlidingWindows(STATISTICS, window_length=8, hop_length=2).fit(cells)
    rows = windows.transform(cells)
    for cell, row in zip(cells, rows, strict=True):
        np.testing.assert_array_equal(windows.transform([cell])[0], row)
    monkeypatch.setattr(module, "WINDOWS_AT_ONCE", 7)
    np.testing.assert_allclose(windows.transform(cells), rows, rtol=1e-6)


def test_an_extractor_learns_from_windows():
    rocket = MiniRocketEmbedder(168, device="cpu")
    windows = SlidingWindows(rocket, window_length=32).fit([X, X[:50]])
    assert windows.extractor_.dilations_.tolist() == [1, 3]
    assert not hasattr(rocket, "biases_"), "the extractor that was given is left as it is"
    names = windows.get_feature_names_out()
    assert len(names) == 336
    assert names[0].endswith("_kernel012_dilation1_bias0_mean")


def test_windows_of_a_long_column_are_sampled(monkeypatch):
    monkeypatch.setattr(module, "MOST_WINDOWS_LEARNED_FROM", 3)
    seen = []
    counter = FunctionTransformer(lambda cells: np.zeros((len(cells), 1)))
    monkeypatch.setattr(
        FunctionTransformer, "fit", lambda self, X, y=None: seen.append(len(X)) or self
    )
    SlidingWindows(counter, window_length=8).fit([X[:100]] * 5)
    SlidingWindows(counter, window_length=8).fit([X[:100]])
    assert seen == [3, 3]


def test_windows_keep_rate_and_names():
    windows = SlidingWindows(STATISTICS, reader=SeriesReader(50))
    windows.fit([X])
    window = windows._window(windows._read(X), 5)
    assert (window.sample_rate, window.n_points) == (50, 128)


def test_channels_are_those_of_fit():
    with pytest.raises(ReadError, match=r"^row 1 .*: 1 channels, but fit saw 2"):
        SlidingWindows(STATISTICS).fit([X]).transform([X, X[:, :1]])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"extractor": "statistics"}, "extractor='statistics' is no extractor. Give an instance"),
        ({"extractor": SeriesStatistics}, "is no extractor. Give an instance"),
        ({"window_length": 0}, "window_length=0 is not an integer of at least 1"),
        ({"hop_length": 0}, "hop_length=0 is not an integer of at least 1"),
        ({"pooling": "mean"}, "pooling='mean' is not a list of names"),
        ({"pooling": []}, r"pooling=\[\] is not a list of names"),
        ({"pooling": ["median"]}, "pooling='median' is not one of 'mean', 'std', 'min', 'max'"),
        ({"extractor": SeriesStatistics(["mena"])}, "statistics='mena' is not one of"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        SlidingWindows(**{"extractor": STATISTICS} | parameters).fit([X])
