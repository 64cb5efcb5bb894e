import numpy as np
import pytest

from mmsk.samples import AudioClip, Image, Series, VideoClip


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


def test_series():
    series = Series(np.zeros((100, 6), dtype=np.float32), 50.0)
    assert (series.n_points, series.n_channels, series.duration_seconds) == (100, 6, 2.0)
    assert repr(series) == "Series(100 points of 6 channels at 50 Hz)"
    assert repr(Series(series.values)) == "Series(100 points of 6 channels)"
    assert Series(series.values).duration_seconds is None


@pytest.mark.parametrize(
    ("shape", "dtype"), [((5,), "f4"), ((5, 2), "f8"), ((0, 2), "f4"), ((5, 0), "f4")]
)
def test_series_of_another_form_is_refused(shape, dtype):
    with pytest.raises(ValueError, match=r"must be float32 of shape \(time, channels\), at least"):
        Series(np.zeros(shape, dtype=dtype))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"values": np.full((2, 1), np.nan, "f4")}, "values hold NaN or infinity"),
        ({"sample_rate": 0.0}, "sample_rate=0.0 is not above 0 Hz"),
        ({"sample_rate": np.inf}, "sample_rate=inf is not above 0 Hz"),
        ({"channels": ("x", "y")}, "2 names for 1 channels"),
    ],
)
def test_series_checks_what_it_holds(changes, reason):
    with pytest.raises(ValueError, match=reason):
        Series(**{"values": np.zeros((2, 1), "f4")} | changes)


def test_video_clip():
    clip = VideoClip(np.zeros((3, 48, 64, 3), dtype=np.uint8), np.array([0.1, 0.1, 0.9]), 1.0)
    assert (len(clip), clip.height, clip.width) == (3, 48, 64)
    assert repr(clip) == "VideoClip(3 frames of 48 x 64 from 1.000 s)"


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((0, 4, 4, 3), "u1"), ((2, 4, 4), "u1"), ((2, 4, 4, 1), "u1"), ((2, 4, 4, 3), "f4")],
)
def test_video_clip_of_another_form_is_refused(shape, dtype):
    with pytest.raises(ValueError, match=r"frames must be uint8 of shape \(n_frames, height"):
        VideoClip(np.zeros(shape, dtype), np.zeros(len(shape)), 1.0)


@pytest.mark.parametrize("times", [[0.0], [0, 1], [1.0, 0.5]])
def test_times_of_a_video_clip_go_forwards(times):
    with pytest.raises(ValueError, match="2 float64 that do not go backwards"):
        VideoClip(np.zeros((2, 4, 4, 3), dtype=np.uint8), np.array(times), 1.0)
