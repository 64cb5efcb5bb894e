import io
import struct
import tracemalloc
from fractions import Fraction

import av
import numpy as np
import pytest
from made_videos import RATE, moving_square, write_video

from mmsk.exceptions import MissingDependencyError, ReadError
from mmsk.samples import VideoClip
from mmsk.video import VideoReader

READER = VideoReader()
FORMATS = [
    ("a.mp4", "libx264", "yuv420p"),
    ("a.mov", "mpeg4", "yuv420p"),
    ("a.mkv", "libx264", "yuv420p"),
    ("ten_bits.mkv", "libx264", "yuv420p10le"),
    ("a.webm", "libvpx-vp9", "yuv420p"),
    ("alpha.mov", "png", "rgba"),
    ("a.avi", "mpeg4", "yuv420p"),
    ("a.ts", "libx264", "yuv420p"),
    ("a.mpg", "mpeg2video", "yuv420p"),
]


def refused(cell, reason, reader=READER, **sampling):
    with pytest.raises(ReadError, match=reason) as caught:
        reader.read(cell, **sampling)
    return caught.value


def all_frames(path):
    """Times and pictures of all frames, by PyAV alone."""
    with av.open(str(path)) as file:
        frames = list(file.decode(file.streams.best("video")))
    times = np.array([float((frame.pts - frames[0].pts) * frame.time_base) for frame in frames])
    pictures = [frame.reformat(format="rgb24", interpolation="AREA") for frame in frames]
    return times, np.stack([picture.to_ndarray() for picture in pictures])


@pytest.mark.parametrize(("name", "codec", "pixels"), FORMATS)
def test_frames_at_times_equal_a_full_decode(tmp_path, square, name, codec, pixels):
    path = write_video(tmp_path / name, square[:40], 25, codec, pixels, {"g": "12"})
    times, frames = all_frames(path)
    clip = READER.read(path, 5)
    assert clip.duration_seconds == pytest.approx(1.6, abs=2e-3)
    middles = np.array([0.16, 0.48, 0.8, 1.12, 1.44])
    shown = np.searchsorted(times, middles + 1e-3, side="right") - 1
    np.testing.assert_allclose(clip.times_seconds, times[shown], atol=1e-9)
    np.testing.assert_array_equal(clip.frames, frames[shown])
    assert np.abs(clip.frames.astype(int) - square[shown]).mean() < 6


def test_every_container_gives_the_same_frames(square_file):
    content = square_file.read_bytes()
    with square_file.open("rb") as file:
        cells = [square_file, str(square_file), content, memoryview(content), file]
        cells += [io.BytesIO(content)]
        clips = [READER.read(cell, 4) for cell in cells]
        clips.append(READER.read(file, 4))  # a second time
    for clip in clips[1:]:
        np.testing.assert_array_equal(clip.frames, clips[0].frames)
        np.testing.assert_array_equal(clip.times_seconds, clips[0].times_seconds)


def test_arrays_have_frames_and_a_rate(square):
    clip = READER.read((square, RATE), 4)
    np.testing.assert_allclose(clip.times_seconds, [7 / 30, 22 / 30, 37 / 30, 52 / 30])
    np.testing.assert_array_equal(clip.frames, square[[7, 22, 37, 52]])
    np.testing.assert_array_equal(READER.read((square / 255, RATE), 4).frames, clip.frames)
    grey = READER.read((square[..., 0], RATE), 4).frames
    np.testing.assert_array_equal(grey, np.repeat(clip.frames[..., :1], 3, axis=-1))
    whole = VideoClip(square, np.arange(60) / RATE, 2.0)
    np.testing.assert_array_equal(READER.read(whole, 4).frames, clip.frames)


def test_stride_takes_the_frame_on_the_screen_at_each_step(square_file):
    _, frames = all_frames(square_file)
    clip = READER.read(square_file, 100, sampling="stride", step_seconds=0.25)
    np.testing.assert_array_equal(clip.frames, frames[[0, 7, 15, 22, 30, 37, 45, 52]])
    assert len(READER.read(square_file, 3, sampling="stride", step_seconds=0.25)) == 3
    assert len(READER.read(square_file, 3, sampling="stride", step_seconds=5)) == 1


def test_keyframes_are_those_of_the_file(square_file):
    _, frames = all_frames(square_file)
    clip = READER.read(square_file, 100, sampling="keyframes")
    np.testing.assert_allclose(clip.times_seconds, [0, 0.5, 1, 1.5])
    np.testing.assert_array_equal(clip.frames, frames[::15])
    spread = READER.read(square_file, 2, sampling="keyframes")
    np.testing.assert_allclose(spread.times_seconds, [0.5, 1.5])


def test_frames_shown_before_their_key_frame(tmp_path, square):
    options = {"g": "10", "bf": "3", "flags": "-cgop", "sc_threshold": "1000000000"}
    path = write_video(tmp_path / "open.mkv", square, 30, "mpeg2video", options=options)
    times, frames = all_frames(path)
    for place in range(5, 40):
        clip = READER.read(path, 1000, sampling="stride", step_seconds=times[place] + 1e-6)
        np.testing.assert_array_equal(clip.frames[1], frames[place])


def test_a_short_video_repeats_frames(tmp_path, square):
    clip = READER.read(write_video(tmp_path / "a.mp4", square[:2]), 6)
    assert np.unique(clip.times_seconds).size == 2
    assert (clip.frames[:3] == clip.frames[0]).all()
    assert len(READER.read(write_video(tmp_path / "b.mp4", square[:1]), 3)) == 3


def variable_rate(path, square, times_milliseconds):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=1000)
        stream.height, stream.width = square.shape[1:3]
        stream.codec_context.time_base = Fraction(1, 1000)
        for frame, time in zip(square, times_milliseconds, strict=False):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24")
            picture.pts, picture.time_base = time, Fraction(1, 1000)
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    return path


def test_a_variable_rate_is_followed_by_time(tmp_path, square):
    path = variable_rate(tmp_path / "a.mkv", square, [0, 10, 20, 900, 1000])
    _, frames = all_frames(path)
    clip = READER.read(path, 10, sampling="stride", step_seconds=0.3)
    np.testing.assert_allclose(clip.times_seconds, [0, 0.02, 0.02, 0.9])
    np.testing.assert_array_equal(clip.frames, frames[[0, 2, 2, 3]])


@pytest.mark.parametrize(
    ("matrix", "turns"),
    [((0, 1, -1, 0), -1), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 1)],
)
def test_frames_are_turned_upright(square_file, matrix, turns):
    plain = READER.read(square_file, 3).frames
    content = bytearray(square_file.read_bytes())
    a, b, c, d = (number << 16 for number in matrix)
    place = content.find(b"tkhd") + 44
    struct.pack_into(">9i", content, place, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    # x' = a x + c y, y' = b x + d y: (0, 1, -1, 0) takes the upper left corner to the upper right.
    turned = READER.read(bytes(content), 3)
    np.testing.assert_array_equal(turned.frames, np.rot90(plain, turns, axes=(1, 2)))


def test_an_angle_that_is_none_turns_nothing(square_file):
    content = bytearray(square_file.read_bytes())
    struct.pack_into(">9i", content, content.find(b"tkhd") + 44, *[0] * 8, 1 << 30)
    np.testing.assert_array_equal(
        READER.read(bytes(content), 3).frames, READER.read(square_file, 3).frames
    )


def test_large_frames_shrink_as_they_are_decoded(tmp_path):
    ramp = np.broadcast_to(np.linspace(0, 255, 640, dtype=np.uint8)[:, None], (8, 360, 640, 3))
    path = write_video(tmp_path / "a.mp4", ramp)
    clip = READER.read(path, 4, target_size=45)
    assert clip.frames.shape == (4, 45, 80, 3)
    assert np.abs(clip.frames[0, 5, :, 0] - np.linspace(0, 255, 80)).max() < 6
    assert READER.read(path, 1, target_size=1000).frames.shape == (1, 360, 640, 3)


def test_memory_depends_on_what_is_returned(tmp_path):
    frames = np.broadcast_to(np.uint8(90), (120, 360, 640, 3))
    path = write_video(tmp_path / "a.mp4", frames)
    READER.read(path, 1)
    tracemalloc.start()
    try:
        READER.read(path, 8, target_size=64)
        assert tracemalloc.get_traced_memory()[1] < 2 * 360 * 640 * 3
    finally:
        tracemalloc.stop()


def growing(folder, square):
    """A stream of which the second half is 10 times as large."""
    write_video(folder / "a.ts", square[:30])
    write_video(folder / "b.ts", moving_square(30, 480, 640), start=30)
    return (folder / "a.ts").read_bytes() + (folder / "b.ts").read_bytes()


def test_a_size_that_changes_on_the_way(tmp_path, square):
    content = growing(tmp_path, square)
    with av.open(io.BytesIO(content)) as file:
        assert {frame.width for frame in file.decode(video=0)} == {64, 640}
    clip = READER.read(content, 60)
    assert clip.frames.shape == (60, 48, 64, 3)
    assert clip.frames[45, :5].mean() == pytest.approx(square[15, :5].mean(), abs=3)


def test_a_size_that_grows_over_the_limit_is_not_decoded(tmp_path, square):
    refused(growing(tmp_path, square), "damaged: ", VideoReader(max_pixels=4000), n_frames=60)


def test_the_colours_are_those_of_the_declared_matrix(real_videos):
    """BT.709 in full range, computed from the planes by the formula of the standard."""
    path = real_videos[0]
    with av.open(str(path)) as file:
        frame = next(file.decode(video=0))
    y, u, v = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width].astype(float)
        for plane in frame.planes
    )
    u, v = ((part - 128).repeat(2, axis=0).repeat(2, axis=1) for part in (u, v))
    expected = np.stack([y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u], axis=-1)
    clip = READER.read(path, 1, sampling="stride", step_seconds=1)
    assert np.abs(clip.frames[0] - expected.clip(0, 255)).mean() < 1


def test_real_videos_are_read(real_videos):
    for path in real_videos:
        times, frames = all_frames(path)
        clip = READER.read(path, 6)
        shown = np.searchsorted(times, clip.times_seconds - 1e-6)
        np.testing.assert_array_equal(clip.frames, frames[shown])


def test_limits(square_file, square):
    refused(square_file, r"2\.0 seconds, over max_seconds=1", VideoReader(max_seconds=1))
    refused((square, RATE), r"2\.0 seconds, over max_seconds=1", VideoReader(max_seconds=1))
    refused(square_file, "bytes, over max_bytes=100", VideoReader(max_bytes=100))
    refused(square_file, r"64 x 48 = 3,072 pixels, over max_pixels=3", VideoReader(max_pixels=3000))
    refused((square, RATE), "over max_pixels=3", VideoReader(max_pixels=3000))


def test_frames_and_the_time_of_decoding_have_limits(square_file, square):
    for cell in (square_file, (square, RATE)):
        refused(cell, "over max_frames=59 frames", VideoReader(max_frames=59))
        assert len(VideoReader(max_frames=60).read(cell)) == 16
    reason = "decoding from one frame to the next took over max_decode_seconds=1e-06"
    assert refused(square_file, reason, VideoReader(max_decode_seconds=1e-6)).stage == "decode"


def test_a_root_confines_paths(tmp_path, square_file):
    refused(square_file, "the path leaves root", VideoReader(root=tmp_path))


def cut(content, share):
    return content[: int(share * len(content))]


def test_a_truncated_mp4_is_refused(tmp_path, square, square_file):
    error = refused(
        cut(square_file.read_bytes(), 0.6), r"^truncated: 16 of 60 frames, [\d,]+ of [\d,]+ bytes$"
    )
    assert error.stage == "decode"
    index_at_end = write_video(tmp_path / "a.mp4", square).read_bytes()
    for share in (0.1, 0.5, 0.9):
        refused(cut(index_at_end, share), "not a whole MP4, MOV file: (Invalid data|End of file)")


def test_a_truncated_mkv_tells_how_much_is_left(tmp_path, square):
    content = write_video(tmp_path / "a.mkv", square).read_bytes()
    refused(cut(content, 0.6), r"truncated: \d\d of about 60 frames, [\d,]+ of [\d,]+ bytes")
    refused(content[:-1], "truncated")


def test_a_truncated_avi_is_refused(tmp_path, square):
    content = write_video(tmp_path / "a.avi", square, codec="mpeg4").read_bytes()
    pictures = content.find(b"movi")
    end = pictures + int.from_bytes(content[pictures - 4 : pictures], "little")
    for kept in (0.6 * end, end - 1):
        refused(content[: int(kept)], r"truncated: \d+ of 60 frames, [\d,]+ of|not a whole AVI")
    assert len(READER.read(content[:end])) == 16, "the index behind the pictures is not needed"


def test_a_truncated_mp4_in_fragments_is_refused(tmp_path, square):
    options = {"movflags": "frag_keyframe+empty_moov"}
    content = write_video(tmp_path / "a.mp4", square, container=options).read_bytes()
    assert len(READER.read(content)) == 16
    refused(cut(content, 0.9), r"truncated: \d\d of about 60 frames, [\d,]+ of [\d,]+ bytes")


def test_a_matroska_file_that_ends_early_by_its_frames_is_refused(tmp_path, square):
    content = write_video(tmp_path / "a.mkv", square[:30]).read_bytes()
    tag = content.find(b"00:00:01.000000000")
    reason = r"damaged: frames up to 1\.0 of 2\.0 seconds"
    longer = content[:tag] + b"00:00:02" + content[tag + 8 :]
    assert len(READER.read(longer)) == 16, "a tag alone may be one that was left behind"
    info = content.find(b"\x44\x89\x88") + 3  # the length of the file, as a float of 8 bytes
    refused(longer[:info] + struct.pack(">d", 2000.0) + longer[info + 8 :], reason)


def test_a_recording_that_begins_between_key_frames_is_read(tmp_path, square):
    options = {"x264-params": "keyint=30:scenecut=0"}
    content = write_video(tmp_path / "a.ts", square, options=options).read_bytes()
    clip = READER.read(content[188 * 12 :])
    whole = READER.read(content)
    assert clip.duration_seconds > 1.5
    assert (clip.frames[0] == clip.frames[3]).all(), "the first one that can be decoded stands in"
    np.testing.assert_array_equal(clip.frames[-1], whole.frames[-1])


def test_frames_that_the_decoder_leaves_out_are_counted(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), dtype=np.uint8)
    content = bytearray(write_video(tmp_path / "a.ts", noise).read_bytes())
    for place in range(len(content) // 3, 2 * len(content) // 3, 100):
        content[place : place + 60] = np.random.default_rng(place).bytes(60)
    refused(bytes(content), r"damaged: \d+ of \d+ frames( are lost)?", n_frames=60)


def test_damage_is_counted(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), dtype=np.uint8)
    content = bytearray(write_video(tmp_path / "a.mp4", noise).read_bytes())
    few, many = content.copy(), content.copy()
    end = content.find(b"moov") - 100
    few[end // 2 : end // 2 + 20] = bytes(20)
    for place in range(2000, end, end // 40):
        many[place : place + 20] = bytes(20)
    assert len(READER.read(bytes(few), 60)) == 60
    error = refused(bytes(many), r"damaged: \d+ of 60 frames", n_frames=60)
    assert error.stage == "decode"


def test_a_file_without_video_is_refused(tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate = 16_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    refused(path, "^no video stream$")


def test_a_video_without_frames_is_refused(tmp_path):
    path = write_video(tmp_path / "a.mkv", moving_square(1))
    content = path.read_bytes()
    clusters = content.find(b"\x1f\x43\xb6\x75")
    renamed = content[:clusters] + b"\xec" + content[clusters + 1 :]
    refused(renamed, "no frames in its video stream|truncated|not a whole")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (b"", r"empty file \(0 bytes\)"),
        (b"hello, this is text", "not a video file; accepted are MP4, MOV, Matroska"),
        (b"<html>" * 100, "not a video file"),
        (b"\xff\xd8\xff\xe0" * 100, "not a video file"),
        (bytes(1000), "not a video file"),
        (3, "not a video: int; accepted are a path"),
        (np.zeros((5, 8, 8, 3), np.uint8), r"without a rate: give \(frames, frames_per_second\)"),
        ((np.zeros((5, 8, 8, 3), np.uint8),), r"must be \(frames, frames_per_second\)"),
        ((np.zeros((5, 8, 8, 3), np.uint8), "25"), "the rate a number in Hz"),
        ((np.zeros((5, 8, 8, 3), np.uint8), True), "the rate a number in Hz"),
        ((np.zeros((5, 8, 8, 3), np.uint8), 25j), "the rate a number in Hz"),
        (([[1], [1, 2]], 25), "frames are not an array"),
        ((np.ma.masked_equal(np.zeros((5, 8, 8, 3), np.uint8), 0), 25), "masked in places"),
        ((np.zeros((5, 8, 8, 3), np.uint8), 0), "0 frames a second, not in"),
        ((np.zeros((5, 8, 8, 3), np.uint8), np.nan), "nan frames a second"),
        ((np.zeros((0, 8, 8, 3), np.uint8), 25), "no frames: shape"),
        ((np.zeros((8, 8), np.uint8), 25), r"frames of shape \(8, 8\), not"),
        ((np.zeros((5, 8, 8, 4), np.uint8), 25), r"frames of shape \(5, 8, 8, 4\), not"),
        ((np.zeros((5, 8, 8, 3), np.int64), 25), "dtype int64; accepted are uint8"),
        ((np.full((5, 8, 8, 3), 2.0), 25), r"float frames outside \[0, 1\]"),
        ((np.full((5, 8, 8, 3), np.nan), 25), "or NaN"),
        ("https://example.org/a.mp4", "remote input is off"),
        ("missing.mp4", "no such file"),
    ],
)
def test_malformed_cells_are_refused(cell, reason):
    assert refused(cell, reason).stage == "check"


@pytest.mark.parametrize(
    ("sampling", "reason"),
    [
        ({"n_frames": 0}, "n_frames=0 is not an integer of at least 1"),
        ({"sampling": "uniformly"}, "sampling='uniformly' is not one of 'uniform', 'stride'"),
        ({"sampling": "stride"}, "sampling='stride' needs the time between frames"),
        ({"sampling": "stride", "step_seconds": 0}, "step_seconds=0 is not a number above 0"),
        ({"step_seconds": 1.0}, "step_seconds=1.0 is used only with sampling='stride'"),
    ],
)
def test_sampling_is_checked(square, sampling, reason):
    with pytest.raises(ValueError, match=reason):
        READER.read((square, RATE), **sampling)


@pytest.mark.parametrize(
    "name", ["max_seconds", "max_bytes", "max_pixels", "max_frames", "max_decode_seconds"]
)
def test_parameters_are_checked(name):
    with pytest.raises(ValueError, match=f"{name}=0 is not"):
        VideoReader(**{name: 0}).check_parameters()


def test_without_pyav_arrays_are_read_and_files_say_what_to_install(
    monkeypatch, square, square_file
):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    assert len(READER.read((square, RATE))) == 16
    with pytest.raises(MissingDependencyError, match=r"reading videos needs .* 'mmsk\[video\]'"):
        READER.read(square_file)
