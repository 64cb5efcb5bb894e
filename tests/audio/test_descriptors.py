import librosa
import numpy as np
import pytest

from mmsk.audio import AudioDescriptors

RATE = 22_050


@pytest.fixture(scope="module")
def music():
    """Two seconds of a chord with a beat."""
    time = np.arange(2 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (261.6, 329.6, 392.0))
    noise = np.random.default_rng(0).normal(size=len(time))
    return (0.1 * chord * (1 + np.sign(np.sin(4 * np.pi * time))) + 0.01 * noise).astype("f4")


def references(y):
    return {
        "centroid": librosa.feature.spectral_centroid(y=y, sr=RATE),
        "bandwidth": librosa.feature.spectral_bandwidth(y=y, sr=RATE),
        "rolloff": librosa.feature.spectral_rolloff(y=y, sr=RATE),
        "contrast": librosa.feature.spectral_contrast(y=y, sr=RATE),
        "flatness": librosa.feature.spectral_flatness(y=y),
        "chroma": librosa.feature.chroma_stft(y=y, sr=RATE, tuning=0.0),
        "zero_crossing_rate": librosa.feature.zero_crossing_rate(y),
        "rms": librosa.feature.rms(y=y),
    }


def test_each_descriptor_is_librosas(music):
    for name, reference in references(music).items():
        expected = np.concatenate([reference.mean(axis=1), reference.std(axis=1)])
        (row,) = AudioDescriptors([name]).transform([(music, RATE)])
        np.testing.assert_allclose(row, expected, rtol=2e-4, atol=1e-5, err_msg=name)


def test_tempo_is_librosas(music):
    (row,) = AudioDescriptors(["tempo"]).transform([(music, RATE)])
    np.testing.assert_allclose(row, librosa.feature.tempo(y=music, sr=RATE), rtol=1e-6)


def test_all_together_equal_each_alone(music):
    together = AudioDescriptors()
    names = together.get_feature_names_out().tolist()
    (row,) = together.transform([(music, RATE)])
    assert len(row) == len(names) == len(set(names)) == 51
    for name in (*references(music), "tempo"):
        alone = AudioDescriptors([name])
        places = [names.index(feature) for feature in alone.get_feature_names_out()]
        np.testing.assert_array_equal(alone.transform([(music, RATE)])[0], row[places])


@pytest.mark.parametrize("rate", [1000, 8000, 22050])
@pytest.mark.parametrize("n_samples", [1, 100, 5000])
@pytest.mark.parametrize("level", [0.0, 0.5])
def test_silence_and_short_sounds_give_finite_features(rate, n_samples, level):
    descriptors = AudioDescriptors(sample_rate=rate)
    features = descriptors.transform([(np.full(n_samples, level), rate)])
    assert features.shape == (1, len(descriptors.get_feature_names_out()))
    assert np.isfinite(features).all()


def test_fixed_frames(music):
    descriptors = AudioDescriptors(["rms", "tempo"], pooling=None, n_frames=3)
    assert descriptors.get_feature_names_out().tolist() == [
        "rms_frame0",
        "rms_frame1",
        "rms_frame2",
        "tempo",
    ]
    features = descriptors.transform([(music, RATE), (music[:10], RATE)])
    np.testing.assert_allclose(features[0, :3], librosa.feature.rms(y=music)[0, :3], rtol=1e-6)


def test_threads_and_neighbours_change_no_bit(music):
    cells = [(music[start:], RATE) for start in (0, 5000, 20_000)]
    rows = AudioDescriptors(n_jobs=2).transform(cells)
    np.testing.assert_array_equal(AudioDescriptors().transform(cells[2:])[0], rows[2])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"descriptors": ["centriod"]}, "descriptors='centriod' is not one of 'centroid'"),
        ({"descriptors": "centroid"}, "descriptors='centroid' is not a list of names"),
        ({"descriptors": []}, r"descriptors=\[\] is not a list of names"),
        ({"sample_rate": 500}, "sample_rate=500 is not an integer of at least 1000"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        AudioDescriptors(**parameters).fit()
