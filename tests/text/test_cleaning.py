"""Cleaning and stemming against expectations written by hand."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mmsk.exceptions import MissingDependencyError
from mmsk.text import TfidfEmbedder
from mmsk.text._cleaning import clean, stemmer


def cleaned(document, **steps):
    whole = clean(document, **{"markup": False, "urls": False, "numbers": False, **steps})
    return " ".join(whole.split())


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<p>Red <b>car</b></p>", "Red car"),
        ("one<br/>two<BR>three", "one two three"),
        ("<a href='x > y'>link</a>", "y'>link"),
        ("a<!-- <b>hidden</b> -->b", "a b"),
        ("<script type='t'>var x = 1 < 2;</script>text<style>p{}</STYLE >", "text"),
        ("<!DOCTYPE html><?xml version='1'?>text", "text"),
        ("R&amp;B &lt;b&gt; &#233;t&eacute;", "R&B <b> été"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("I <3 it", "I <3 it"),
        ("an open <tag at the end", "an open <tag at the end"),
    ],
)
def test_markup(document, expected):
    assert cleaned(document, markup=True) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("see https://example.org/a?b=c#d now", "see now"),
        ("www.example.org is http://x.y", "is"),
        ("(FTP://files.example.org) end", "( end"),
        ("awww.nothing http", "awww.nothing http"),
    ],
)
def test_urls(document, expected):
    assert cleaned(document, urls=True) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("3 cats, 1,000 dogs and -2.5 %", "cats, dogs and %"),
        ("50% of 2020-01-31 at 12:30", "of at"),
        ("mp3 covid-19 4x4 x_1 1:2x", "mp3 covid-19 4x4 x_1 1:2x"),
        ("١٢٣ words", "words"),
    ],
)
def test_numbers(document, expected):
    assert cleaned(document, numbers=True) == expected


def test_nothing_asked_changes_nothing():
    document = "<b>3</b> at www.example.org &amp;"
    assert clean(document, markup=False, urls=False, numbers=False) == document


def test_a_hostile_document_takes_little_time():
    pieces = ("<", "<!--", "<script>", "<script><style>", "<a ", "1,", "1:", "-1", "www.", "&amp")
    for piece in pieces:
        clean(piece * 30_000 + "x", markup=True, urls=True, numbers=True)


def test_the_embedder_cleans_before_it_counts():
    embedder = TfidfEmbedder(
        remove_html=True, remove_urls=True, remove_numbers=True, strip_accents="unicode"
    )
    embedder.fit(["<p>Café 1900 &amp; Bar, see https://cafe.example/menu</p>"])
    assert embedder.get_feature_names_out().tolist() == ["bar", "cafe", "see"]


@pytest.mark.parametrize(
    ("language", "word", "stem"),
    [("english", "running", "run"), ("german", "häuser", "haus"), ("french", "chats", "chat")],
)
def test_stemming(language, word, stem):
    assert stemmer(language)(word) == stem


def test_stemming_in_threads_mixes_nothing_up():
    words = [f"{letter}{number}ing" for letter in "abcdef" for number in "abcdefghij"] * 5
    expected = {word: word.removesuffix("ing") for word in words}
    stem = stemmer("porter")
    alone = {word: stem(word) for word in expected}
    stemmer.cache_clear()
    stem = stemmer("porter")
    with ThreadPoolExecutor(8) as pool:
        assert dict(zip(words, pool.map(stem, words), strict=True)) == alone


def test_stemming_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "snowballstemmer", None)
    stemmer.cache_clear()
    with pytest.raises(
        MissingDependencyError, match=r"stemming='english' needs .*pip install 'mmsk\[stemming\]'"
    ):
        TfidfEmbedder(stemming="english").fit(["a text"])
