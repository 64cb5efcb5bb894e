"""The text embedder as a user meets it: cells, containers, errors, names, outputs."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from mmsk.exceptions import BadCellWarning, ReadError
from mmsk.text import TfidfEmbedder

DOCUMENTS = [
    "The red car is a fast car.",
    "A green apple, a red apple!",
    "Café au lait, naïve façade",
    "",
    "RED lorry; yellow lorry",
    "car and lorry and apple pie",
]


def dense(features):
    return features.toarray() if sp.issparse(features) else np.asarray(features)


def assert_same_matrix(a, b):
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    for part in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(a, part), getattr(b, part))


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "object array": lambda cells: np.array(cells, dtype=object),
    "pandas object": lambda cells: pd.Series(cells, dtype=object),
    "pandas str": lambda cells: pd.Series(cells, dtype="str"),
    "pandas string": lambda cells: pd.Series(cells, dtype="string"),
    "pandas arrow": lambda cells: pd.Series(cells, dtype=pd.ArrowDtype(pa.string())),
    "pandas category": lambda cells: pd.Series(cells, dtype="category"),
    "polars": pl.Series,
    "arrow": pa.array,
    "arrow chunked": lambda cells: pa.chunked_array([cells[:2], cells[2:]]),
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_every_container_gives_the_same_features(container):
    cells = [*DOCUMENTS[:3], None, *DOCUMENTS[3:]]
    expected = TfidfEmbedder().fit_transform(cells)
    column = container(cells)
    embedder = TfidfEmbedder()
    assert_same_matrix(embedder.fit_transform(column), expected)
    assert_same_matrix(embedder.transform(column), TfidfEmbedder().fit(cells).transform(cells))
    assert embedder.present_rows(column).tolist() == [True] * 3 + [False] + [True] * 3


def test_a_numpy_string_array_is_a_column():
    assert_same_matrix(
        TfidfEmbedder().fit_transform(np.array(DOCUMENTS)), TfidfEmbedder().fit_transform(DOCUMENTS)
    )


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=repr)
def test_missing_cells_are_empty_rows_and_no_documents(missing):
    embedder = TfidfEmbedder()
    features = embedder.fit_transform([missing, *DOCUMENTS, missing])
    reference = TfidfVectorizer()
    assert_same_matrix(features[1:-1], reference.fit_transform(DOCUMENTS)[:])
    assert features[[0, -1]].nnz == 0
    np.testing.assert_array_equal(embedder.vectorizer_.idf_, reference.idf_)
    assert embedder.present_rows([missing, "", "a"]).tolist() == [False, True, True]


def test_missing_cells_are_nan_rows_of_an_embedding():
    embedder = TfidfEmbedder(n_components=2, random_state=0)
    embedded = embedder.fit_transform([None, *DOCUMENTS])
    assert embedded.dtype == np.float32
    assert np.isnan(embedded[0]).all()
    assert np.isfinite(embedded[1:]).all()
    assert np.isnan(embedder.transform([None, pd.NA])).all()


def test_lsa_is_truncated_svd_of_the_same_matrix():
    svd = TruncatedSVD(3, random_state=0)
    expected = svd.fit_transform(TfidfVectorizer().fit_transform(DOCUMENTS))
    embedder = TfidfEmbedder(n_components=3, random_state=0)
    np.testing.assert_array_equal(embedder.fit_transform(DOCUMENTS), expected.astype(np.float32))
    np.testing.assert_allclose(embedder.transform(DOCUMENTS), expected, atol=1e-6)
    assert embedder.get_feature_names_out().tolist() == ["lsa0", "lsa1", "lsa2"]


def test_bag_of_words_is_count_vectorizer():
    assert_same_matrix(
        TfidfEmbedder(vectorizer="count", ngram_range=(1, 2), norm="l1").fit_transform(DOCUMENTS),
        CountVectorizer(ngram_range=(1, 2), dtype=np.float64).fit_transform(DOCUMENTS),
    )


def test_hashing_is_hashing_vectorizer():
    embedder = TfidfEmbedder(vectorizer="hashing", n_features=64, norm="l1", dtype="float32")
    reference = HashingVectorizer(n_features=64, norm="l1", dtype=np.float32)
    assert_same_matrix(embedder.fit_transform(DOCUMENTS), reference.transform(DOCUMENTS))
    assert embedder.get_feature_names_out()[[0, -1]].tolist() == ["hash0", "hash63"]


def test_names_are_the_terms_in_order():
    embedder = TfidfEmbedder(stop_words=["is", "and"]).fit(DOCUMENTS)
    names = embedder.get_feature_names_out()
    assert names.dtype == object
    assert names.tolist() == sorted(names)
    assert {"red", "café"} <= set(names)
    assert "is" not in names
    car = embedder.transform(["car car"])
    assert names[car.indices].tolist() == ["car"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (7, "expected text, got int"),
        (1.5, "expected text, got float"),
        (["a", "b"], "expected text, got list"),
        (True, "expected text, got bool"),
        (b"caf\xe9", r"bytes that are not UTF-8 text \(unexpected end of data at byte 3\)"),
        (b"\xff\xfea\x00", r"bytes that are not UTF-8 text \(it starts like UTF-16\)"),
    ],
    ids=["int", "float", "list", "bool", "latin-1", "utf-16"],
)
def test_a_cell_that_is_no_text_is_named(cell, reason):
    embedder = TfidfEmbedder().fit(DOCUMENTS)
    column = pd.Series(["red", None, cell, "car"], name="title", index=list("abcd"))
    with pytest.raises(ReadError, match=rf"row 2 \(index 'c'\), column 'title'.*: {reason}"):
        embedder.transform(column)
    with pytest.raises(ReadError, match=f"row 2.*{reason}"):
        TfidfEmbedder().fit(column)


def test_bad_cells_can_be_missing():
    column = ["red car", 5, None, "red apple"]
    embedder = TfidfEmbedder(on_error="missing").fit(DOCUMENTS)
    with pytest.warns(BadCellWarning, match="1 unreadable cell is taken as missing: row 1"):
        features = embedder.transform(column)
    assert np.diff(features.indptr).tolist() == [2, 0, 0, 2]
    assert embedder.present_rows(column).tolist() == [True, False, False, True]
    with pytest.raises(ReadError, match=r"row 0 \(int\): expected text, got int"):
        embedder.transform([1, 2, "red"])


def test_utf8_bytes_are_text():
    cells = [document.encode() for document in DOCUMENTS]
    cells[2] = b"\xef\xbb\xbf" + cells[2]
    for analyzer in ("word", "char"):
        assert_same_matrix(
            TfidfEmbedder(analyzer=analyzer).fit_transform(cells),
            TfidfEmbedder(analyzer=analyzer).fit_transform(DOCUMENTS),
        )


def test_long_documents_are_cut():
    long = "red car " * 200_000
    embedder = TfidfEmbedder(max_chars=8, norm=None, use_idf=False)
    assert embedder.fit_transform([long, b"red car blue", "car"]).toarray().tolist() == [
        [1, 1],
        [1, 1],
        [1, 0],
    ]
    whole = TfidfEmbedder(max_chars=None, vectorizer="count").fit_transform([long])
    assert whole.toarray().tolist() == [[200_000, 200_000]]
    cut = TfidfEmbedder(vectorizer="count").fit_transform([long])
    assert cut.toarray().tolist() == [[125_000, 125_000]]


@pytest.mark.parametrize("documents", [["", "  "], ["the", "of the"], ["a b c", "..."]])
def test_nothing_but_stop_words_is_a_clear_error(documents):
    with pytest.raises(ValueError, match=r"No terms to learn from: the 2 documents are empty or"):
        TfidfEmbedder(stop_words="english").fit(documents)


def test_no_documents_at_all_is_a_clear_error():
    with pytest.raises(ValueError, match="No document to learn from: 2 cells, none with a text"):
        TfidfEmbedder().fit([None, np.nan])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("a text", r"got one str\. Put a single cell into a list"),
        (pd.DataFrame({"text": ["a"]}), r"Expected a 1-D column .*Select one column"),
        (np.array([["ab"], ["cd"]]), r"Expected a 1-D column .*shape \(2, 1\)"),
    ],
    ids=["string", "frame", "2-D array"],
)
def test_what_is_no_column_gets_a_hint(column, message):
    with pytest.raises(ValueError, match=message):
        TfidfEmbedder().fit(column)


@pytest.mark.parametrize("parameters", [{}, {"n_components": 2}, {"vectorizer": "hashing"}])
def test_zero_rows(parameters):
    embedder = TfidfEmbedder(n_features=16).set_params(**parameters).fit(DOCUMENTS)
    width = len(embedder.get_feature_names_out())
    assert embedder.transform([]).shape == (0, width)
    missing = embedder.transform([None])
    assert missing.shape == (1, width)
    assert missing.dtype == embedder.transform(["red"]).dtype


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"vectorizer": "tf"}, r"vectorizer='tf' is not one of 'tfidf', 'count', 'hashing'\."),
        ({"analyzer": "words"}, r"analyzer='words' is not one of 'word', 'char', 'char_wb'\."),
        ({"strip_accents": True}, "strip_accents=True is not one of None"),
        ({"norm": "max"}, "norm='max' is not one of 'l1', 'l2', None"),
        ({"dtype": "float16"}, "dtype='float16' is not one of"),
        ({"stop_words": "german"}, "stop_words='german' is not one of 'english'"),
        ({"stop_words": 3}, "stop_words=3 is not None, 'english' or a list of words"),
        ({"stemming": "elvish"}, "stemming='elvish' is not one of .*'english'"),
        ({"ngram_range": 2}, r"ngram_range=2 is not a pair such as \(1, 2\)"),
        ({"ngram_range": (0, 1)}, "the smallest n of ngram_range=0 is not an integer"),
        ({"ngram_range": (1, "2")}, "the largest n of ngram_range='2' is not an integer"),
        ({"ngram_range": (2, 1)}, r"ngram_range=\(2, 1\) is not a pair .*: 1 is below 2"),
        ({"n_components": 99}, r"n_components=99 is more than the \d+ terms of the documents"),
        ({"min_df": 99}, "min_df=99 asks for more documents than max_df=1.0 allows"),
        ({"min_df": 0}, "min_df=0 is not an integer of at least 1"),
        ({"max_df": 1.5}, "max_df=1.5 is not a number of at least 0 and at most 1"),
        ({"max_features": 0}, "max_features=0 is not an integer of at least 1"),
        ({"n_features": 0}, "n_features=0 is not an integer of at least 1"),
        ({"n_components": 0}, "n_components=0 is not an integer of at least 1"),
        ({"max_chars": -1}, "max_chars=-1 is not an integer of at least 1"),
        ({"on_error": "drop"}, "on_error='drop' is not one of 'raise', 'missing'"),
        ({"max_bad_fraction": 2}, "max_bad_fraction=2 is not a number"),
        ({"analyzer": "char", "stop_words": ["a"]}, r"stop_words=\['a'\] works on words, so it"),
        ({"analyzer": "char_wb", "stemming": "english"}, "stemming='english' works on words"),
    ],
    ids=str,
)
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        TfidfEmbedder(**parameters).fit(DOCUMENTS)


def test_not_fitted():
    with pytest.raises(NotFittedError, match="TfidfEmbedder instance is not fitted"):
        TfidfEmbedder().transform(DOCUMENTS)
    with pytest.raises(NotFittedError, match="TfidfEmbedder instance is not fitted"):
        TfidfEmbedder().get_feature_names_out()


def test_a_row_does_not_depend_on_its_neighbours():
    embedder = TfidfEmbedder(ngram_range=(1, 2)).fit(DOCUMENTS)
    whole = embedder.transform(DOCUMENTS)
    order = np.random.default_rng(0).permutation(len(DOCUMENTS))
    shuffled = embedder.transform([DOCUMENTS[row] for row in order])
    assert_same_matrix(shuffled, whole[order])
    for row, document in enumerate(DOCUMENTS):
        assert_same_matrix(embedder.transform([document]), whole[[row]])


@pytest.mark.parametrize("parameters", [{}, {"n_components": 2}, {"stemming": "english"}], ids=str)
def test_transform_keeps_the_state_and_survives_pickling(parameters, tmp_path):
    embedder = TfidfEmbedder(random_state=0, **parameters).fit(DOCUMENTS)
    before = pickle.dumps(embedder)
    expected = dense(embedder.transform(DOCUMENTS))
    assert pickle.dumps(embedder) == before
    joblib.dump(embedder, tmp_path / "embedder.joblib")
    for loaded in (pickle.loads(before), joblib.load(tmp_path / "embedder.joblib")):
        np.testing.assert_array_equal(dense(loaded.transform(DOCUMENTS)), expected)


def test_clone_and_set_params_change_the_features():
    embedder = clone(TfidfEmbedder().fit(DOCUMENTS)).set_params(binary=True, norm=None)
    assert not hasattr(embedder, "vectorizer_")
    expected = TfidfVectorizer(binary=True, norm=None).fit_transform(DOCUMENTS)
    assert_same_matrix(embedder.fit_transform(DOCUMENTS), expected)


def test_a_grid_search_sees_different_features():
    texts = ["good film", "not good film", "bad film", "not bad film"] * 6
    labels = [1, 0, 0, 1] * 6
    search = GridSearchCV(
        make_pipeline(TfidfEmbedder(), LogisticRegression(C=100)),
        {"tfidfembedder__ngram_range": [(1, 1), (1, 2)]},
        cv=3,
        error_score="raise",
    ).fit(texts, labels)
    assert search.cv_results_["mean_test_score"].tolist()[1] == 1
    assert search.cv_results_["mean_test_score"].tolist()[0] < 0.9


class TestSetOutput:
    @pytest.fixture
    def column(self):
        return pd.Series([*DOCUMENTS, None], index=range(10, 17), name="text")

    def test_pandas_is_sparse_and_keeps_the_index(self, column):
        plain = TfidfEmbedder().fit_transform(column)
        embedder = TfidfEmbedder().set_output(transform="pandas")
        for frame in (embedder.fit_transform(column), embedder.transform(column)):
            assert isinstance(frame, pd.DataFrame)
            assert all(isinstance(kind, pd.SparseDtype) for kind in frame.dtypes)
            assert frame.index.equals(column.index)
            assert frame.columns.tolist() == embedder.get_feature_names_out().tolist()
            np.testing.assert_allclose(frame.to_numpy(), plain.toarray())
        assert embedder.transform([]).shape == (0, frame.shape[1])

    def test_polars(self, column):
        embedder = TfidfEmbedder().set_output(transform="polars").fit(column)
        frame = embedder.transform(column)
        assert isinstance(frame, pl.DataFrame)
        assert frame.columns == embedder.get_feature_names_out().tolist()
        embedder.set_output(transform="default")
        np.testing.assert_array_equal(frame.to_numpy(), embedder.transform(column).toarray())

    def test_global_configuration(self, column):
        with sklearn.config_context(transform_output="pandas"):
            assert isinstance(TfidfEmbedder().fit_transform(column), pd.DataFrame)

    def test_embeddings(self, column):
        embedder = TfidfEmbedder(n_components=2).set_output(transform="pandas")
        frame = embedder.fit_transform(column)
        assert frame.columns.tolist() == ["lsa0", "lsa1"]
        assert frame.index.equals(column.index)
        assert frame.loc[16].isna().all()
