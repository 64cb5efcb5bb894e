"""What every fusion does: the checks of rows, names, containers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from mmsk import ConcatFusion, FeatureBlocks
from mmsk.compose import _stack
from mmsk.fusion._base import BaseFusion

NAN = np.nan


class Sums(BaseFusion):
    """The least fusion: the sum of each block."""

    def _fit(self, blocks, y):
        self.y_ = y

    def _fuse(self, blocks):
        sums = [np.nan_to_num(np.asarray(block)).sum(axis=1) for _, block in blocks.items()]
        return np.stack(sums, axis=1).astype(np.float32)

    def _feature_names(self, blocks):
        return np.asarray([f"sum_{name}" for name in blocks.names], dtype=object)


@pytest.fixture(params=[1, 2**18], autouse=True)
def cells_at_a_time(request, monkeypatch):
    monkeypatch.setattr(_stack, "CELLS_AT_A_TIME", request.param)


@pytest.fixture
def blocks():
    return FeatureBlocks(
        {"a": np.array([[1.0, 2], [NAN, NAN], [3, 4]]), "b": np.array([[1.0], [2], [NAN]])}
    )


def test_a_leaf_gives_fit_fuse_and_names(blocks):
    fusion = Sums().fit(blocks, [1, 0, 1])
    np.testing.assert_array_equal(fusion.transform(blocks), [[3, 1], [0, 2], [7, 0]])
    assert fusion.get_feature_names_out().tolist() == ["sum_a", "sum_b"]
    assert fusion.y_ == [1, 0, 1]
    frame = fusion.set_output(transform="pandas").transform(blocks)
    assert list(frame.columns) == ["sum_a", "sum_b"]


def test_blocks_come_in_the_order_of_fit(blocks):
    fusion = Sums().fit(blocks)
    swapped = fusion.transform(blocks.select(["b", "a"]))
    np.testing.assert_array_equal(swapped, fusion.transform(blocks))


@pytest.mark.parametrize("call", ["fit", "transform"])
@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ([1], "^Row 1 has no modality at all: every block is missing"),
        ([0, 2], "^Rows 0, 2 have no modality at all"),
        (range(12), r"^Rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, \.\.\. have no modality"),
    ],
)
def test_rows_without_any_modality(call, lost, message):
    values = np.arange(39.0).reshape(13, 3)
    fusion = Sums().fit(FeatureBlocks({"a": values[:, :2], "b": values[:, 2:]}))
    values[list(lost)] = NAN
    with pytest.raises(ValueError, match=message):
        getattr(fusion, call)(FeatureBlocks({"a": values[:, :2], "b": values[:, 2:]}))


@pytest.mark.parametrize("call", ["fit", "transform"])
@pytest.mark.parametrize("value", [NAN, np.inf, -np.inf])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_values_that_are_not_finite(call, value, form):
    rows = np.arange(1.0, 9).reshape(4, 2)
    names = {"a": ["width", "height"]}
    fusion = Sums().fit(FeatureBlocks({"a": rows}, feature_names=names))
    rows[2, 1] = value
    message = "Block 'a' contains NaN or infinity: row 2, feature 'height'. A missing modality"
    with pytest.raises(ValueError, match=message):
        getattr(fusion, call)(FeatureBlocks({"a": form(rows)}, feature_names=names))


def test_both_infinities_and_how_many():
    rows = np.array([[1.0, np.inf], [-np.inf, NAN]])
    with pytest.raises(ValueError, match="row 0, feature '1', and 2 more values"):
        Sums().fit(FeatureBlocks({"a": rows}))


def test_a_sum_that_overflows_is_no_bad_value():
    huge = np.array([[1e308, 1e308], [1.0, 2.0]])
    Sums().fit(FeatureBlocks({"a": huge}))


def test_values_of_missing_rows_do_not_count(blocks):
    present = np.array([[True, True], [False, True]])
    values = np.array([[1.0, 2], [np.inf, NAN]])
    for form in (np.asarray, sparse.csr_matrix):
        declared = FeatureBlocks({"a": form(values), "b": np.ones((2, 1))}, present=present)
        fused = ConcatFusion().fit_transform(declared)
        fused = fused.toarray() if sparse.issparse(fused) else fused
        assert np.isfinite(fused).all()
        assert not fused[1, :2].any()


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_the_bad_row_named_is_a_present_one(form):
    present = np.array([[False, True], [True, True], [True, True]])
    values = np.array([[np.inf, NAN], [1.0, 2.0], [1.0, NAN]])
    blocks = FeatureBlocks({"a": form(values), "b": np.ones((3, 1))}, present=present)
    with pytest.raises(ValueError, match="infinity: row 2, feature '1'"):
        ConcatFusion().fit(blocks)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_equal_blocks(blocks, frame):
    array = np.asarray(blocks)
    table = frame(dict(zip(["a__0", "a__1", "b__0"], array.T, strict=True)))
    fusion = Sums().fit(table)
    np.testing.assert_array_equal(fusion.transform(table), Sums().fit_transform(blocks))
    assert fusion.n_features_in_ == 3
    assert fusion.feature_names_in_.tolist() == ["a__0", "a__1", "b__0"]


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_sparse_results_in_containers(container):
    table = pd.DataFrame.sparse.from_spmatrix(
        sparse.csr_array(np.eye(3)), index=list("xyz"), columns=["t__a", "t__b", "t__c"]
    )
    fusion = ConcatFusion().set_output(transform=container)
    frame = fusion.fit_transform(table)
    assert list(frame.columns) == ["t__a", "t__b", "t__c"]
    np.testing.assert_array_equal(frame.to_numpy(), np.eye(3))
    if container == "pandas":
        assert frame.index.tolist() == list("xyz")
        assert isinstance(frame.dtypes.iloc[0], pd.SparseDtype)


def test_not_fitted(blocks):
    for call in (lambda: Sums().transform(blocks), Sums().get_feature_names_out):
        with pytest.raises(NotFittedError, match="This Sums instance is not fitted yet"):
            call()
