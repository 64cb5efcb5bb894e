import numpy as np
import pytest

from mmsk.samples import AudioClip, Image


def test_image():
    image = Image(np.zeros((48, 64, 3), dtype=np.uint8))
    assert (image.height, image.width) == (48, 64)
    assert repr(image) == "Image(height=48, width=64)"


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((4, 4), np.uint8), ((4, 4, 4), np.uint8), ((4, 4, 3), np.float32), ((1, 4, 4, 3), np.uint8)],
)
def test_image_of_another_form_is_refused(shape, dtype):
    with pytest.raises(ValueError, match=rf"must be uint8 of shape .* got {np.dtype(dtype)}"):
        Image(np.zeros(shape, dtype=dtype))


def test_audio_clip():
    clip = AudioClip(np.zeros(12_000, dtype=np.float32), 8_000)
    assert clip.duration_seconds == 1.5
    assert repr(clip) == "AudioClip(1.500 s at 8000 Hz)"


@pytest.mark.parametrize(("shape", "dtype"), [((5,), np.float64), ((5,), np.int16), ((5, 2), "f4")])
def test_audio_clip_of_another_form_is_refused(shape, dtype):
    with pytest.raises(ValueError, match=r"must be float32 of shape \(n_samples,\)"):
        AudioClip(np.zeros(shape, dtype=dtype), 8_000)


@pytest.mark.parametrize("rate", [0, -8_000])
def test_sample_rate_is_positive(rate):
    with pytest.raises(ValueError, match=rf"sample_rate={rate} is not above 0 Hz"):
        AudioClip(np.zeros(5, dtype=np.float32), rate)


def test_samples_cannot_be_changed():
    clip = AudioClip(np.zeros(5, dtype=np.float32), 8_000)
    with pytest.raises(AttributeError, match="cannot assign"):
        clip.sample_rate = 16_000
