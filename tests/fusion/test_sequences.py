"""Sequences are stretched as numpy.interp does it, and their names tell of frames."""

import numpy as np
import pytest

from mmsk.fusion._sequences import frames_told, stretched, without_frame


@pytest.mark.parametrize("length", [1, 2, 5, 8])
@pytest.mark.parametrize("n_frames", [2, 3, 5, 8, 13])
def test_stretched_equals_numpys_interp(length, n_frames):
    sequences = np.random.default_rng(0).normal(size=(4, length, 3))
    given = np.stack(list(stretched(sequences, n_frames)), axis=1)
    times, known = np.linspace(0, 1, n_frames), np.linspace(0, 1, length)
    expected = np.apply_along_axis(lambda y: np.interp(times, known, y), 1, sequences)
    np.testing.assert_allclose(given, expected, rtol=1e-12, atol=1e-12)
    if length == n_frames:
        np.testing.assert_array_equal(given, sequences)
    np.testing.assert_array_equal(given[:, [0, -1]], sequences[:, [0, -1]])


@pytest.mark.parametrize(("length", "middle"), [(1, 0), (3, 1), (4, 1.5)])
def test_a_single_frame_is_the_middle(length, middle):
    sequences = np.arange(length, dtype=np.float32).reshape(1, length, 1)
    (frame,) = stretched(sequences, 1)
    assert frame.dtype == np.float32
    assert frame.tolist() == [[middle]]


@pytest.mark.parametrize(
    ("names", "n_frames"),
    [
        (["0", "1"], 1),
        (["frame0", "framed"], 1),
        (["a_frame0", "b_frame0"], 1),
        (["a_frame0", "b_frame0", "a_frame1", "b_frame1"], 2),
        (["u__a_frame0", "u__a_frame1", "u__a_frame2"], 3),
    ],
)
def test_names_tell_of_frames(names, n_frames):
    assert frames_told("sound", np.array(names, dtype=object)) == n_frames


@pytest.mark.parametrize(
    "names",
    [
        ["a_frame0", "a_frame1", "b_frame0", "b_frame1"],
        ["a_frame0", "level"],
        ["a_frame1", "a_frame0"],
        ["a_frame0", "a_frame2"],
        ["a_frame9"],
    ],
)
def test_names_out_of_order_are_refused(names):
    message = f"'sound' are not one frame after the other: '{names[0]}', ..., '{names[-1]}'. Give"
    with pytest.raises(ValueError, match=message):
        frames_told("sound", np.array(names, dtype=object))


def test_without_frame():
    assert without_frame("mfcc0_frame12") == "mfcc0"
    assert without_frame("mfcc0_mean") == "mfcc0_mean"
