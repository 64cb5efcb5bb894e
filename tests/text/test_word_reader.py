"""Texts as words, and the vocabulary."""

import re

import numpy as np
import pytest

from mmsk.exceptions import ReadError
from mmsk.text import WordReader

TEXT = "<p>Is 1 café open at 9.50? See http://cafe.example/now</p>"


def test_words_are_those_of_the_pattern():
    text = "It's a red car, isn't it? Übermäßig 北京"
    assert WordReader().read(text) == re.findall(r"\w+", text.lower())
    assert WordReader(lowercase=False).read(text) == re.findall(r"\w+", text)
    assert WordReader(r"\w+|[^\w\s]").read("red, car?") == ["red", ",", "car", "?"]


def test_cleaning_comes_first():
    reader = WordReader(remove_html=True, remove_urls=True, remove_numbers=True)
    assert reader.read(TEXT) == ["is", "café", "open", "at", "see"]
    assert WordReader(max_chars=8).read("one two three") == ["one", "two"]
    assert WordReader().read("") == []
    assert WordReader().read("café".encode()) == ["café"]


def test_the_vocabulary_counts_texts():
    texts = [["a", "b", "b", "b"], ["a", "c"], ["c", "a"]]
    assert WordReader().vocabulary(texts).tolist() == ["a", "c"]
    assert WordReader(min_df=1, max_features=2).vocabulary(texts).tolist() == ["a", "b"]
    assert WordReader(min_df=1, max_features=None).vocabulary(texts).tolist() == ["a", "b", "c"]


def test_the_vocabulary_is_sorted_as_numpy_searches():
    words = WordReader(min_df=1).vocabulary([["é", "Z", "a", "\ud800", "ab", "\U0001d538"]])
    assert np.array_equal(np.sort(words), words)
    assert np.searchsorted(words, ["ab"]) == words.tolist().index("ab")


@pytest.mark.parametrize("cell", [3, ["a"], b"\xff\xfe"], ids=["int", "list", "bytes"])
def test_what_is_no_text(cell):
    with pytest.raises(ReadError, match=r"expected text|not UTF-8"):
        WordReader().read(cell)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min_df": 0}, "min_df=0"),
        ({"max_features": 0}, "max_features=0"),
        ({"token_pattern": "("}, r"token_pattern='\(' is not a regular expression"),
        ({"token_pattern": None}, "token_pattern=None is not a regular expression"),
    ],
    ids=["min_df", "max_features", "pattern", "no pattern"],
)
def test_parameters_that_are_not_accepted(parameters, message):
    with pytest.raises(ValueError, match=message):
        WordReader(**parameters).check_parameters()


def test_windows_are_parts_of_the_text():
    reader = WordReader(lowercase=False, remove_html=True)
    text = "<p>Is it a RED car, or (a) green one?</p>"
    assert list(reader.read_windows(text, 4, 4)) == [
        " Is it a RED ",
        "car, or (a) green ",
        "or (a) green one? ",
    ]
    assert list(reader.read_windows("one two three", 2)) == ["one two ", "two three"]
    assert list(reader.read_windows("one two, three", 3)) == ["one two, three"]
    assert list(reader.read_windows("...", 3)) == ["..."]
    assert list(reader.read_windows("", 3)) == [""]
    assert list(WordReader().read_windows("ONE TWO", 1)) == ["one ", "two"]
    with pytest.raises(ReadError, match="expected text, got int"):
        list(reader.read_windows(3, 2))
    with pytest.raises(ValueError, match="hop_length=0 is not an integer of at least 1"):
        list(reader.read_windows("a", 2, 0))
