import librosa
import numpy as np
import pytest

from mmsk.audio import STFTEmbedder

RATE = 16_000


@pytest.mark.parametrize("power", [1.0, 2.0, 1.5])
def test_bins_are_librosas(sound, power):
    magnitudes = np.abs(librosa.stft(sound, n_fft=512))
    # Single bins may be far below the loudest, where only float64 resolves them.
    embedder = STFTEmbedder(
        None, sample_rate=RATE, n_fft=512, hop_length=128, power=power, precision="float64"
    )
    levels = embedder.frames((sound, RATE))
    np.testing.assert_allclose(levels, librosa.power_to_db(magnitudes**power), atol=1e-3)
    assert len(embedder.get_feature_names_out()) == 2 * 257


def test_bands_are_means_of_bins(sound):
    power = np.abs(librosa.stft(sound, n_fft=510)) ** 2
    bands = power.reshape(8, 32, -1).mean(axis=1)
    embedder = STFTEmbedder(8, sample_rate=RATE, n_fft=510, hop_length=127)
    np.testing.assert_allclose(
        embedder.frames((sound, RATE)), librosa.power_to_db(bands), atol=1e-3
    )


def test_names():
    assert STFTEmbedder(2, pooling="max").get_feature_names_out().tolist() == [
        "band0_max",
        "band1_max",
    ]


def test_silence_and_one_sample_give_finite_features():
    features = STFTEmbedder().transform([(np.zeros(5000), RATE), (np.ones(1), RATE), None])
    assert np.isfinite(features).all(axis=1).tolist() == [True, True, False]


def test_more_bands_than_bins_are_refused():
    with pytest.raises(ValueError, match="n_bands=300 is not an integer of at least 1 and at most"):
        STFTEmbedder(300, n_fft=512).fit()
