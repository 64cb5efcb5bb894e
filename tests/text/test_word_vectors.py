"""Means of word vectors, beside direct implementations in float64."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer

from mmsk import WordVectorEmbedder
from mmsk.exceptions import BadCellWarning, ReadError

DOCUMENTS = [
    "the red car and the green car",
    "A green apple",
    "the apple is red, the car is not",
    "unknown words only",
    "",
    "car, car: car",
]
NEW = ["The pie is green", "red", "zzz"]
WORDS = ["the", "red", "green", "car", "apple", "is", "pie", "a"]
VECTORS = np.random.default_rng(1).normal(size=(len(WORDS), 5))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vectors.npz"
    np.savez(path, words=np.array(WORDS), vectors=VECTORS.astype(np.float32))
    return path


def known(document):
    words = re.findall(r"\w+", document.lower())
    return [word for word in words if word in WORDS]


def direct_mean(documents, weigh, divide_by_count=False):
    rows = np.zeros((len(documents), 5))
    for row, document in enumerate(documents):
        words = known(document)
        weights = np.array([weigh(word) for word in words])
        total = len(words) if divide_by_count else weights.sum()
        for word, weight in zip(words, weights, strict=True):
            rows[row] += weight * VECTORS[WORDS.index(word)] / total
    return rows


def test_the_mean(file):
    embedder = WordVectorEmbedder(file).fit(DOCUMENTS)
    for documents in (DOCUMENTS, NEW):
        expected = direct_mean(documents, lambda word: 1.0)
        np.testing.assert_allclose(embedder.transform(documents), expected, rtol=1e-5, atol=1e-7)
    assert embedder.get_feature_names_out().tolist() == [f"wordvector{i}" for i in range(5)]


def test_means_by_inverse_document_frequency(file):
    tfidf = TfidfVectorizer(token_pattern=r"\b\w+\b").fit(DOCUMENTS)
    idf = dict(zip(tfidf.get_feature_names_out(), tfidf.idf_, strict=True))
    never = np.log(1 + len(DOCUMENTS)) + 1
    embedder = WordVectorEmbedder(file, pooling="tfidf").fit(DOCUMENTS)
    for documents in (DOCUMENTS, NEW):
        expected = direct_mean(documents, lambda word: idf.get(word, never))
        np.testing.assert_allclose(embedder.transform(documents), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("n_common", [0, 1, 2])
def test_smooth_inverse_frequency(file, n_common):
    every = [word for document in DOCUMENTS for word in re.findall(r"\w+", document.lower())]

    def weigh(word):
        return 0.01 / (0.01 + every.count(word) / len(every))

    rows = direct_mean(DOCUMENTS, weigh, divide_by_count=True)
    _, _, directions = np.linalg.svd(rows, full_matrices=False)
    common = directions[:n_common]
    embedder = WordVectorEmbedder(file, pooling="sif", sif_a=0.01, n_common=n_common)
    embedder.fit(DOCUMENTS)
    for documents in (DOCUMENTS, NEW):
        expected = direct_mean(documents, weigh, divide_by_count=True)
        expected = expected - expected @ common.T @ common
        np.testing.assert_allclose(embedder.transform(documents), expected, rtol=1e-4, atol=1e-6)


def test_rows_of_length_one(file):
    rows = WordVectorEmbedder(file, norm="l2").fit_transform(DOCUMENTS)
    lengths = np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 1, 0, 0, 1], rtol=1e-6)


def test_missing_cells_and_documents_without_a_known_word(file):
    column = pd.Series(["red", None, "zzz", np.nan, ""], name="text")
    rows = WordVectorEmbedder(file).fit_transform(column)
    np.testing.assert_array_equal(np.isnan(rows).any(axis=1), [False, True, False, True, False])
    np.testing.assert_array_equal(rows[[2, 4]], 0)
    assert rows.dtype == np.float32


def test_unknown_words_are_reported(file):
    embedder = WordVectorEmbedder(file).fit(["red car", "green sky"])
    assert embedder.out_of_vocabulary_share_ == 0.25
    with pytest.warns(UserWarning, match=r"67% of the words are not in .*lowercase=True"):
        embedder.fit(["red sky above"])
    with pytest.warns(UserWarning, match="100% of the words"):
        rows = embedder.fit_transform(["Himmel"])
    np.testing.assert_array_equal(rows, 0)


def test_case_and_words_of_one_letter(file):
    cased = WordVectorEmbedder(file, lowercase=False).fit(["red", "Red red red"])
    assert cased.out_of_vocabulary_share_ == 0.25
    longer = WordVectorEmbedder(file, token_pattern=r"\b\w\w+\b").fit_transform(["a red"])
    np.testing.assert_allclose(longer[0], VECTORS[1], rtol=1e-6)


def test_bad_cells(file):
    column = pd.Series(["red", 3, "green"], name="text")
    with pytest.raises(ReadError, match=r"row 1, column 'text'.*expected text, got int"):
        WordVectorEmbedder(file).fit(column)
    with pytest.warns(BadCellWarning, match="row 1"):
        embedder = WordVectorEmbedder(file, on_error="missing", max_bad_fraction=0.5).fit(column)
    with pytest.raises(ReadError, match=r"max_bad_fraction=0\.1"):
        embedder.set_params(max_bad_fraction=0.1).transform([1, 2])


def test_only_the_path_is_pickled_and_another_file_is_refused(file):
    embedder = WordVectorEmbedder(str(file), pooling="sif").fit(DOCUMENTS)
    loaded = pickle.loads(pickle.dumps(embedder))
    np.testing.assert_array_equal(loaded.transform(NEW), embedder.transform(NEW))
    np.testing.assert_array_equal(clone(embedder).fit_transform(NEW + DOCUMENTS).shape, (9, 5))
    np.savez(file, words=np.array(WORDS), vectors=-VECTORS)
    with pytest.raises(ValueError, match="is not the file that was there at fit"):
        loaded.transform(NEW)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pooling": "max"}, "pooling='max' is not one of 'mean', 'tfidf', 'sif'"),
        ({"norm": "l1"}, "norm='l1' is not one of 'l2', None"),
        ({"sif_a": 0}, "sif_a=0"),
        ({"n_common": -1}, "n_common=-1"),
        ({"max_chars": 0}, "max_chars=0"),
        ({"vectors": "glove.model"}, "does not end in .txt"),
    ],
)
def test_parameters_that_are_not_accepted(file, parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        WordVectorEmbedder(**{"vectors": file} | parameters).fit(DOCUMENTS)


def test_nothing_to_learn_from(file):
    with pytest.raises(ValueError, match="No document to learn from"):
        WordVectorEmbedder(file).fit([None, None])
