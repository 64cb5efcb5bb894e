"""Decoding little of a file gives the same bits as decoding all of it."""

import av
import numpy as np
import pytest
from made_videos import write_video

from mmsk.video import VideoReader
from mmsk.video._decode import _size_of

READER = VideoReader()
B_FRAMES = {"bf": "3", "g": "30"}
CODINGS = [
    ("a.mp4", "libx264", B_FRAMES | {"x264-params": "b-pyramid=normal:b-adapt=0"}),
    ("a.mkv", "libx264", B_FRAMES | {"x264-params": "b-pyramid=none:open-gop=1:b-adapt=0"}),
    ("a.ts", "libx264", B_FRAMES | {"x264-params": "interlaced=1:b-adapt=0"}),
    ("a.avi", "mpeg4", B_FRAMES),
    ("a.mpg", "mpeg2video", B_FRAMES),
    ("layers.mkv", "libx265", {"x265-params": "bframes=4:b-pyramid=1:temporal-layers=3:keyint=30"}),
    ("a.webm", "libvpx-vp9", {"g": "30"}),
]


@pytest.fixture(scope="module")
def noise():
    """Frames of which each differs from the next all over, so that a wrong reference shows."""
    grain = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    grain = grain.repeat(2, axis=0).repeat(2, axis=1)
    return np.stack([np.roll(grain, (3 * n, 5 * n), axis=(0, 1)) for n in range(60)])


@pytest.fixture
def count(monkeypatch):
    """Count the frames that come out of the decoder."""
    from mmsk.video import _decode

    taken = []
    take = _decode._Picker._take
    monkeypatch.setattr(
        _decode._Picker, "_take", lambda self, frame: taken.append(frame.pts) or take(self, frame)
    )
    return taken


def all_frames(path, size=None):
    with av.open(str(path)) as file:
        frames = list(file.decode(file.streams.best("video")))
    height, width = _size_of(frames[0], size)
    layout = "rgb24" if size is None else "gbrp"
    pictures = [frame.reformat(width, height, layout, interpolation="AREA") for frame in frames]
    return np.stack([picture.to_ndarray() for picture in pictures])


@pytest.mark.parametrize(("name", "codec", "options"), CODINGS)
@pytest.mark.parametrize("size", [None, 31])
def test_frames_equal_those_of_a_full_decode(tmp_path, noise, name, codec, options, size):
    path = write_video(tmp_path / name, noise, codec=codec, options=options)
    frames = all_frames(path, size)
    for n_frames in (1, 4, 7, 20):
        clip = READER.read(path, n_frames, target_size=size)
        shown = np.round(clip.times_seconds * 30).astype(int)
        np.testing.assert_array_equal(clip.frames, frames[shown])


@pytest.mark.parametrize(("name", "codec", "options"), CODINGS[:5])
def test_what_nothing_refers_to_is_left_out(tmp_path, noise, count, name, codec, options):
    path = write_video(tmp_path / name, noise, codec=codec, options=options)
    READER.read(path, 4)
    assert len(count) < 40


@pytest.mark.parametrize("size", [None, 100])
def test_frames_of_real_videos_equal_those_of_a_full_decode(real_videos, size):
    for path in real_videos:
        frames = all_frames(path, size)
        with av.open(str(path)) as file:
            stream = file.streams.best("video")
            stamps = sorted(packet.pts for packet in file.demux(stream) if packet.size)
            seconds = (np.array(stamps) - stamps[0]) * float(stream.time_base)
        for n_frames in (3, 16):
            clip = READER.read(path, n_frames, target_size=size)
            shown = np.abs(seconds[:, None] - clip.times_seconds).argmin(axis=0)
            np.testing.assert_array_equal(clip.frames, frames[shown])


def test_colours_shrink_as_finely_as_brightness(tmp_path):
    stripes = np.zeros((4, 64, 64, 3), dtype=np.uint8)
    stripes[..., 0], stripes[..., 2] = 220, 20
    stripes[:, :, 2::4] = stripes[:, :, 3::4] = [20, 20, 220]
    path = write_video(tmp_path / "a.mp4", stripes, options={"crf": "0"})
    red, _, blue = READER.read(path, 1, target_size=32).frames[0].transpose(2, 0, 1).astype(int)
    assert (red - blue)[:, 2:-2:2].min() > 60
    assert (blue - red)[:, 3:-2:2].min() > 60
