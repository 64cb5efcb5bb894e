import io

import numpy as np
import PIL.Image
import pytest
import soundfile
from made_videos import moving_square

from mmsk import AudioReader, ImageReader, SeriesReader, VideoReader
from mmsk.inspection._audit_media import (
    look_at_picture,
    look_at_series,
    look_at_sound,
    look_at_video,
)
from mmsk.samples import AudioClip, Series

GENERATOR = np.random.default_rng(0)
RATE = 16000
TONE = (0.5 * np.sin(np.arange(RATE) / 5)).astype(np.float32)


def pixels(low, high, shape=(40, 60, 3)):
    return GENERATOR.integers(low, high, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    ("cell", "odd"),
    [
        (pixels(0, 256), ()),
        (pixels(100, 105), ("nearly one colour all over",)),
        (pixels(0, 256, (40, 7)), ("only 7 x 40 pixels",)),
        (PIL.Image.new("RGB", (50, 50), "red"), ("nearly one colour all over",)),
    ],
)
def test_pictures(cell, odd):
    assert look_at_picture(ImageReader(), cell).odd == odd


def test_a_small_thing_on_a_plain_ground_is_something():
    picture = np.full((100, 100, 3), 250, dtype=np.uint8)
    picture[:4, :4] = 30
    assert look_at_picture(ImageReader(), picture).odd == ()


def test_a_large_jpeg_has_its_whole_size(tmp_path):
    picture = PIL.Image.fromarray(pixels(0, 256, (30, 40, 3))).resize((1600, 1200))
    picture.save(tmp_path / "a.jpg")
    look = look_at_picture(ImageReader(root=tmp_path), "a.jpg")
    assert (look.size, look.odd) == (1600 * 1200, ())
    picture.save(tmp_path / "b.png", "JPEG")
    assert look_at_picture(ImageReader(root=tmp_path), "b.png").odd == (
        "named .png, but holds JPEG",
    )


@pytest.mark.parametrize(
    ("samples", "odd"),
    [
        (TONE, ()),
        (TONE * 0, ("silent",)),
        (TONE * 1e-4, ("silent",)),
        (TONE * 0 + 0.25, ("constant",)),
        (np.clip(3 * TONE, -1, 1), ("clipped: 53.6% of the samples are at full scale",)),
        (TONE * 10, ("samples up to 5, where full scale is 1",)),
        (TONE[:160], ("only 10 ms long",)),
    ],
)
def test_sounds(samples, odd):
    look = look_at_sound(AudioReader(), (samples, RATE))
    assert look.odd == odd
    assert look.size == len(samples) / RATE


def test_a_sound_under_another_name(tmp_path):
    soundfile.write(tmp_path / "a.wav", TONE, RATE, format="FLAC")
    soundfile.write(tmp_path / "b.flac", TONE, RATE)
    reader = AudioReader(root=tmp_path)
    assert look_at_sound(reader, "a.wav").odd == ("named .wav, but holds FLAC",)
    assert look_at_sound(reader, "b.flac").odd == ()


@pytest.mark.parametrize(
    ("frames", "odd"),
    [
        (moving_square(), ()),
        (np.repeat(moving_square(1), 30, axis=0), ("nothing moves",)),
        (moving_square(1), ("a single frame",)),
        (
            np.full((30, 20, 20, 3), 9, dtype=np.uint8),
            ("nothing moves", "nearly one colour all over"),
        ),
    ],
)
def test_videos(frames, odd):
    look = look_at_video(VideoReader(), (frames, 30))
    assert look.odd == odd
    assert look.size == len(frames) / 30


@pytest.mark.parametrize(
    ("cell", "kind", "odd"),
    [
        ([1, 2, 3], "1 channel", ()),
        (np.ones((9, 2)), "2 channels", ("constant",)),
        (np.eye(9)[:, :3] * [1, 1, 0], "3 channels", ("constant in channel 2",)),
        (b"x,y\n1,2\n3,2\n", "channels 'x', 'y'", ("constant in 'y'",)),
    ],
)
def test_series(cell, kind, odd):
    look = look_at_series(SeriesReader(), cell)
    assert (look.kind, look.odd) == (kind, odd)


def test_every_way_to_give_a_content_has_one_digest(tmp_path):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels(0, 256)).save(file, "PNG")
    (tmp_path / "a.png").write_bytes(file.getvalue())
    cells = [tmp_path / "a.png", str(tmp_path / "a.png"), file.getvalue(), file]
    assert len({look_at_picture(ImageReader(), cell).digest for cell in cells}) == 1


def test_samples_in_memory_have_digests_by_what_they_hold():
    for make in (
        lambda value: look_at_sound(AudioReader(), AudioClip(TONE + value, RATE)),
        lambda value: look_at_series(SeriesReader(), Series(TONE[:, None] + value)),
        lambda value: look_at_series(SeriesReader(), [1.0, 2.0, 3.0 + value]),
    ):
        value = np.float32(0.25)
        assert make(0).digest == make(0).digest != make(value).digest
