"""Rows go back to where they came from, in every container."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from letter_counts import LetterCounts
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mmsk.compose._present_rows import (
    _takes_missing,
    present_cells,
    read_cells,
    scatter,
    without_rows,
)
from mmsk.text import TfidfEmbedder

ROWS = np.array([1, 2, 4])
VALUES = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])


def expected(fill):
    whole = np.full((6, 2), fill)
    whole[ROWS] = VALUES
    return whole


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool, object])
def test_scatter_arrays(dtype):
    block = scatter(VALUES.astype(dtype), ROWS, 6, None)
    assert block.dtype == (dtype if dtype in (np.float32, object) else np.float64)
    values = VALUES.astype(bool) if dtype is bool else VALUES
    np.testing.assert_array_equal(block[ROWS].astype(float), values)
    assert np.isnan(block[[0, 3, 5]].astype(float)).all()


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array, sparse.csc_array])
def test_scatter_sparse(form):
    block = scatter(form(VALUES), ROWS, 6, None)
    assert block.format == "csr"
    assert block.nnz == 4
    np.testing.assert_array_equal(block.toarray(), expected(0))


def test_scatter_sparse_keeps_64_bit_indices():
    values = sparse.csr_array(VALUES)
    values.indices, values.indptr = values.indices.astype("i8"), values.indptr.astype("i8")
    block = scatter(values, ROWS, 6, None)
    assert block.indptr.dtype == np.int64
    np.testing.assert_array_equal(block.toarray(), expected(0))


@pytest.mark.parametrize("labels", [list("abcdef"), [1, 1, 1, 2, 2, 1]])
def test_scatter_pandas(labels):
    column = pd.Series(range(6), index=labels)
    frame = pd.DataFrame(VALUES, columns=["p", "q"], index=[7, 7, 7])
    block = scatter(frame, ROWS, 6, column)
    assert block.index.tolist() == labels
    np.testing.assert_array_equal(block.to_numpy(), expected(np.nan))
    assert scatter(frame, ROWS, 6, list(range(6))).index.tolist() == list(range(6))


def test_scatter_pandas_of_sparse_columns_leaves_empty_rows():
    frame = pd.DataFrame.sparse.from_spmatrix(sparse.csr_array(VALUES))
    block = scatter(frame, ROWS, 6, None)
    assert block.sparse.to_coo().nnz == 4
    np.testing.assert_array_equal(block.to_numpy(), expected(0))


def test_scatter_polars():
    block = scatter(pl.DataFrame({"p": VALUES[:, 0], "q": VALUES[:, 1]}), ROWS, 6, None)
    assert block.columns == ["p", "q"]
    np.testing.assert_array_equal(block.to_numpy(), expected(np.nan))


def test_scatter_of_no_row():
    assert np.isnan(scatter(np.empty((0, 2)), ROWS[:0], 3, None)).all()
    assert scatter(np.empty((0, 2)), ROWS[:0], 0, None).shape == (0, 2)
    frame = scatter(pl.DataFrame({"p": VALUES[:0, 0]}), ROWS[:0], 3, None)
    assert frame["p"].is_null().to_list() == [True] * 3


def test_read_cells():
    """A pipeline reads with its first step, a union what any of its parts reads."""
    texts, letters = TfidfEmbedder(on_error="missing"), LetterCounts()
    cells = pd.Series(["a", None, 7], dtype=object)
    alone = make_pipeline(texts, FunctionTransformer())
    for reader in (texts, alone, FeatureUnion([("t", alone), ("gone", "drop")])):
        assert read_cells(reader, cells).tolist() == [True, False, False]
    for reader in (letters, FeatureUnion([("t", texts), ("l", letters)]), "passthrough"):
        assert read_cells(reader, cells).tolist() == [True, False, True]
    table = pd.DataFrame({"n": [1.0, np.nan]})
    assert read_cells(FeatureUnion([("n", FunctionTransformer())]), table) is None


@pytest.mark.parametrize("n_rows", [1, 2, 4])
def test_scatter_refuses_lost_rows(n_rows):
    with pytest.raises(ValueError, match=f"gave {n_rows} rows for 3 cells"):
        scatter(np.ones((n_rows, 2)), ROWS, 6, None)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a", None, np.nan, ""]),
        pl.Series(["a", None, None, ""]),
        np.array(["a", None, np.nan, ""], dtype=object),
        ["a", None, np.nan, ""],
    ],
    ids=["pandas", "polars", "array", "list"],
)
def test_present_cells_of_a_column(column):
    assert present_cells(column).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    "table", [pd.DataFrame({"a": [None]}), pl.DataFrame({"a": [None]}), np.array([[np.nan]])]
)
def test_tables_are_left_to_their_transformer(table):
    assert present_cells(table) is None


@pytest.mark.parametrize(
    "block",
    [
        np.ones((3, 2), dtype=np.float32),
        sparse.csr_array(np.ones((3, 2))),
        pd.DataFrame({"a": [1, 2], "b": [2, 3]}),
        pl.DataFrame({"a": [1, 2], "b": [2, 3]}),
    ],
    ids=["array", "csr", "pandas", "polars"],
)
def test_without_rows_keeps_the_form(block):
    empty = without_rows(block)
    assert type(empty) is type(block)
    assert empty.shape == (0, 2)


def test_who_takes_missing_cells():
    assert _takes_missing(LetterCounts())
    assert _takes_missing(TfidfEmbedder())
    assert not _takes_missing(TfidfVectorizer())
    assert not _takes_missing(PCA())
    assert _takes_missing(FeatureUnion([("letters", LetterCounts()), ("others", "drop")]))
    assert not _takes_missing(FeatureUnion([("letters", LetterCounts()), ("text", "passthrough")]))
    assert not _takes_missing(FeatureUnion([("words", TfidfEmbedder())]))
