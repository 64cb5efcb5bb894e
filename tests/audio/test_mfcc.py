import joblib
import librosa
import numpy as np
import pytest

from mmsk.audio import MFCC, AudioReader

WITHIN = {"float32": 1e-3, "float64": 1.5e-4}
RATES = [8000, 22050, 44100]


def signals(rate, seconds):
    """Sounds that stress a transform: wide and narrow spectra, silence, jumps, great range."""
    n_samples = rate * seconds
    time = np.arange(n_samples) / rate
    noise = np.random.default_rng(0).normal(size=n_samples)
    tone = np.sin(2 * np.pi * 440 * time)
    return {
        "noise": 0.1 * noise,
        "tone": tone,
        "tone above faint noise": tone + 1e-5 * noise,
        "silence": np.zeros(n_samples),
        "tone, then silence": np.where(time < seconds / 2, tone, 0),
        "click": np.eye(1, n_samples, n_samples // 2)[0],
        "loud": 5 * noise,
        "one value": np.ones(n_samples),
    }


def assert_equals_librosa(samples, rate, **parameters):
    reference = librosa.feature.mfcc(y=samples, sr=rate, **parameters)
    for precision, within in WITHIN.items():
        mfcc = MFCC(sample_rate=rate, precision=precision, device="cpu", **parameters)
        frames = mfcc.frames((samples, rate))
        assert frames.dtype == precision
        np.testing.assert_allclose(frames, reference, rtol=0, atol=within)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [1, 30])
def test_defaults_equal_librosa(rate, seconds):
    for samples in signals(rate, seconds).values():
        assert_equals_librosa(samples.astype(np.float32), rate)


def test_real_sounds_equal_librosa(real_sounds):
    for path in real_sounds:
        for rate in (None, 22050):
            clip = AudioReader().read(path, rate)
            assert_equals_librosa(clip.samples, clip.sample_rate)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_mfcc": 40},
        {"n_fft": 1024, "hop_length": 300},
        {"n_fft": 2047},
        {"win_length": 1000},
        {"window": "hamming"},
        {"window": ("kaiser", 4.0)},
        {"center": False},
        {"pad_mode": "reflect"},
        {"pad_mode": "edge"},
        {"power": 1.0},
        {"n_mels": 40, "fmin": 100.0, "fmax": 5000.0},
        {"htk": True},
        {"mel_norm": None},
        {"mel_norm": 2.0},
        {"dct_type": 1},
        {"dct_type": 3},
        {"norm": None, "n_mels": 20},
        {"lifter": 22},
    ],
    ids=str,
)
def test_every_parameter_is_librosas(parameters):
    assert_equals_librosa(signals(22050, 1)["noise"].astype(np.float32), 22050, **parameters)


@pytest.mark.parametrize("top_db", [None, 20.0])
def test_top_db_is_librosas(sound, top_db):
    mel = librosa.feature.melspectrogram(y=sound, sr=16000)
    reference = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=top_db))
    frames = MFCC(sample_rate=16000, top_db=top_db).frames((sound, 16000))
    np.testing.assert_allclose(frames, reference, rtol=0, atol=1e-3)


def test_deltas_are_librosas(sound):
    values = MFCC(deltas=2, precision="float64").frames((sound, 16000))
    plain = values[:20]
    np.testing.assert_allclose(values[20:40], librosa.feature.delta(plain), atol=1e-10)
    np.testing.assert_allclose(values[40:], librosa.feature.delta(plain, order=2), atol=1e-10)


@pytest.mark.parametrize("n_samples", [1, 2, 100, 2047, 2048, 3000])
@pytest.mark.parametrize("center", [True, False])
def test_short_sounds_give_finite_features(n_samples, center):
    mfcc = MFCC(deltas=2, center=center, pad_mode="reflect")
    features = mfcc.transform([(np.full(n_samples, 0.5), 22050)])
    assert np.isfinite(features).all()


def test_a_neighbour_changes_no_bit(sound):
    generator = np.random.default_rng(1)
    cells = [(sound[: generator.integers(1, 16000)], 16000) for _ in range(9)]
    cells.append((1e-3 * sound, 16000))
    mfcc = MFCC(deltas=1, batch_size=4, device="cpu")
    rows = mfcc.transform(cells)
    order = generator.permutation(10)
    np.testing.assert_array_equal(mfcc.transform([cells[i] for i in order]), rows[order])
    np.testing.assert_array_equal(mfcc.set_params(n_jobs=2).transform(cells), rows)
    for i in (0, 5, 9):
        np.testing.assert_array_equal(mfcc.transform([cells[i]])[0], rows[i])


def test_rows_are_statistics_of_the_frames(sound):
    mfcc = MFCC(5, pooling=["mean", "q25", "max"])
    frames = mfcc.frames((sound, 16000))
    expected = [frames.mean(axis=1), np.quantile(frames, 0.25, axis=1), frames.max(axis=1)]
    np.testing.assert_allclose(
        mfcc.transform([(sound, 16000)])[0], np.concatenate(expected), rtol=1e-5
    )


def test_fixed_frames_are_cut_or_filled_with_silence(sound):
    mfcc = MFCC(5, pooling=None, n_frames=60)
    (row,) = mfcc.transform([(sound, 22050)])
    longer = mfcc.frames((np.pad(sound, (0, 30_000)), 22050))
    np.testing.assert_allclose(row.reshape(60, 5), longer[:, :60].T, atol=1e-3)
    (cut,) = mfcc.set_params(n_frames=3).transform([(sound, 22050)])
    np.testing.assert_array_equal(cut.reshape(3, 5).T, mfcc.frames((sound, 22050))[:, :3])


def test_names():
    mfcc = MFCC(2, deltas=2, pooling=["mean", "q25"])
    assert mfcc.get_feature_names_out()[:7].tolist() == [
        "mfcc0_mean",
        "mfcc1_mean",
        "mfcc0_delta_mean",
        "mfcc1_delta_mean",
        "mfcc0_delta2_mean",
        "mfcc1_delta2_mean",
        "mfcc0_q25",
    ]
    fixed = MFCC(2, pooling=None, n_frames=2).get_feature_names_out()
    assert fixed.tolist() == ["mfcc0_frame0", "mfcc1_frame0", "mfcc0_frame1", "mfcc1_frame1"]


def test_a_loaded_copy_gives_the_same_bits(tmp_path, sound):
    mfcc = MFCC(reader=AudioReader(max_seconds=5)).fit()
    joblib.dump(mfcc, tmp_path / "mfcc.joblib")
    loaded = joblib.load(tmp_path / "mfcc.joblib")
    cells = [(sound, 16000), None]
    np.testing.assert_array_equal(loaded.transform(cells), mfcc.transform(cells))


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"n_mfcc": 0}, "n_mfcc=0 is not an integer of at least 1"),
        ({"n_mfcc": 200}, "n_mfcc=200 is more than n_mels=128, the bands"),
        ({"sample_rate": 0}, "sample_rate=0 is not"),
        ({"n_fft": 1}, "n_fft=1 is not"),
        ({"hop_length": 0}, "hop_length=0 is not"),
        ({"win_length": 0}, "win_length=0 is not an integer of at least 1"),
        ({"win_length": 4096}, "win_length=4096 is more than n_fft=2048, the samples of a frame"),
        ({"window": "round"}, "window='round' is not a window of scipy.signal.get_window"),
        ({"window": ["kaiser", 4.0]}, "is not a name, a number or a tuple"),
        ({"center": 1}, "center=1 is not one of True, False"),
        ({"pad_mode": "wrap"}, "pad_mode='wrap' is not one of 'constant'"),
        ({"power": 0}, "power=0 is not a number above 0"),
        ({"n_mels": 0}, "n_mels=0 is not"),
        ({"fmin": -1}, "fmin=-1 is not"),
        ({"fmax": "high"}, "fmax='high' is not a number above 0"),
        ({"fmax": 20_000}, "fmax=20000 is not above fmin=0.0 and at most 11025, half of sample"),
        ({"htk": "yes"}, "htk='yes' is not one of"),
        ({"mel_norm": "slane"}, "mel_norm='slane' is not one of 'slaney', None"),
        ({"top_db": -1}, "top_db=-1 is not"),
        ({"dct_type": 4}, "dct_type=4 is not one of 1, 2, 3"),
        ({"norm": "forward"}, "norm='forward' is not one of"),
        ({"lifter": -1}, "lifter=-1 is not"),
        ({"deltas": 3}, "deltas=3 is not one of 0, 1, 2"),
        ({"precision": "float16"}, "precision='float16' is not one of"),
        ({"device": "gpu"}, "device='gpu' is not one of"),
        ({"pooling": ["mean", "mode"]}, "is not one of 'mean', 'std'"),
        ({"pooling": []}, "is not one of 'mean', 'std'"),
        ({"pooling": 3}, "pooling=3 is not one of"),
        ({"pooling": "q101"}, "pooling='q101' is not one of"),
        ({"pooling": None}, "give their number as n_frames"),
        ({"n_frames": 5}, "n_frames=5 is used only with pooling=None"),
        ({"pooling": None, "n_frames": 0}, "n_frames=0 is not"),
    ],
    ids=str,
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        MFCC(**parameters).fit()
