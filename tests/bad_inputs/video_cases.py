"""Bad videos, and odd ones that are read: 46 to 55."""

import io
import os
import struct
import tempfile
from functools import cache, partial
from pathlib import Path

import av
import numpy as np
from bad_inputs.harness import Case, Elsewhere, Subject, file, given
from made_pictures import encoded, noise
from made_videos import moving_square, write_video

from mmsk.video import MotionDescriptors, VideoReader

FORMATS = "accepted are MP4, MOV, Matroska, WebM, AVI, MPEG-TS, MPEG-PS"
NO_VIDEO = f"not a video file; {FORMATS}$"
BYTES = r"[\d,]+ of [\d,]+ bytes$"
TESTS = "tests/video/test_reader.py"
HOSTILE = "tests/video/test_hostile.py"


def changes(**parameters):
    return MotionDescriptors(
        ["difference"],
        frame_size=8,
        grid=1,
        n_parts=1,
        **{"n_frames": 2, "batch_size": 8, **parameters},
    )


def dots(seed, height=8, width=8):
    return np.random.default_rng(seed).integers(0, 256, (4, height, width, 3), dtype=np.uint8)


@cache
def good_videos():
    return [(dots(seed), 25) for seed in range(1, 10)]  # quicker than files


@cache
def video(name, n_frames=60, muxer=(), **options):
    """Return a small video file as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_video(path, moving_square(n_frames), container=dict(muxer), **options)
        return path.read_bytes()


@cache
def lossless(name, height=8, width=8, pixels="rgb24"):
    with tempfile.TemporaryDirectory() as folder:
        frames = dots(0, height, width)
        return write_video(Path(folder) / name, frames, 25, codec="png", pixels=pixels).read_bytes()


@cache
def crackling(name, **options):
    """Return a video of noise, of which each frame takes many bytes."""
    frames = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        return write_video(Path(folder) / name, frames, **options).read_bytes()


def cut(name, share, **options):
    def make(folder):
        content = video(name, **options)
        return file(name, content[: int(share * len(content))])(folder)

    return make


def edited(name, edit, **options):
    """Make the bytes of a video file after `edit` has changed them."""

    def make(folder):
        content = bytearray(video(name, **options))
        edit(content)
        return bytes(content)

    return make


def put(name, offset, kind, *values):
    """Return an edit of the fields that stand behind a name in the file."""

    def edit(content):
        struct.pack_into(kind, content, content.find(name) + offset, *values)

    return edit


VIDEOS = Subject("video", changes, good_videos)
case = partial(Case, subject=VIDEOS)
broken = partial(case, stage="decode")
accepted = partial(case, outcome="accepted")
FAST = (("movflags", "faststart"),)
FRAGMENTS = (("movflags", "frag_keyframe+empty_moov"),)
LIVE = (("live", "1"),)

# 46 to 48: files that are cut or damaged


def damage(places, n_bytes=20, seed=None):
    """Return an edit that overwrites parts, `places` told from the number of bytes."""

    def edit(content):
        for place in places(len(content)):
            random = bytes(n_bytes) if seed is None else np.random.default_rng(place).bytes(n_bytes)
            content[place : place + n_bytes] = random

    return edit


def noisy(name, edit, **options):
    def make(folder):
        content = bytearray(crackling(name, **options))
        edit(content)
        return file(name, bytes(content))(folder)

    return make


MIDDLE_THIRD = damage(lambda n: range(n // 3, 2 * n // 3, 100), 60, seed=0)
INCOMPLETE = [
    broken(
        46,
        "an MP4 cut before its index",
        make=cut("7.mp4", 0.6),
        message="not a whole MP4, MOV file: ",
        cause=av.FFmpegError,
    ),
    broken(
        46,
        "an MP4 cut behind its index",
        make=cut("7.mp4", 0.8, muxer=FAST),
        message=f"truncated: [34]\\d of 60 frames, {BYTES}",
    ),
    broken(
        46,
        "an MP4 in fragments, cut",
        make=cut("7.mp4", 0.9, muxer=FRAGMENTS),
        message=f"truncated: 5\\d of about 60 frames, {BYTES}",
    ),
    broken(
        46,
        "an AVI file cut among its pictures",
        make=cut("7.avi", 0.85, codec="mpeg4"),
        message=f"truncated: \\d+ of 60 frames, {BYTES}",
    ),
    broken(
        47,
        "a Matroska file cut at 60 %",
        make=cut("7.mkv", 0.6),
        message=f"truncated: 2\\d of about 60 frames, {BYTES}",
    ),
    broken(
        47,
        "a WebM file cut at 60 %",
        make=cut("7.webm", 0.6, codec="libvpx-vp9"),
        message=f"truncated: [23]\\d of about 60 frames, {BYTES}",
    ),
    accepted(
        48,
        "a video with one damaged packet",
        make=noisy("7.mp4", damage(lambda n: [n // 2])),
        note="up to a tenth may be damaged: the frame before stands for a lost one",
    ),
    broken(
        48,
        "a video with many damaged packets",
        make=noisy("7.mp4", damage(lambda n: range(2000, n - 5000, n // 40))),
        message=r"damaged: \d+ of \d+ frames",
    ),
    broken(
        48,
        "a Matroska file with a damaged third",
        make=noisy("7.mkv", MIDDLE_THIRD),
        message=r"damaged: frames up to \d\.\d of 2\.0 seconds$",
    ),
    broken(
        48,
        "an MPEG-TS file with a damaged third",
        make=noisy("7.ts", MIDDLE_THIRD),
        parameters={"n_frames": 60},
        message=r"damaged: \d+ of \d+ frames are lost$",
    ),
]

# 49 to 51: files without what makes a video


def _sound_only(folder):
    path = folder / "7.mp4"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("aac", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate = 16_000
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def _at_one_time(content):
    """Set the times of all blocks, which stand behind the number of their track, to 0."""
    place = content.find(b"\x1f\x43\xb6\x75")
    while (place := content.find(b"\xa3", place + 1)) >= 0:
        start = place + 1 + 9 - max(content[place + 1].bit_length(), 1)
        if content[start : start + 1] == b"\x81" and content[start + 3] & 0x7F == 0:
            content[start + 1 : start + 3] = bytes(2)


def rate_refused(rate):
    return rf"{rate} frames a second, not in 0\.001\.\.1000$"


EMPTY = [
    case(49, "a sound in an MP4 file", make=_sound_only, message="no video stream$"),
    broken(
        50,
        "an MP4 of zero frames",
        make=edited("7.mp4", put(b"stsz", 12, ">I", 0)),
        message="truncated: 0 of 60 frames$",
    ),
    case(50, "an array of zero frames", make=given((dots(0)[:0], 25)), message="no frames: shape"),
    case(50, "an array at 0 frames a second", make=given((dots(0), 0)), message=rate_refused(0)),
    case(
        50,
        "an array at NaN frames a second",
        make=given((dots(0), float("nan"))),
        message=rate_refused("nan"),
    ),
    accepted(
        50,
        "an array of frames without a rate",
        make=given(dots(0)),
        same_as=given((dots(0), 25)),
        note="taken to have 25 frames a second",
    ),
    case(
        50,
        "a picture in a column of videos",
        make=given(dots(0)[0]),
        message=r"an array of shape \(\d+, \d+, 3\) without a rate: give",
    ),
    case(
        50,
        "a stream of which all frames have one time",
        make=edited("7.mkv", _at_one_time, n_frames=20, muxer=LIVE, codec="mpeg4"),
        message="all 20 frames have the same time$",
    ),
    accepted(
        50,
        "an AVI file at 0 frames a second",
        make=edited("7.avi", put(b"strh", 32, "<I", 0), codec="mpeg4"),
        same_as=lambda folder: video("7.avi", codec="mpeg4"),
        note="the time of a frame by the main header counts",
    ),
    *(
        case(51, f"a {kind} picture", make=given(encoded(noise(), kind)), message=NO_VIDEO)
        for kind in ("JPEG", "PNG", "GIF")
    ),
    accepted(
        51,
        "a video of one frame",
        make=lambda folder: video("7.mkv", 1),
        note="the frame is repeated",
    ),
]

# 52 and 53: kinds that readers often get wrong


def same_frames(title, make, note, height=8, width=8):
    frames = dots(0, height, width)
    return accepted(52, title, make=make, same_as=given((frames, 25)), note=note)


def _turned(folder):
    """Frames that lie on their side, and a header that says so."""
    frames = np.ascontiguousarray(np.rot90(dots(0, 8, 10), axes=(1, 2)))
    path = write_video(folder / "7.mov", frames, 25, codec="png", pixels="rgb24")
    content = bytearray(path.read_bytes())
    one = 1 << 16
    matrix = 0, one, 0, -one, 0, 0, 0, 0, 1 << 30
    struct.pack_into(">9i", content, content.find(b"tkhd") + 44, *matrix)
    return bytes(content)


@cache
def growing():
    """Return a stream of which the second half is 5 times as large."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "a.ts", Path(folder) / "b.ts"
        write_video(small, moving_square(15))
        write_video(large, moving_square(15, 240, 320), start=15)
        return small.read_bytes() + large.read_bytes()


def _growing(folder):
    return growing()


def _huge(folder):
    path = write_video(folder / "7.mkv", moving_square(2, 300, 300), codec="ffv1")
    content = path.read_bytes()
    for name in (b"\xb0\x82", b"\xba\x82"):  # width and height in pixels
        assert content.count(name + struct.pack(">H", 300)) == 1
        content = content.replace(name + struct.pack(">H", 300), name + struct.pack(">H", 16_000))
    return file("7.mkv", content)(folder)


KINDS = [
    same_frames("a rotated video", _turned, "turned upright", 8, 10),
    same_frames("odd sizes", lambda folder: lossless("7.mov", 7, 9), "", 7, 9),
    same_frames(
        "a video with alpha", lambda folder: lossless("7.mov", pixels="rgba"), "alpha is ignored"
    ),
    accepted(
        52,
        "a video of 10 bits",
        make=lambda folder: video("7.mkv", 6, codec="ffv1", pixels="yuv420p10le"),
        note="reduced to 8 bits",
    ),
    accepted(53, "a size that changes on the way", make=_growing, note="the size of the first"),
    broken(
        53,
        "a size that grows over the limit",
        make=_growing,
        parameters={"reader": VideoReader(max_pixels=4000)},
        message="damaged: ",
        cause=av.FFmpegError,
    ),
    broken(
        53,
        "a header of 256 million pixels",
        make=_huge,
        message="damaged: ",
        cause=av.FFmpegError,
        bomb=True,
    ),
    case(
        53,
        "more pixels than are allowed",
        make=cut("7.mp4", 1),
        parameters={"reader": VideoReader(max_pixels=3000)},
        message="64 x 48 = 3,072 pixels, over max_pixels=3,000$",
    ),
]

# 54 and 55: files that lead elsewhere, and files without end

URL = "http://127.0.0.1:9/a.ts"
PLAYLIST = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{URL}\n#EXT-X-ENDLIST\n".encode()
CONCAT = f"ffconcat version 1.0\nfile '{URL}'\n".encode()


class Endless:
    """A file object without end."""

    def seek(self, place):
        return place

    def read(self, n_bytes):
        return bytes(n_bytes)


def _pipe(folder):
    os.mkfifo(folder / "7.mp4")
    return folder / "7.mp4"


class Pipe(io.FileIO):
    """An open pipe that is closed when it is not used any more."""

    def __del__(self):
        self.close()


def _opened_pipe(folder):
    return Pipe(os.open(_pipe(folder), os.O_RDWR), "rb")


def limited(title, message, stage="check", **limits):
    return case(
        55,
        title,
        make=cut("7.mp4", 1),
        parameters={"reader": VideoReader(**limits)},
        message=message,
        stage=stage,
    )


ELSEWHERE_AND_ENDLESS = [
    case(54, "a playlist", make=file("7.m3u8", PLAYLIST), message=NO_VIDEO),
    case(54, "a playlist renamed to .mp4", make=file("7.mp4", PLAYLIST), message=NO_VIDEO),
    case(
        54, "a playlist as file object", make=lambda folder: io.BytesIO(PLAYLIST), message=NO_VIDEO
    ),
    case(54, "an ffconcat list", make=file("7.ffconcat", CONCAT), message=NO_VIDEO),
    case(54, "an ffconcat list as bytes", make=given(CONCAT), message=NO_VIDEO),
    broken(
        54,
        "a playlist behind the head of an MP4",
        make=file("7.mp4", b"\0\0\0\x0cftypisom" + PLAYLIST),
        message="not a whole MP4, MOV file: ",
        cause=av.FFmpegError,
    ),
    case(54, "an address", make=given(URL), message="remote input is off: download the file"),
    case(55, "a named pipe", make=_pipe, message="not a regular file$"),
    case(55, "a device", make=given("/dev/zero"), message="not a regular file$"),
    case(
        55,
        "a file object of a pipe",
        make=_opened_pipe,
        message="not a file object of a regular file$",
    ),
    case(
        55,
        "a file object without end",
        make=lambda folder: Endless(),
        parameters={"reader": VideoReader(max_bytes=10_000_000)},
        message="10,000,001 bytes, over max_bytes=10,000,000$",
    ),
    limited("longer than is allowed", r"2\.0 seconds, over max_seconds=1$", max_seconds=1),
    limited("more frames than are allowed", "over max_frames=59 frames$", max_frames=59),
    limited(
        "longer to decode than is allowed",
        r"decoding from one frame to the next took over max_decode_seconds=1e-09$",
        stage="decode",
        max_decode_seconds=1e-9,
    ),
]

CASES = [*INCOMPLETE, *EMPTY, *KINDS, *ELSEWHERE_AND_ENDLESS]
ELSEWHERE = [
    Elsewhere(
        52,
        "a variable rate",
        "the frames that are on the screen at the same times",
        (f"{TESTS}::test_a_variable_rate_is_followed_by_time",),
    ),
    Elsewhere(
        54,
        "18 playlists and 13 containers that name a server, which counts",
        "nothing is fetched",
        (
            f"{HOSTILE}::test_playlists_are_refused_and_fetch_nothing",
            f"{HOSTILE}::test_containers_that_refer_elsewhere_fetch_nothing",
        ),
    ),
    Elsewhere(
        55,
        "a file object that gives a little at a time for ever",
        "an error after ten minutes",
        ("tests/test_files.py::test_endless_file_objects_are_bounded",),
    ),
]
