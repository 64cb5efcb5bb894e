from itertools import combinations

import numpy as np
import pytest
import torch

from mmsk import config_context
from mmsk.exceptions import ReadError
from mmsk.series import MiniRocketEmbedder
from mmsk.series._rocket import draw_channels, spread_dilations

GENERATOR = np.random.default_rng(0)


def walks(n_series, n_channels, low=40, high=60):
    lengths = GENERATOR.integers(low, high + 1, n_series)
    return [np.cumsum(GENERATOR.normal(size=(length, n_channels)), axis=0) for length in lengths]


WALKS = walks(12, 3)
KERNELS = [[2 if k in places else -1 for k in range(9)] for places in combinations(range(9), 3)]


def embedder(*arguments, **parameters):
    return MiniRocketEmbedder(*arguments, **{"device": "cpu"} | parameters)


def convolution(channel, kernel, dilation):
    """One kernel at each point of a channel, with zeros beyond its ends."""
    spaced = np.zeros(8 * dilation + 1)
    spaced[::dilation] = kernel
    padded = np.pad(channel, 4 * dilation)
    return np.correlate(padded, spaced, "valid")


def features_of(fitted, values):
    """MiniRocket by its definition, for one series of shape (time, channels)."""
    features = []
    n_points = len(values)
    for j, dilation in enumerate(fitted.dilations_):
        for k, kernel in enumerate(KERNELS):
            seen = fitted.kernel_channels_[84 * j + k]
            summed = sum(convolution(channel, kernel, dilation) for channel in values.T[seen])
            if (j + k) % 2 == 1 and 8 * dilation < n_points:
                summed = summed[4 * dilation : n_points - 4 * dilation]
            for _ in range(fitted.n_biases_[j]):
                features.append((summed > fitted.biases_[len(features)]).mean())
    return np.array(features)


def assert_close_shares(actual, expected, n_points):
    """Rounding may carry few values over a bias, by one point each."""
    assert actual.shape == expected.shape
    assert (np.abs(actual - expected) > 1e-6).mean() < 1e-3
    assert np.abs(actual - expected).max() < 3 / n_points


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("n_points", [1, 5, 9, 30, 70])
def test_features_are_those_of_the_definition(n_channels, n_points):
    fitted = embedder(840, scale=None).fit(walks(5, n_channels))
    (values,) = walks(1, n_channels, n_points, n_points)
    (row,) = fitted.transform([values])
    assert_close_shares(row, features_of(fitted, values.astype(np.float32)), max(1, n_points / 8))


def test_biases_are_quantiles_of_one_series():
    (values,) = walks(1, 1, 50, 50)
    fitted = embedder(168, scale=None).fit([values])
    shares = np.arange(1, 169) * (np.sqrt(5) + 1) / 2 % 1
    place = 0
    for dilation, n_biases in zip(fitted.dilations_, fitted.n_biases_, strict=True):
        for kernel in KERNELS:
            wanted = shares[place : place + n_biases]
            expected = np.quantile(convolution(values[:, 0], kernel, dilation), wanted)
            actual = fitted.biases_[place : place + n_biases]
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
            place += n_biases


def test_dilations_are_those_of_the_paper():
    dilations, n_biases = spread_dilations(150, 119, 32)
    assert dilations.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 18]
    assert n_biases.tolist() == [30, 15, 12, 12, 4, 8, 8, 4, 4, 4, 3, 3, 3, 3, 3, 3]
    for n_points in (1, 8, 9, 16):
        assert spread_dilations(n_points, 119, 32)[0].tolist() == [1]
    assert spread_dilations(1000, 2, 32)[1].tolist() == [1, 1]
    assert spread_dilations(1000, 100, 1)[1].tolist() == [100]


def test_channels_are_mostly_few():
    seen = draw_channels(2000, 20, np.random.default_rng(0))
    counts = np.bincount(seen.sum(axis=1), minlength=10)
    assert seen.any(axis=1).all()
    assert counts[1] > counts[2] > counts[3] > counts[9] > 0 == counts[0]
    assert len(counts) == 10
    assert draw_channels(50, 1, np.random.default_rng(0)).all()


def test_names_tell_channels_kernel_dilation_and_bias():
    fitted = embedder(168).fit(WALKS)
    names = fitted.get_feature_names_out()
    assert len(names) == len(set(names)) == 168
    seen = "+".join(f"channel{k}" for k in np.flatnonzero(fitted.kernel_channels_[1]))
    assert names[1] == f"{seen}_kernel013_dilation1_bias0"


def test_the_unit_of_a_channel_does_not_matter():
    scaled = [values * [1, 1000, 0.01] + [0, 5, 0] for values in WALKS]
    for scale in ("channel", "series"):
        rows = embedder(840, scale=scale).fit_transform(WALKS)
        assert_close_shares(embedder(840, scale=scale).fit_transform(scaled), rows, 10)
    fitted = embedder(84).fit(WALKS)
    joined = np.concatenate(WALKS)
    np.testing.assert_allclose(fitted.mean_, joined.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fitted.std_, joined.std(axis=0), rtol=1e-5)


def test_constant_channels_give_finite_features():
    cells = [np.column_stack([values, np.full(len(values), 1 / 3)]) for values in WALKS]
    for scale in ("channel", "series", None):
        assert np.isfinite(embedder(84, scale=scale).fit_transform(cells)).all()


def test_threads_and_neighbours_change_no_bit():
    rows = embedder(840).fit_transform(WALKS)
    for parameters in ({"n_jobs": 2}, {"batch_size": 1}, {"n_jobs": 2, "batch_size": 5}):
        np.testing.assert_array_equal(embedder(840, **parameters).fit_transform(WALKS), rows)
    np.testing.assert_array_equal(embedder(840).fit(WALKS).transform(WALKS[3:4])[0], rows[3])


def test_torch_gives_the_same():
    fitted = embedder(840).fit(WALKS)
    rows = fitted.transform(WALKS)
    flags = torch.backends.cudnn.allow_tf32
    in_torch = fitted._in_torch([fitted._prepare(cell) for cell in WALKS], "cpu")
    assert_close_shares(in_torch, rows, 10)
    assert torch.backends.cudnn.allow_tf32 == flags


@pytest.mark.gpu
def test_a_gpu_gives_the_same():
    fitted = embedder(840).fit(WALKS)
    rows = fitted.transform(WALKS)
    assert_close_shares(fitted.set_params(device="cuda").transform(WALKS), rows, 10)


def test_bad_cells_are_left_out_of_fit():
    cells = [3, *WALKS, "no-such-file.npy"]
    with pytest.raises(ReadError, match=r"^row 0 .*not a series: int"):
        embedder(84).fit(cells)
    skipping = embedder(84, on_error="missing").fit(cells)
    np.testing.assert_array_equal(skipping.biases_.shape, (84,))
    with pytest.raises(ReadError, match=r"^row 12 .*no such file"):
        embedder(84).fit([*WALKS, "no-such-file.npy"])


def test_many_series_are_sampled(monkeypatch):
    monkeypatch.setattr("mmsk.series._minirocket.MOST_SERIES_LEARNED_FROM", 4)
    fitted = embedder(84).fit(WALKS)
    np.testing.assert_array_equal(fitted.biases_, embedder(84).fit(WALKS).biases_)
    assert fitted.transform(WALKS).shape == (12, 84)


def test_the_store_tells_what_was_learned(tmp_path):
    with config_context(cache_dir=tmp_path):
        one = embedder(84).fit(WALKS[:6]).transform(WALKS)
        other = embedder(84).fit(WALKS[6:]).transform(WALKS)
        assert (one != other).any()
        np.testing.assert_array_equal(embedder(84).fit(WALKS[:6]).transform(WALKS), one)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"n_features": 83}, "n_features=83 is not an integer of at least 84"),
        ({"max_dilations": 0}, "max_dilations=0 is not an integer of at least 1"),
        ({"scale": "z"}, "scale='z' is not one of 'channel', 'series', None"),
        ({"random_state": None}, "random_state=None is not an integer of at least 0"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        embedder(**parameters).fit(WALKS)
