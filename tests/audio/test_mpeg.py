import io

import numpy as np
import pytest

from mmsk.audio import AudioReader
from mmsk.audio._mpeg import count_frames
from mmsk.exceptions import ReadError

READER = AudioReader()
TAG = b"TAG" + bytes(125)


@pytest.fixture(scope="module")
def noise():
    """Ten seconds, of which the first half takes few bits and the second many."""
    samples = np.random.default_rng(0).normal(0, 0.1, 160_000).astype(np.float32)
    samples[:80_000] *= 1e-3
    return samples


def without_length(mp3):
    """Take away the first frame, which tells the length and holds no sound."""
    tag = max(mp3.find(b"Xing"), mp3.find(b"Info"))
    start = mp3.rfind(b"\xff", 0, tag)
    return mp3[mp3.find(mp3[start : start + 2], tag) :]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("rate", "mode"), [(16_000, "VARIABLE"), (44_100, "VARIABLE"), (8000, "CONSTANT")]
)
def test_all_of_a_file_without_length_is_read(encode, noise, rate, mode, channels):
    samples = np.stack([noise] * channels, axis=1)
    mp3 = encode("MP3", samples, rate, bitrate_mode=mode, compression_level=0.5)
    assert count_frames(io.BytesIO(mp3)) is None
    whole, cut = READER.read(mp3).samples, READER.read(without_length(mp3)).samples
    assert len(noise) <= len(cut) < len(noise) + 3 * 1152
    part = whole[100_000:110_000]
    delay = np.correlate(cut[100_000:113_000], part).argmax()  # of the encoder, which is not told
    same = cut[90_000 + delay : 150_000 + delay]
    assert np.corrcoef(same, whole[90_000:150_000])[0, 1] > 0.999


def test_what_stands_around_the_frames_is_passed_over(encode, noise):
    mp3 = without_length(encode("MP3", noise, 16_000))
    expected = READER.read(mp3).samples
    around = b"ID3\3\0\0\0\0\1\0" + bytes(128) + mp3 + TAG
    for content in (around, mp3 + bytes(5000), mp3 + b"APETAGEX" + b"x" * 100_000):
        np.testing.assert_array_equal(READER.read(content).samples, expected)


def test_sync_that_is_lost_is_told(encode, noise):
    mp3 = without_length(encode("MP3", noise, 16_000))
    middle = len(mp3) // 2
    with pytest.raises(ReadError, match=r"damaged: sync is lost after \d+ MPEG frames, at byte"):
        READER.read(mp3[:middle] + b"x" * 3000 + mp3[middle + 3000 :])


def test_limits_hold_for_what_is_counted(encode, noise):
    mp3 = without_length(encode("MP3", noise, 16_000))
    with pytest.raises(ReadError, match=r"10\.\d seconds, over max_seconds=9"):
        AudioReader(max_seconds=9).read(mp3)


@pytest.mark.parametrize("content", [b"", b"ID3", b"\xff" * 5000, b"text", b"\xff\xfb\x90\x00" * 3])
def test_what_is_no_mp3_is_not_counted(content):
    assert count_frames(io.BytesIO(content)) is None
