import tracemalloc

import numpy as np
import pytest
from made_videos import moving_square, write_video

from mmsk.exceptions import ReadError
from mmsk.samples import VideoClip
from mmsk.video import VideoReader
from mmsk.video import _reader as module

READER = VideoReader()
RATE = 10
FRAMES = moving_square(65)  # 6.5 seconds
SAMPLINGS = [
    {"sampling": "uniform"},
    {"sampling": "stride", "step_seconds": 0.3},
    {"sampling": "keyframes"},
]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("windows") / "clip.mov"
    return write_video(path, FRAMES, RATE, "png", "rgb24")


def assert_same_clips(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)
        np.testing.assert_allclose(one.times_seconds, other.times_seconds, atol=1e-9)
        assert one.duration_seconds == pytest.approx(other.duration_seconds)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(
    ("length", "hop", "starts"),
    [
        (2, None, [0, 10, 20, 30, 40, 45]),
        (2, 2, [0, 20, 40, 45]),
        (1, 5, [0, 50, 55]),
        (6.5, 1, [0]),
        (9, 1, [0]),
    ],
)
def test_a_window_is_read_as_a_video_of_its_own(path, length, hop, starts, sampling):
    n_frames = min(round(length * RATE), len(FRAMES))
    expected = [
        READER.read((FRAMES[start : start + n_frames], RATE), 5, **sampling) for start in starts
    ]
    whole = VideoClip(FRAMES, np.arange(65) / RATE, 6.5)
    for cell in ((FRAMES, RATE), path, path.read_bytes(), whole):
        found = list(READER.read_windows(cell, length, hop, n_frames=5, **sampling))
        assert_same_clips(found, expected)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_reading_a_window_again_changes_nothing(path, sampling):
    windows = list(READER.read_windows(path, 0.35, 0.15, n_frames=6, **sampling))
    assert_same_clips([READER.read(window, 6, **sampling) for window in windows], windows)


def test_windows_between_frames_hold_the_frame_on_the_screen():
    slides = FRAMES[:3], 0.1  # one every 10 seconds
    windows = list(READER.read_windows(slides, 4, 4, n_frames=1))
    shown = [np.argmax([np.array_equal(w.frames[0], f) for f in FRAMES[:3]]) for w in windows]
    assert shown == [0, 0, 1, 1, 1, 2, 2, 2], "at 2, 6, 10, 14, 18, 22, 26 and 28 seconds"
    assert all(window.times_seconds[0] <= 2 for window in windows)


def test_pictures_that_depend_on_others_are_those_of_the_whole(square_file):
    frames = READER.read(square_file, 60, sampling="stride", step_seconds=1 / 30).frames
    windows = READER.read_windows(square_file, 0.5, 0.2, n_frames=15)
    for window, start in zip(windows, [0, 6, 12, 18, 24, 30, 36, 42, 45], strict=True):
        np.testing.assert_array_equal(window.frames, frames[start : start + 15])


def test_each_frame_is_decoded_once_and_few_are_held(tmp_path, monkeypatch):
    frames = np.zeros((200, 160, 160, 3), dtype=np.uint8)
    path = write_video(tmp_path / "long.mp4", frames, RATE, options={"g": "10"})
    read = []

    def counted(*arguments):
        for frame in decode(*arguments):
            read.append(frame)
            yield frame.copy()

    decode = module.decode_frames
    monkeypatch.setattr(module, "decode_frames", counted)
    assert len(list(READER.read_windows(path, 2, 1, n_frames=4))) == 19
    assert len(read) == 40, "of each second two"
    read.clear()
    monkeypatch.setattr(module, "decode_frames", decode)
    tracemalloc.start()
    for _ in READER.read_windows(path, 2, 1, n_frames=20):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.4 * frames.nbytes


def test_sizes_are_those_of_the_first_frame(path):
    windows = list(READER.read_windows(path, 2, 2, n_frames=2, target_size=24))
    assert {window.frames.shape for window in windows} == {(2, 24, 32, 3)}


def test_what_is_bad_is_refused(path, tmp_path):
    content = write_video(tmp_path / "a.mkv", FRAMES, RATE).read_bytes()
    cases = {
        "truncated": (content[: len(content) // 2], READER),
        r"6\.5 seconds, over max_seconds=5": (path, VideoReader(max_seconds=5)),
        "not a video: int": (3, READER),
    }
    for reason, (cell, reader) in cases.items():
        with pytest.raises(ReadError, match=reason):
            list(reader.read_windows(cell, 2))
    with pytest.raises(ValueError, match=r"window_length=0 is not a number of at least 0\.001"):
        list(READER.read_windows(path, 0))
    with pytest.raises(ValueError, match="sampling='some' is not one of"):
        list(READER.read_windows(path, 1, sampling="some"))


def test_real_videos(real_videos):
    for path in real_videos:
        whole = READER.read(path, 8)
        (one,) = READER.read_windows(path, 3600, n_frames=8)
        assert_same_clips([one], [whole])
        windows = list(READER.read_windows(path, 1, 4, n_frames=2))
        assert len(windows) == np.ceil((whole.duration_seconds - 1) / 4 - 1e-3 / 4) + 1
