import json
import math
from collections import namedtuple

import numpy as np
import pytest

from mmsk._decoding.plain import from_plain, plain_sample, to_plain
from mmsk.encoders._sequence_samples import Frames
from mmsk.samples import AudioClip, Image, Series, VideoClip


def there_and_back(value):
    buffers = []
    tree = json.loads(json.dumps(to_plain(value, buffers)))
    content = memoryview(b"".join(map(bytes, buffers)))
    place = 0

    def take(n_bytes):
        nonlocal place
        place += n_bytes
        return np.frombuffer(bytearray(content[place - n_bytes : place]), np.uint8)

    found = from_plain(tree, take)
    assert place == len(content)
    return found


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(10**30),
        0.1,
        -0.0,
        math.inf,
        "ä\ud800\0",
        b"\0\xff",
        [],
        [1, [2.5, None]],
        (1, ("a", b"b")),
        {"a": [1], 2: (3,)},
    ],
)
def test_plain_values_come_back(value):
    found = there_and_back(value)
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)


def test_nan_comes_back():
    assert math.isnan(there_and_back(math.nan))


NUMBERS = ["?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", "g", "c8", "c16", ">i4", ">f8"]


@pytest.mark.parametrize("code", NUMBERS)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (0, 4), (2, 3, 4)])
def test_arrays_come_back_bit_for_bit(code, shape):
    array = np.random.default_rng(0).integers(0, 2, size=shape).astype(code)
    for value in (array, np.asfortranarray(array), array.T, array[..., ::-1] if shape else array):
        found = there_and_back(value)
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert found.tobytes() == value.tobytes()
        assert found.flags.writeable
        if value.flags.f_contiguous:
            assert found.flags.f_contiguous


@pytest.mark.parametrize("code", NUMBERS[:-2])
def test_numbers_of_numpy_come_back(code):
    value = np.dtype(code).type(1)
    found = there_and_back(value)
    assert found == value
    assert type(found) is type(value)


def test_samples_come_back():
    image = there_and_back(Image(np.arange(12, dtype=np.uint8).reshape(2, 2, 3)))
    assert image.pixels.ravel().tolist() == list(range(12))
    clip = there_and_back(AudioClip(np.ones(3, dtype=np.float32), 8000))
    assert (len(clip.samples), clip.sample_rate) == (3, 8000)
    series = there_and_back(Series(np.ones((2, 2), dtype=np.float32), 50.0, ("x", "y")))
    assert (series.sample_rate, series.channels) == (50.0, ("x", "y"))
    video = there_and_back(VideoClip(np.zeros((2, 1, 1, 3), np.uint8), np.array([0.5, 1.5]), 2.0))
    assert video.times_seconds.tolist() == [0.5, 1.5]
    frames = there_and_back(Frames(np.ones((2, 1), dtype=np.float32), ("x",)))
    assert isinstance(frames, Frames)
    assert frames.channels == ("x",)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1},
        {(1,): 2},
        [lambda: 0],
        np.array([None]),
        np.array(["a"]),
        np.zeros(2, dtype=[("a", "i4")]),
        np.ma.masked_array([1]),
        namedtuple("Image", "pixels")(1),
        type("Number", (int,), {})(3),
    ],
)
def test_nothing_else_can_be_sent(value):
    with pytest.raises(TypeError, match="cannot come back from a process that decodes"):
        to_plain(value, [])


@pytest.mark.parametrize(
    "tree",
    [
        {"a": 1},
        [],
        [1, 2],
        ["list"],
        ["list", 3],
        ["set", [1]],
        ["dict", [[1]]],
        ["dict", [[["list", []], 1]]],
        ["bytes", -1],
        ["bytes", True],
        ["bytes", 2**70],
        ["array", "|O8", [1], "C"],
        ["array", "<U4", [1], "C"],
        ["array", "<i3", [1], "C"],
        ["array", "<f4", [-1], "C"],
        ["array", "<f4", [True], "C"],
        ["array", "<f4", [2**62, 2**62], "C"],
        ["array", "<f4", [1] * 100, "C"],
        ["array", "<f4", [1], "A"],
        ["array", "|b1", [1], "C"],
        ["scalar", "|O8"],
        ["sample", "Path", ["/"]],
        ["sample", "Image", []],
        ["sample", "Image", [["array", "<f4", [1, 1, 3], "C"]]],
        ["sample", "AudioClip", [["array", "<f4", [1], "C"], "8000"]],
    ],
    ids=str,
)
def test_what_is_no_sample_is_refused(tree):
    def take(n_bytes):
        if n_bytes > 10**6:
            raise ValueError("too large")
        return np.full(n_bytes, 7, dtype=np.uint8)

    with pytest.raises((ValueError, TypeError, AttributeError)):
        from_plain(tree, take)


def test_a_sample_of_a_leaf_can_be_added():
    kind = plain_sample(namedtuple("Pair", "one other"))
    assert there_and_back(kind(1, "a")) == (1, "a")
    assert type(there_and_back(kind(1, "a"))) is kind
