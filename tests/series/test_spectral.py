import numpy as np
import pytest
import scipy.signal

from mmsk.exceptions import ReadError
from mmsk.samples import Series
from mmsk.series import SeriesReader, SpectralSeries

NOISE = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)
NOISE[:, 1] = np.cumsum(NOISE[:, 1])


def row(values, *arguments, **parameters):
    return SpectralSeries(*arguments, **parameters).fit_transform([values])[0]


def welch(values, rate=1.0, **options):
    options = {"nperseg": 256, "window": "hann", "axis": 0} | options
    frequencies, density = scipy.signal.welch(values.astype(np.float64), fs=rate, **options)
    return frequencies, density * frequencies[1]


def test_band_powers_are_scipys():
    frequencies, power = welch(NOISE, 100)
    low = power[frequencies < 10].sum(axis=0)
    high = power[(frequencies >= 10) & (frequencies < 50)].sum(axis=0)
    expected = np.concatenate([low, high])
    options = {"moments": [], "reader": SeriesReader(100)}
    features = row(NOISE, [0, 10, 50], scale="power", **options)
    np.testing.assert_allclose(features[:2], low, rtol=1e-6)
    np.testing.assert_allclose(features[2:], high + power[-1], rtol=1e-6)
    features = row(NOISE, {"a": (0, 10), "b": (10, 49.99)}, **options)
    np.testing.assert_allclose(features, 10 * np.log10(expected), rtol=1e-6)
    features = row(NOISE, {"a": (0, 10), "b": (10, 49.99)}, scale="share", **options)
    np.testing.assert_allclose(features, expected / np.tile(power.sum(axis=0), 2), rtol=1e-6)


def test_bands_of_equal_width_hold_all_power():
    shares = row(NOISE, 7, scale="share", moments=[]).reshape(7, 2)
    np.testing.assert_allclose(shares.sum(axis=0), 1, rtol=1e-6)


def test_moments_are_those_of_the_spectrum():
    frequencies, power = welch(NOISE, nperseg=100, noverlap=75, window="hamming")
    shares = power / power.sum(axis=0)
    centroid = (frequencies[:, None] * shares).sum(axis=0)
    spread = np.sqrt(((frequencies[:, None] - centroid) ** 2 * shares).sum(axis=0))
    entropy = scipy.stats.entropy(shares) / np.log(len(frequencies))
    peak = frequencies[power.argmax(axis=0)]
    options = {"segment_length": 100, "overlap": 0.75, "window": "hamming"}
    features = row(NOISE, 1, **options)[2:]
    np.testing.assert_allclose(features, [*centroid, *spread, *entropy, *peak], rtol=1e-6)


def test_a_tone_lies_in_its_band():
    tone = np.sin(2 * np.pi * 10 * np.arange(500) / 100)
    features = row(tone, {"low": (0, 8), "alpha": (8, 13)}, scale="share", reader=SeriesReader(100))
    np.testing.assert_allclose(features[:2], [0, 1], atol=1e-3)
    np.testing.assert_allclose([features[2], features[5]], [10, 10], rtol=0.05)


@pytest.mark.parametrize("n_points", [1, 2, 3, 9, 255])
@pytest.mark.parametrize("level", [0.0, 0.1, 1e30])
@pytest.mark.parametrize("scale", ["decibel", "power", "share"])
def test_short_and_constant_series_give_finite_features(n_points, level, scale):
    constant = row(np.full((n_points, 2), level), scale=scale)
    assert constant.tolist() == [-100.0 if scale == "decibel" else 0.0] * 16 + [0.0] * 8
    assert np.isfinite(row(NOISE[:n_points], scale=scale)).all()


def test_rates_are_known_of_all_or_of_none():
    rated = Series(NOISE, 50.0)
    spectral = SpectralSeries([0, 20]).fit([rated])
    assert spectral.sample_rate_ == 50
    with pytest.raises(ReadError, match="a sample rate of None Hz, but fit saw 50 Hz: give"):
        spectral.transform([NOISE])
    with pytest.raises(ReadError, match=r"a sample rate of 50\.0 Hz, but fit saw none"):
        SpectralSeries().fit([NOISE]).transform([rated])


def test_each_series_has_its_own_rate():
    spectral = SpectralSeries([0, 10, 20], moments=["peak"]).fit([Series(NOISE, 50.0)])
    tones = [
        Series(
            np.sin(2 * np.pi * 5 * np.arange(500) / rate)[:, None].repeat(2, 1).astype("f4"), rate
        )
        for rate in (50.0, 100.0)
    ]
    np.testing.assert_allclose(spectral.transform(tones)[:, -1], 5, rtol=0.05)


def test_names():
    spectral = SpectralSeries({"slow": (0, 0.1)}, moments=["peak"]).fit([NOISE])
    assert spectral.get_feature_names_out().tolist() == [
        "channel0_slow",
        "channel1_slow",
        "channel0_peak",
        "channel1_peak",
    ]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"bands": 0}, "bands=0 is not an integer of at least 1"),
        ({"bands": "alpha"}, "bands='alpha' is not an integer"),
        ({"bands": [1]}, r"bands=\[1\] is not a number of bands, rising edges"),
        ({"bands": [2, 1]}, r"bands=\[2, 1\] is not a number of bands, rising edges"),
        ({"bands": {"alpha": 8}}, r"bands={'alpha': 8} is not a number of bands"),
        (
            {"bands": {"alpha": (8, 13)}},
            "alpha begins at 8, but the spectrum ends at 0.5 per point",
        ),
        ({"scale": "log"}, "scale='log' is not one of 'decibel', 'power', 'share'"),
        ({"moments": ["mean"]}, "moments='mean' is not one of 'centroid', 'spread'"),
        ({"moments": "peak"}, "moments='peak' is not a list of names"),
        ({"segment_length": 0}, "segment_length=0 is not an integer"),
        ({"overlap": 1}, "overlap=1 is not a number of at least 0 and at most 0.99"),
        ({"window": "hanning?"}, r"window='hanning\?' is no window of scipy.signal"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        SpectralSeries(**parameters).fit([NOISE])
