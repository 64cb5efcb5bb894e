"""Files of word vectors in all their formats."""

import numpy as np
import pytest

from mmsk.text._vector_files import open_vectors

WORDS = ["the", "naïve", "café", "of", "3rd"]
VECTORS = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)


def lines(header=False):
    numbers = [" ".join(map(repr, row)) for row in VECTORS.astype(float).tolist()]
    body = [f"{word} {row}\n" for word, row in zip(WORDS, numbers, strict=True)]
    return "".join(["5 4\n"] * header + body).encode()


def binary(separator=b"\n"):
    records = [
        word.encode() + b" " + row.tobytes() for word, row in zip(WORDS, VECTORS, strict=True)
    ]
    return b"5 4\n" + separator.join(records)


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def archive(tmp_path, words):
    np.savez_compressed(tmp_path / "vectors.npz", words=np.array(words), vectors=VECTORS)
    return tmp_path / "vectors.npz"


CONTENTS = {
    "glove.txt": lines(),
    "no_last_line_break.txt": lines().rstrip(b"\n"),
    "windows.txt": lines().replace(b"\n", b"\r\n"),
    "trailing_spaces.txt": lines().replace(b"\n", b" \n"),
    "word2vec.txt": lines(header=True),
    "fasttext.vec": lines(header=True),
    "word2vec.bin": binary(),
    "no_line_breaks.bin": binary(b""),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_format_gives_the_same_vectors(name, write):
    vectors = open_vectors(write(name, CONTENTS[name]))
    assert (len(vectors), vectors.width) == (5, 4)
    np.testing.assert_array_equal(vectors.look_up(WORDS[::-1]), VECTORS[::-1])
    assert "naïve" in vectors
    assert "naive" not in vectors


@pytest.mark.parametrize("encode", [str, lambda word: word.encode()])
def test_archives_of_text_or_bytes(encode, tmp_path):
    vectors = open_vectors(archive(tmp_path, [encode(word) for word in WORDS]))
    np.testing.assert_array_equal(vectors.look_up(WORDS), VECTORS)


def test_of_a_word_that_comes_twice_the_first_counts(write):
    vectors = open_vectors(write("twice.txt", b"a 1 2\nb 3 4\na 5 6\n"))
    np.testing.assert_array_equal(vectors.look_up(["a", "b"]), [[1, 2], [3, 4]])


def test_a_file_is_opened_again_only_where_it_changed(write):
    path = write("vectors.txt", b"a 1 2\n")
    vectors = open_vectors(path)
    assert open_vectors(str(path)) is vectors
    write("vectors.txt", b"a 1 2 3\n")
    assert open_vectors(path).width == 3
    assert open_vectors(path).digest != vectors.digest


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "empty file"),
        ("words.txt", b"no\nnumbers\n", "the first line, b'no\\\\n', has no numbers"),
        ("cut.bin", binary()[:60], r"it ends after \d of 5 words"),
        ("text.bin", lines(), "invalid literal"),
        ("backwards.bin", b"1000000000000 -1\na b c d e f", "-1 numbers a word"),
        ("huge.txt", b"2 900000000000\na 1 2\n", "900000000000 numbers a line by the first"),
        ("no.npz", b"PK", ""),
    ],
)
def test_files_that_are_something_else(name, content, reason, write):
    with pytest.raises(ValueError, match=rf"{name}' cannot be read as word vectors.*{reason}"):
        open_vectors(write(name, content))


def test_archives_of_something_else(tmp_path):
    np.savez(tmp_path / "a.npz", words=np.array(["a", "b"]), vectors=np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"shapes \(2,\) of words and \(1, 2\) of vectors"):
        open_vectors(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", words=np.array([{}]), vectors=np.ones((1, 2)))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        open_vectors(tmp_path / "b.npz")


def test_an_archive_that_unpacks_without_end(tmp_path):
    words = np.array(["a", "a" * 10**6])
    np.savez_compressed(tmp_path / "bomb.npz", words=words, vectors=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"'words.npy' unpacks to 8,000,\d+ bytes"):
        open_vectors(tmp_path / "bomb.npz")


def test_a_line_with_other_numbers(write):
    vectors = open_vectors(write("odd.txt", b"a 1 2\nb 3\n"))
    with pytest.raises(ValueError, match=r"holds 1 numbers instead of 2: b'b 3'. Leave the line"):
        vectors.look_up(["b"])


def test_names_that_are_not_accepted(tmp_path):
    with pytest.raises(ValueError, match=r"'a.model' does not end in .txt, .vec, .bin, .npz"):
        open_vectors("a.model")
    with pytest.raises(FileNotFoundError, match="no such file"):
        open_vectors(tmp_path / "a.txt")
