"""What is rendered can be found again, by means that share nothing with the renderers."""

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from mmsk.datasets._evidence import Evidence
from mmsk.datasets._render_audio import render_audio
from mmsk.datasets._render_image import OUTLINES, render_image
from mmsk.datasets._render_numeric import render_numeric
from mmsk.datasets._render_series import render_series
from mmsk.datasets._render_text import MOODS, TOPICS, render_text
from mmsk.datasets._render_video import render_video

NOTHING = Evidence(None, None, 8)


def words_of(evidence, seed):
    text = render_text(evidence, np.random.default_rng(seed))
    return set(text.lower().replace(".", " ").replace(",", " ").split())


def picture_of(evidence, seed, path):
    render_image(evidence, np.random.default_rng(seed), path)
    with Image.open(path) as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", (64, 64), "RGB")
        return np.asarray(picture.convert("HSV"), dtype=float)


def sound_of(evidence, seed, path):
    render_audio(evidence, np.random.default_rng(seed), path)
    info = soundfile.info(path)
    assert (info.format, info.samplerate, info.channels, info.frames) == ("WAV", 16000, 1, 8000)
    return soundfile.read(path)[0]


def series_of(evidence, seed, path):
    render_series(evidence, np.random.default_rng(seed), path)
    values = np.load(path, allow_pickle=False)
    assert values.dtype == np.float32
    assert 100 <= len(values) <= 150
    assert values.shape[1] == 2
    return values.astype(float)


def film_of(evidence, seed, path):
    """Brightness of the frames, shape (n_frames, height, width)."""
    render_video(evidence, np.random.default_rng(seed), path)
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert (file.format.name.split(",")[0], stream.average_rate) == ("mov", 12)
        frames = [frame.to_ndarray(format="gray") for frame in file.decode(stream)]
    assert np.shape(frames) == (16, 48, 64)
    return np.array(frames, dtype=float)


def power_of(sound):
    return np.fft.rfftfreq(len(sound), 1 / 16000), np.abs(np.fft.rfft(sound)) ** 2


def test_every_class_has_its_own_look_and_words():
    assert len(OUTLINES) == len(TOPICS) == len(MOODS) == 8
    words = " ".join(TOPICS + MOODS).split()
    assert len(words) == len(set(words))


@pytest.mark.parametrize("value", range(8))
def test_text_shows_topic_and_mood_by_words(value):
    topic, mood = set(TOPICS[value].split()), set(MOODS[value].split())
    assert len(topic & words_of(Evidence(value, None, 8), value)) == 2
    assert len(mood & words_of(Evidence(None, value, 8), value)) == 2
    assert not (topic | mood) & words_of(NOTHING, value)


@pytest.mark.parametrize("value", range(8))
def test_picture_shows_class_by_hue(value, tmp_path):
    hue, saturation, _ = picture_of(Evidence(value, None, 8), value, tmp_path / "a.png").T
    angle = np.angle(np.exp(2j * np.pi * hue[saturation > 120] / 255).mean())
    assert (saturation > 120).mean() > 0.03
    assert round(8 * angle / (2 * np.pi)) % 8 == value


@pytest.mark.parametrize("value", range(8))
def test_picture_shows_piece_by_the_direction_of_stripes(value, tmp_path):
    brightness = picture_of(Evidence(None, value, 8), value, tmp_path / "a.png")[..., 2]
    window = np.hanning(64) * np.hanning(64)[:, None]
    spectrum = np.abs(np.fft.fft2(window * (brightness - brightness.mean()), s=(256, 256)))
    row, column = np.unravel_index(spectrum.argmax(), spectrum.shape)
    angle = np.arctan2(np.fft.fftfreq(256)[row], np.fft.fftfreq(256)[column])
    assert round(8 * angle / np.pi) % 8 == value


def test_picture_of_nothing_has_neither(tmp_path):
    picture = picture_of(NOTHING, 0, tmp_path / "a.png")
    assert (picture[..., 1] > 120).mean() < 0.01


@pytest.mark.parametrize("value", range(8))
def test_sound_shows_class_by_the_root_of_a_chord(value, tmp_path):
    frequency, power = power_of(sound_of(Evidence(value, None, 8), value, tmp_path / "a.wav"))
    root = 196 * 2 ** (2.5 * value / 8)
    near_root = np.abs(np.log2(np.maximum(frequency, 1) / root)) < 0.08
    low = (frequency > 100) & (frequency < root * 0.9)
    assert power[near_root].max() > 20 * power[low].max()


def test_sound_shows_piece_by_band_and_number_of_bursts(tmp_path):
    centres, bursts = [], []
    for value in range(8):
        sound = sound_of(Evidence(None, value, 8), value, tmp_path / "a.wav")
        frequency, power = power_of(sound)
        centres.append((frequency * power).sum() / power.sum())
        level = np.convolve(np.abs(sound), np.ones(80) / 80, "same")[40:-40:80]
        bursts.append((np.diff(level) > 0.05).sum())
    assert (np.diff(centres) > 100).all()
    assert np.corrcoef(bursts, np.arange(8))[0, 1] > 0.9


def test_sound_of_nothing_is_faint(tmp_path):
    assert np.abs(sound_of(NOTHING, 0, tmp_path / "a.wav")).max() < 0.1


@pytest.mark.parametrize("value", range(8))
def test_series_shows_class_by_its_rate(value, tmp_path):
    swing = series_of(Evidence(value, None, 8), value, tmp_path / "a.npy")[:, 0]
    power = np.abs(np.fft.rfft(swing - swing.mean(), 4096))
    rate = np.fft.rfftfreq(4096, 1 / 50)[power.argmax()]
    assert round(8 * np.log2(rate) / 3) == value


@pytest.mark.parametrize("value", range(8))
def test_series_shows_piece_by_the_number_of_jolts(value, tmp_path):
    jolts = series_of(Evidence(None, value, 8), value, tmp_path / "a.npy")[:, 1]
    assert np.count_nonzero(np.diff((jolts > 2).astype(int)) == 1) == value + 1


def test_series_of_nothing_has_neither(tmp_path):
    assert np.abs(series_of(NOTHING, 0, tmp_path / "a.npy")).max() < 2


@pytest.mark.parametrize("value", range(8))
def test_video_shows_class_by_the_direction_of_a_ball(value, tmp_path):
    frames = film_of(Evidence(value, None, 8), value, tmp_path / "a.mp4")
    rows, columns = np.mgrid[:48, :64]
    ball = frames > 140
    across = [columns[there].mean() for there in ball]
    down = [rows[there].mean() for there in ball]
    angle = np.arctan2(down[-1] - down[0], across[-1] - across[0])
    assert round(8 * angle / (2 * np.pi)) % 8 == value


@pytest.mark.parametrize("value", range(8))
def test_video_shows_piece_by_the_number_of_flashes(value, tmp_path):
    brightness = film_of(Evidence(None, value, 8), value, tmp_path / "a.mp4").mean(axis=(1, 2))
    assert (brightness > brightness.min() + 25).sum() == value + 1


def test_video_of_nothing_has_neither(tmp_path):
    frames = film_of(NOTHING, 0, tmp_path / "a.mp4")
    assert frames.max() < 130
    assert np.ptp(frames.mean(axis=(1, 2))) < 5


def test_numbers_lie_on_circles():
    rng = np.random.default_rng(0)
    readings = np.array([render_numeric(Evidence(1, None, 4), rng) for _ in range(500)])
    np.testing.assert_allclose(readings.mean(axis=0), [0, 1, 0, 0], atol=0.03)
    readings = np.array([render_numeric(Evidence(None, 2, 4), rng) for _ in range(500)])
    np.testing.assert_allclose(readings.mean(axis=0), [0, 0, -1, 0], atol=0.03)


def test_two_rows_of_one_class_differ(tmp_path):
    first, second = (
        picture_of(Evidence(0, None, 2), seed, tmp_path / f"{seed}.png") for seed in (0, 1)
    )
    assert np.abs(first - second).mean() > 5
