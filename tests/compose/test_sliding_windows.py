import numpy as np
import pytest
import soundfile
from made_videos import moving_square, write_video
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import mmsk
from mmsk.audio import MFCC, AudioReader
from mmsk.compose import SlidingWindows
from mmsk.compose import _sliding_windows as module
from mmsk.encoders import RecurrentEncoder
from mmsk.exceptions import BadCellWarning, ReadError
from mmsk.image import HOGEmbedder
from mmsk.samples import AudioClip
from mmsk.series import MiniRocketEmbedder, SeriesReader, SeriesStatistics
from mmsk.text import TfidfEmbedder, WordReader, WordVectorEmbedder
from mmsk.video import FrameEmbedder, MotionDescriptors, VideoReader

X = np.cumsum(np.random.default_rng(0).normal(size=(1000, 2)), axis=0)
STATISTICS = SeriesStatistics(["mean", "std"])
POOLINGS = {"mean": np.mean, "std": np.std, "min": np.min, "max": np.max}


def by_hand(extractor, windows):
    """Extract each window as a cell of its own, and pool the rows with NumPy."""
    rows = np.stack([clone(extractor).fit_transform([window])[0] for window in windows])
    return np.concatenate([pool(rows.astype(np.float64), axis=0) for pool in POOLINGS.values()])


def starts_of(n, length, hop):
    starts = list(range(0, max(0, n - length) + 1, hop))
    return starts if starts[-1] + length >= n else [*starts, n - length]


@pytest.mark.parametrize("length", [1, 7, 64, 999, 1000, 2000])
@pytest.mark.parametrize("hop", [None, 10, 300])
def test_windows_of_series_are_pooled(length, hop):
    windows = SlidingWindows(STATISTICS, window_length=length, hop_length=hop, pooling=POOLINGS)
    starts = starts_of(len(X), length, hop or max(1, length // 2))
    rows = STATISTICS.fit_transform([X[start : start + length] for start in starts])
    expected = np.concatenate([pool(rows.astype(float), axis=0) for pool in POOLINGS.values()])
    np.testing.assert_allclose(windows.fit_transform([X])[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("hop", [None, 0.35, 2.5])
def test_windows_of_sound_are_pooled(tmp_path, hop):
    rate = 8000
    sound = np.random.default_rng(0).normal(0, 0.1, (5 * rate + 123, 2)).astype(np.float32)
    soundfile.write(tmp_path / "sound.flac", sound, rate)
    extractor = MFCC(5, n_fft=512, sample_rate=11025)
    windows = SlidingWindows(extractor, window_length=1.0, hop_length=hop, pooling=POOLINGS)
    starts = starts_of(len(sound), rate, round((hop or 0.5) * rate))
    read, _ = soundfile.read(tmp_path / "sound.flac", dtype="float32")
    expected = by_hand(extractor, [(read[start : start + rate], rate) for start in starts])
    for cell in (tmp_path / "sound.flac", (read, rate)):
        np.testing.assert_allclose(windows.transform([cell])[0], expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("sampling", [{}, {"sampling": "stride", "step_seconds": 0.1}])
@pytest.mark.parametrize(
    "make",
    [
        lambda **which: MotionDescriptors(n_frames=4, grid=2, n_parts=2, frame_size=48, **which),
        lambda **which: FrameEmbedder(
            "squeezenet1_1", 4, weights=None, image_size=48, n_jobs=1, **which
        ),
    ],
)
def test_windows_of_videos_are_pooled(tmp_path, make, sampling):
    extractor, rate = make(**sampling), 10
    frames = moving_square(45)
    path = write_video(tmp_path / "clip.mov", frames, rate, "png", "rgb24")
    windows = SlidingWindows(extractor, window_length=2, hop_length=1, pooling=POOLINGS)
    # 4.5 seconds: 0 to 2, 1 to 3, 2 to 4, and up to the end.
    expected = by_hand(extractor, [(frames[s : s + 20], rate) for s in (0, 10, 20, 25)])
    for cell in (path, (frames, rate)):
        np.testing.assert_allclose(windows.transform([cell])[0], expected, rtol=1e-4, atol=1e-4)


def test_windows_of_texts_are_pooled(tmp_path):
    words = np.array(["Red", "green", "car", "cars", "day"])
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.savez(tmp_path / "vectors.npz", words=words, vectors=vectors)
    embedder = WordVectorEmbedder(tmp_path / "vectors.npz", lowercase=False)
    texts = ["A Red car, green cars; day.", "", "day", None]
    windows = SlidingWindows(embedder, window_length=2, hop_length=2, pooling=["mean", "max"])
    rows = windows.fit_transform(texts)
    parts = np.stack([vectors[0], vectors[[1, 2]].mean(axis=0), vectors[[3, 4]].mean(axis=0)])
    np.testing.assert_allclose(rows[0], np.concatenate([parts.mean(0), parts.max(0)]), rtol=1e-6)
    np.testing.assert_array_equal(rows[1], np.zeros(6))
    np.testing.assert_allclose(rows[2], np.tile(vectors[4], 2))
    assert np.isnan(rows[3]).all()
    assert windows.get_feature_names_out()[-1] == "wordvector2_max"


def test_every_point_is_in_a_window():
    peak = np.zeros(300)
    for place in (0, 127, 128, 299):
        cell = peak.copy()
        cell[place] = 1
        windows = SlidingWindows(SeriesStatistics(["max"]), window_length=128, pooling=["max"])
        assert windows.fit_transform([cell]).tolist() == [[1.0]]


def test_neighbours_change_no_bit_and_pieces_next_to_none(monkeypatch):
    cells = [X[:100], X, X[:40], X[300:]]
    windows = SlidingWindows(STATISTICS, window_length=8, hop_length=2).fit(cells)
    rows = windows.transform(cells)
    for cell, row in zip(cells, rows, strict=True):
        np.testing.assert_array_equal(windows.transform([cell])[0], row)
    for name, value in {"WINDOWS_AT_ONCE": 7, "BYTES_AT_ONCE": 200}.items():
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            np.testing.assert_allclose(windows.transform(cells), rows, rtol=1e-6)


def test_an_extractor_learns_from_windows():
    rocket = MiniRocketEmbedder(168, device="cpu")
    windows = SlidingWindows(rocket, window_length=32).fit([X, X[:50]])
    assert windows.extractor_.dilations_.tolist() == [1, 3]
    assert not hasattr(rocket, "biases_"), "the extractor that was given is left as it is"
    names = windows.get_feature_names_out()
    assert len(names) == 336
    assert names[0].endswith("_kernel012_dilation1_bias0_mean")


class Recorder(TransformerMixin, BaseEstimator):
    """Remembers what it is fitted on."""

    def fit(self, X, y=None):
        self.windows_, self.targets_ = list(X), y
        return self

    def transform(self, X):
        return np.zeros((len(X), 1), dtype=np.float32)

    def get_feature_names_out(self, input_features=None):
        return np.array(["zero"], dtype=object)


def test_windows_of_a_long_column_are_spread(monkeypatch):
    monkeypatch.setattr(module, "MOST_WINDOWS_LEARNED_FROM", 3)
    windows = SlidingWindows(Recorder(), window_length=8, reader=SeriesReader())
    assert len(windows.fit([X[:100]] * 5).extractor_.windows_) == 3
    windows.fit([np.arange(100.0)])
    first = [window.values[0, 0] for window in windows.extractor_.windows_]
    assert first == [0, 32, 64], "spread over the series"


def test_each_window_has_the_target_of_its_cell():
    windows = SlidingWindows(Recorder(), window_length=50, reader=SeriesReader())
    windows.fit([X[:100], None, X[:25], X[:50]], ["a", "b", "c", "d"])
    assert list(windows.extractor_.targets_) == ["a", "a", "a", "c", "d"]
    assert windows.fit([X[:100]]).extractor_.targets_ is None
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        windows.fit([X[:100]], ["a", "b"])


def test_an_encoder_learns_from_windows_with_targets():
    time = np.arange(80)
    waves = [np.sin(time / period) for period in (2, 8)] * 4
    encoder = RecurrentEncoder(2, hidden_size=4, max_epochs=2, random_state=0, device="cpu")
    windows = SlidingWindows(encoder, window_length=20)
    assert windows.fit_transform(waves, ["fast", "slow"] * 4).shape == (8, 4)
    with pytest.raises(ValueError, match="the target y is None"):
        windows.fit(waves)


def test_encoders_of_what_extractors_give_read_with_these():
    motion = MotionDescriptors(["difference"], 4, grid=2, n_parts=1)
    network = {"hidden_size": 4, "max_epochs": 1, "random_state": 0, "device": "cpu"}
    encoder = RecurrentEncoder(2, sequence=motion, **network)
    clips = [(moving_square(12)[:, ::step], 6) for step in (1, 2, 3, 4)]
    windows = SlidingWindows(encoder, window_length=1)
    assert windows.fit_transform(clips, [0, 1, 0, 1]).shape == (4, 4)
    read = list(windows._windows(clips[0]))
    assert [len(clip) for clip in read] == [4, 4, 4], "no more frames than are taken"
    texts = ["a red car and a green car"] * 2 + ["two apples a day and an apple"] * 2
    words = SlidingWindows(RecurrentEncoder(2, sequence="words", **network), window_length=3)
    assert words.fit_transform(texts, [0, 0, 1, 1]).shape == (4, 4)


def test_an_extractor_that_does_not_learn_reads_nothing_in_fit():
    windows = SlidingWindows(MFCC(3), window_length=1)
    assert not hasattr(windows.fit(["no such file.wav"]), "extractor_")
    assert windows.get_feature_names_out()[0] == "mfcc0_mean_mean"


def test_pipelines_read_with_their_first_step():
    generator = np.random.default_rng(0)
    sounds = [(generator.normal(size=16000), 8000) for _ in range(4)]
    steps = make_pipeline(MFCC(6, sample_rate=8000), PCA(2))
    rows = SlidingWindows(steps, window_length=0.5).fit_transform(sounds)
    assert rows.shape == (4, 4)


def test_samples_are_the_cells_of_other_extractors():
    loudness = FunctionTransformer(
        lambda clips: np.array([[np.abs(clip.samples).max()] for clip in clips]),
        feature_names_out=lambda self, names: ["loudness"],
    )
    windows = SlidingWindows(loudness, window_length=1, pooling=["max"], reader=AudioReader())
    sound = np.linspace(-0.5, 0.25, 300, dtype=np.float32)
    assert windows.transform([AudioClip(sound, 100)]).tolist() == [[0.5]]


def test_what_is_sparse_is_refused():
    with pytest.raises(ValueError, match="TfidfEmbedder gives sparse rows"):
        SlidingWindows(TfidfEmbedder(), window_length=3).fit_transform(["a red car and more"])


def test_bad_cells_are_named_with_their_window(tmp_path):
    good = np.random.default_rng(0).normal(size=16000), 8000
    (tmp_path / "bad.wav").write_bytes(b"nothing")
    windows = SlidingWindows(MFCC(3), window_length=1)
    with pytest.raises(ReadError, match=r"^row 1 .*: not an audio file") as caught:
        windows.transform([good, str(tmp_path / "bad.wav")])
    assert caught.value.stage == "decode"
    windows.set_params(on_error="missing")
    with pytest.warns(BadCellWarning, match="row 1"):
        rows = windows.transform([good, str(tmp_path / "bad.wav")])
    assert np.isnan(rows).all(axis=1).tolist() == [False, True]
    strict = SlidingWindows(
        MFCC(3, reader=AudioReader(min_seconds=1.5)), window_length=1, reader=AudioReader()
    )
    with pytest.raises(ReadError, match=r"^row 0 .*: window 0: 1\.000 seconds, under min_seconds"):
        strict.transform([good])


def test_channels_are_those_of_fit():
    with pytest.raises(ReadError, match=r"^row 1 .*: window 0: 1 channels, but fit saw 2"):
        SlidingWindows(STATISTICS, window_length=128).fit([X]).transform([X, X[:, :1]])
    rocket = SlidingWindows(MiniRocketEmbedder(84, device="cpu"), window_length=128)
    cells = [X, X, X[:, :1]]
    with pytest.raises(ReadError, match=r"^row 2 .*: 1 channels, but fit saw 2"):
        rocket.fit(cells)
    rocket.set_params(on_error="missing").fit(cells)
    with pytest.warns(BadCellWarning, match="row 2"):
        assert np.isnan(rocket.transform(cells)).any(axis=1).tolist() == [False, False, True]


def test_rows_are_kept_by_content_and_by_what_was_learned(tmp_path):
    soundfile.write(tmp_path / "sound.wav", np.random.default_rng(0).normal(0, 0.1, 9000), 8000)
    path = str(tmp_path / "sound.wav")
    rocket = MiniRocketEmbedder(84, device="cpu", random_state=0)
    with mmsk.config_context(cache_dir=tmp_path / "store", cache=True):
        for reader in (None, AudioReader(max_seconds=5)):
            windows = SlidingWindows(MFCC(3), window_length=0.5, reader=reader)
            np.testing.assert_array_equal(windows.transform([path]), windows.transform([path]))
        SlidingWindows(rocket, window_length=32).fit([X]).transform([X, X[:50].tolist()])
        SlidingWindows(rocket, window_length=32).fit([2 * X]).transform([X])
        words = WordReader(lowercase=False)
        lengths = FunctionTransformer(  # has no plain parameters: its rows are not kept
            len, feature_names_out=lambda self, names: ["length"]
        )
        assert SlidingWindows(lengths, window_length=2, reader=words)._strings_are == "text"
        info = mmsk.cache_info()
    assert set(info["extractor"]) == {"SlidingWindows"}, "rows of windows are not kept"
    assert sorted(zip(info["rows"], info["hits"], strict=True)) == [(1, 0), (1, 1), (1, 1), (2, 0)]


def test_the_store_stays_on_for_others_meanwhile(tmp_path, monkeypatch):
    seen = []

    def rows(clips):
        seen.append(mmsk.get_config()["cache"])
        return np.zeros((len(clips), 1))

    inner = FunctionTransformer(rows, feature_names_out=lambda self, names: ["zero"])
    windows = SlidingWindows(inner, window_length=8, reader=SeriesReader())
    with mmsk.config_context(cache=True):
        windows.transform([X[:8]])
        assert mmsk.get_config()["cache"]
    assert seen == [False]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"extractor": "statistics"}, "extractor='statistics' is no extractor. Give an instance"),
        ({"extractor": SeriesStatistics}, "is no extractor. Give an instance"),
        ({"window_length": 0}, "window_length=0 is not an integer of at least 1"),
        ({"window_length": 1.5}, "window_length=1.5 is not an integer of at least 1"),
        ({"hop_length": 0}, "hop_length=0 is not an integer of at least 1"),
        ({"pooling": "mean"}, "pooling='mean' is not a list of names"),
        ({"pooling": []}, r"pooling=\[\] is not a list of names"),
        ({"pooling": ["median"]}, "pooling='median' is not one of 'mean', 'std', 'min', 'max'"),
        ({"extractor": SeriesStatistics(["mena"])}, "statistics='mena' is not one of"),
        ({"extractor": MFCC(), "window_length": 0}, "window_length=0 is not a number of at least"),
        ({"extractor": MFCC(), "hop_length": -1}, "hop_length=-1 is not a number of at least"),
        ({"extractor": MFCC(n_mfcc=0)}, "n_mfcc=0 is not"),
        ({"extractor": MFCC(on_error="missing")}, "extractor__on_error='missing' is not 'raise'"),
        ({"extractor": HOGEmbedder()}, r"reader=None with extractor=HOGEmbedder\(\) does not say"),
        ({"extractor": PCA()}, r"Give reader=AudioReader\(\), VideoReader\(\), SeriesReader\(\)"),
        ({"reader": SeriesReader}, "does not say how cells are read in windows"),
        ({"reader": VideoReader(max_pixels=0), "window_length": 1}, "max_pixels=0 is not"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    given = {"extractor": STATISTICS, "window_length": 128} | parameters
    with pytest.raises(ValueError, match=reason):
        SlidingWindows(**given).fit([X])


def test_nothing_to_learn_from():
    with pytest.raises(ValueError, match="No window to learn from: 2 cells, none"):
        SlidingWindows(STATISTICS, window_length=8).fit([None, None])
