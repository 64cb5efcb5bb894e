import numpy as np
import pytest

from mmsk.inspection._audit_names import find_leak, is_name_of_file, wrong_suffix

HEADS = {
    ".jpg": b"\xff\xd8\xff\xe0",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".gif": b"GIF89a",
    ".webp": b"RIFF\0\0\0\0WEBPVP8 ",
    ".bmp": b"BM6\0\0\0",
    ".tif": b"II*\0",
    ".ppm": b"P6\n9 9\n",
    ".wav": b"RIFF\0\0\0\0WAVEfmt ",
    ".flac": b"fLaC",
    ".ogg": b"OggS",
    ".mp3": b"ID3\4",
    ".avi": b"RIFF\0\0\0\0AVI LIST",
    ".mp4": b"\0\0\0\x18ftypisom",
    ".mkv": b"\x1aE\xdf\xa3",
    ".npy": b"\x93NUMPY\1\0",
    ".parquet": b"PAR1",
}


@pytest.mark.parametrize("suffix", HEADS)
def test_each_format_under_its_name_and_under_another(suffix):
    assert wrong_suffix(f"A{suffix.upper()}", HEADS[suffix]) is None
    other = ".png" if suffix != ".png" else ".wav"
    assert wrong_suffix(f"a{other}", HEADS[suffix]).startswith(f"named {other}, but holds ")
    assert wrong_suffix("a", HEADS[suffix]) is None
    assert wrong_suffix("a.dat", HEADS[suffix]) is None


def test_text_may_begin_with_anything():
    assert wrong_suffix("a.csv", b"BMI,age\n") is None
    assert wrong_suffix("a.csv", HEADS[".npy"]) == "named .csv, but holds NPY"
    assert wrong_suffix("a.npy", b"x,y\n1,2\n") == "named .npy, but does not begin like one"
    assert wrong_suffix("a.mp3", b"\0\0\0\0") is None


def test_names_of_files():
    assert is_name_of_file("photos/a.JPG")
    assert not is_name_of_file("see a.jpg")
    assert not is_name_of_file("e.g.")


N = 60
Y = [("cat", "dog", "owl")[row % 3] for row in range(N)]


@pytest.mark.parametrize(
    ("paths", "part", "example"),
    [
        ([f"{y}/{row}.png" for row, y in enumerate(Y)], "the folder", ("cat", "cat")),
        ([f"/a/{y}_{row}.png" for row, y in enumerate(Y)], "part 1 of the name", ("cat", "cat")),
        (
            [f"{row}-{len(y)}{y[0]}.wav" for row, y in enumerate(Y)],
            "part 3 of the name",
            ("c", "cat"),
        ),
        (
            [f"{row} {' '.join('abcd'[: row % 4 + 1])} {y}.wav" for row, y in enumerate(Y)],
            "the last part of the name",
            ("cat", "cat"),
        ),
    ],
)
def test_names_that_tell_the_class(paths, part, example):
    leak = find_leak(paths, Y)
    assert (leak.part, leak.share, leak.example) == (part, 1.0, example)


def test_names_that_tell_nothing():
    assert find_leak([f"a/{row:04d}.png" for row in range(N)], Y) is None
    shuffled = np.random.default_rng(0).permutation(Y).tolist()
    assert find_leak([f"{y}/{row % 7}.png" for row, y in enumerate(shuffled)], Y) is None
    assert find_leak([f"{y}/1.png" for y in Y[:10]], Y[:10]) is None  # too few to tell
    assert find_leak([f"a/{row}.png" for row in range(N)], ["cat"] * N) is None
    assert find_leak([], []) is None


def test_a_rare_class_needs_more_than_its_rarity():
    y = ["no"] * 95 + ["yes"] * 5
    assert find_leak([f"a/{row}.png" for row in range(100)], y) is None
    assert find_leak([f"{value}/{row}.png" for row, value in enumerate(y)], y).share == 1.0
