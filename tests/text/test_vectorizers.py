"""Bulk counting against scikit-learn's own vectorizers: the same matrix, bit for bit."""

import random
import re
import sys
from functools import partial

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

# ruff: noqa: RUF001 - letters of many scripts are the point here
from mmsk.text import TfidfEmbedder, _tokens, _vectorizers

POOL = (
    "abcdeABC  \n\t_.,-'0123éÉßİıςΣσΑα\u0301\u200d😀𝒜𝟘\ud800\udfff\x00\x1c\u2028\x85שלוםمرحبا"
    "漢字ǅŉ½²ª\u0345"
)
WORDS = ["the", "cat", "Dog", "dogs", "is", "on", "a", "ΟΔΟΣ", "naïve", "x_1"]


def random_document(rng):
    kind = rng.random()
    if kind < 0.4:
        return " ".join(rng.choices(WORDS, k=rng.randint(0, 8)))
    if kind < 0.5:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randint(0, 30)))
    return "".join(rng.choices(POOL, k=rng.randint(0, 40)))


def random_parameters(rng):
    return {
        "lowercase": rng.random() < 0.8,
        "strip_accents": rng.choice([None, None, "unicode", "ascii"]),
        "stop_words": rng.choice([None, "english", ["the", "cat"]]),
        "ngram_range": rng.choice([(1, 1), (1, 2), (2, 2), (2, 3), (1, 4)]),
        "min_df": rng.choice([1, 1, 2, 0.05]),
        "max_df": rng.choice([1.0, 0.9, 30]),
        "max_features": rng.choice([None, None, 5, 50]),
        "binary": rng.random() < 0.3,
        "use_idf": rng.random() < 0.8,
        "smooth_idf": rng.random() < 0.7,
        "sublinear_tf": rng.random() < 0.4,
        "norm": rng.choice(["l2", "l1", None]),
    }


def assert_same(a, b):
    assert type(a) is type(b)
    assert a.shape == b.shape
    for part in ("indptr", "indices", "data"):
        assert getattr(a, part).dtype == getattr(b, part).dtype
        np.testing.assert_array_equal(getattr(a, part), getattr(b, part))


def compare(documents, new, *, dtype=np.float64, **parameters):
    theirs = TfidfVectorizer(dtype=dtype, **parameters)
    ours = TfidfEmbedder(dtype=np.dtype(dtype).name, **parameters)
    assert_same(ours.fit_transform(documents), theirs.fit_transform(documents))
    assert_same(ours.transform(new), theirs.transform(new))
    assert ours.get_feature_names_out().tolist() == theirs.get_feature_names_out().tolist()


@pytest.fixture(params=[True, False], ids=["pyarrow", "no pyarrow"])
def pyarrow_or_not(request, monkeypatch):
    monkeypatch.setattr(_vectorizers, "_has_pyarrow", lambda: request.param)
    return request.param


@pytest.mark.parametrize("seed", range(60))
def test_random_unicode_and_parameters(seed):
    rng = random.Random(seed)
    documents = [*WORDS, *(random_document(rng) for _ in range(rng.randint(1, 60)))] * 2
    new = [random_document(rng) for _ in range(rng.randint(1, 30))]
    dtype = rng.choice([np.float32, np.float64])
    parameters = random_parameters(rng)
    if isinstance(parameters["stop_words"], str) and parameters["strip_accents"] == "ascii":
        parameters["stop_words"] = None
    try:
        TfidfVectorizer(**parameters).fit(documents)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            TfidfEmbedder(**parameters).fit(documents)
    else:
        compare(documents, new, dtype=dtype, **parameters)


@pytest.mark.parametrize("seed", range(5))
def test_portions_change_nothing(seed, monkeypatch):
    monkeypatch.setattr(_tokens, "_CHARS_AT_ONCE", 50)
    rng = random.Random(seed)
    documents = [*WORDS, *(random_document(rng) for _ in range(40))]
    compare(documents, documents[::-1], ngram_range=(1, 2))


@pytest.mark.parametrize("analyzer", ["word", "char", "char_wb"])
@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 3)])
def test_analyzers(analyzer, ngram_range, pyarrow_or_not):
    rng = random.Random(0)
    documents = [*WORDS, *(random_document(rng) for _ in range(40))]
    compare(documents, documents[5:25], analyzer=analyzer, ngram_range=ngram_range)


def test_token_pattern():
    documents = ["a b-c d", "b-c e_f 3"]
    compare(documents, documents, token_pattern=r"(?u)[\w-]+")


def test_every_character_alone_and_in_a_word():
    characters = [chr(point) for point in range(0x110000)]
    documents = ["".join(characters[start : start + 64]) for start in range(0, 0x110000, 64)]
    documents += [f"a{character}b{character}" for character in characters[:0x3000]]
    compare(documents, documents[::7])


@pytest.mark.parametrize("point", [0x7F, 0x80, 0x7FF, 0x800, 0xD800, 0xFFFF, 0x10000, 0x10FFFF])
def test_borders_of_utf8_widths(point):
    around = [chr(code) for code in range(max(point - 3, 0), min(point + 4, 0x110000))]
    compare([*WORDS, *around, "x".join(around), "".join(around)], around)


def test_single_characters_of_every_width_are_no_words():
    documents = ["a bb", "é ce", "漢 字字", "𝒜 𝒜𝒜"]
    embedder = TfidfEmbedder(lowercase=False).fit(documents)
    assert embedder.get_feature_names_out().tolist() == ["bb", "ce", "字字", "𝒜𝒜"]


def test_the_final_sigma_is_lowered_per_document():
    embedder = TfidfEmbedder().fit(["ΟΔΟΣ", "ΑΣ"])
    assert embedder.get_feature_names_out().tolist() == ["ας", "οδος"]


def test_stop_words_that_cannot_match_are_told(pyarrow_or_not):
    embedder = TfidfEmbedder(stop_words=["It's"])
    with pytest.warns(UserWarning, match="stop_words may be inconsistent"):
        embedder.fit(["it is", "a word"])


@pytest.mark.parametrize("kind", [CountVectorizer, TfidfVectorizer])
def test_bulk_classes_only_replace_the_counting(kind):
    name = f"Bulk{kind.__name__}"
    assert issubclass(getattr(_vectorizers, name), kind)
    assert hasattr(kind, "_count_vocab"), "scikit-learn moved the step that is replaced"


def test_the_bulk_way_is_taken_where_pyarrow_is(monkeypatch):
    calls = []
    monkeypatch.setattr(
        _vectorizers, "split_words", lambda *given: calls.append(1) or _tokens.split_words(*given)
    )
    embedder = TfidfEmbedder()
    embedder.fit_transform(["red car"])
    assert len(calls) == 1, "one pass over the documents in fit_transform"
    embedder.transform(["red car"])
    assert len(calls) == 2


def test_without_pyarrow_nothing_of_it_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    embedder = TfidfEmbedder(stop_words="english", ngram_range=(1, 2))
    assert embedder.fit(["the red car"]).get_feature_names_out().tolist() == [
        "car",
        "red",
        "red car",
    ]


def test_stemming_follows_stop_words_and_precedes_ngrams(pyarrow_or_not):
    build = partial(TfidfEmbedder, stemming="english", stop_words=["runs"], vectorizer="count")
    embedder = build(ngram_range=(1, 2)).fit(["Running dogs runs", "a dog is running"])
    assert embedder.get_feature_names_out().tolist() == [
        "dog", "dog is", "is", "is run", "run", "run dog",
    ]  # fmt: skip
    assert embedder.transform(["runs run dogs"]).toarray().tolist() == [[1, 0, 0, 0, 1, 1]]


def test_stemming_is_the_same_both_ways(monkeypatch):
    rng = random.Random(0)
    documents = [*WORDS, *(random_document(rng) for _ in range(60))]
    embedder = TfidfEmbedder(stemming="english", stop_words="english", ngram_range=(1, 2))
    fast, fast_later = embedder.fit_transform(documents), embedder.transform(documents[:20])
    monkeypatch.setattr(_vectorizers, "_has_pyarrow", lambda: False)
    assert_same(fast, embedder.fit_transform(documents))
    assert_same(fast_later, embedder.transform(documents[:20]))


def test_hashing_stems_too():
    build = partial(TfidfEmbedder, vectorizer="hashing", n_features=32)
    stemmed = build(stemming="english").fit_transform(["dogs running"])
    assert_same(stemmed, build().fit_transform(["dog run"]))
