import librosa
import numpy as np

from mmsk.audio import LogMelEmbedder

RATE = 16_000


def test_levels_are_librosas(sound):
    mel = librosa.feature.melspectrogram(y=sound, sr=RATE, n_mels=64, fmin=50.0)
    embedder = LogMelEmbedder(64, sample_rate=RATE, fmin=50.0)
    levels = embedder.frames((sound, RATE))
    np.testing.assert_allclose(levels, librosa.power_to_db(mel), atol=1e-3)


def test_names():
    names = LogMelEmbedder(2).get_feature_names_out()
    assert names.tolist() == ["mel0_mean", "mel1_mean", "mel0_std", "mel1_std"]


def test_silence_and_one_sample_give_finite_features():
    features = LogMelEmbedder().transform([(np.zeros(5000), RATE), (np.ones(1), RATE), None])
    assert np.isfinite(features).all(axis=1).tolist() == [True, True, False]
