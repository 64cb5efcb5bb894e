"""What a fusion or head may be given, and what it then knows of its input."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator

from mmsk import FeatureBlocks
from mmsk.compose._to_blocks import to_blocks

ARRAY = np.arange(12.0).reshape(4, 3)
BLOCKS = FeatureBlocks({"a": ARRAY[:, :2], "b": ARRAY[:, 2:]})
COLUMNS = ["a__0", "a__1", "b__0"]


@pytest.fixture
def estimator():
    return BaseEstimator()


def test_blocks_are_handed_on(estimator):
    assert to_blocks(estimator, BLOCKS, reset=True) is BLOCKS
    assert estimator.n_features_in_ == 3
    assert estimator.block_widths_ == {"a": 2, "b": 1}
    assert not hasattr(estimator, "feature_names_in_")
    assert to_blocks(estimator, BLOCKS, reset=False) is BLOCKS


@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame])
def test_frames_are_split(estimator, form):
    blocks = to_blocks(estimator, form(dict(zip(COLUMNS, ARRAY.T, strict=True))), reset=True)
    assert blocks.names == ["a", "b"]
    assert estimator.feature_names_in_.tolist() == COLUMNS
    np.testing.assert_array_equal(np.asarray(blocks), ARRAY)


@pytest.mark.parametrize(
    "form", [np.asarray, sparse.csr_array, sparse.coo_array, np.ndarray.tolist]
)
def test_arrays_are_one_block(estimator, form):
    blocks = to_blocks(estimator, form(ARRAY), reset=True)
    assert blocks.get_feature_names_out().tolist() == [
        "features__x0",
        "features__x1",
        "features__x2",
    ]
    np.testing.assert_array_equal(np.asarray(blocks), ARRAY)


def test_arrays_are_not_copied(estimator):
    for array in (ARRAY, ARRAY.astype(np.float32)):
        assert np.shares_memory(to_blocks(estimator, array, reset=True)["features"], array)


def test_other_order_of_blocks_is_put_right(estimator):
    to_blocks(estimator, BLOCKS, reset=True)
    blocks = to_blocks(estimator, BLOCKS.select(["b", "a"]), reset=False)
    assert blocks.names == ["a", "b"]
    np.testing.assert_array_equal(np.asarray(blocks), ARRAY)


def test_a_second_fit_forgets_the_first(estimator):
    to_blocks(estimator, pd.DataFrame(ARRAY, columns=COLUMNS), reset=True)
    to_blocks(estimator, BLOCKS.select(["b"]), reset=True)
    assert not hasattr(estimator, "feature_names_in_")
    assert estimator.n_features_in_ == 1
    assert estimator.block_widths_ == {"b": 1}


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (BLOCKS.select(["a"]), r"fitted on the blocks 'a' \(2 columns\), 'b' .* got 'a' \(2 col"),
        (FeatureBlocks({"a": ARRAY, "b": ARRAY}), r"but got 'a' \(3 columns\), 'b' \(3 columns\)"),
        (ARRAY, r"but got 'features' \(3 columns\)"),
    ],
)
def test_other_blocks_are_refused(estimator, other, message):
    to_blocks(estimator, BLOCKS, reset=True)
    with pytest.raises(ValueError, match=message):
        to_blocks(estimator, other, reset=False)


def test_other_columns_are_refused(estimator):
    frame = pd.DataFrame(ARRAY, columns=COLUMNS)
    to_blocks(estimator, frame, reset=True)
    with pytest.raises(ValueError, match="feature names should match"):
        to_blocks(estimator, frame[COLUMNS[::-1]], reset=False)


@pytest.mark.parametrize(
    "nothing",
    [BLOCKS[:0], FeatureBlocks({}), pd.DataFrame(index=range(3)), pd.DataFrame({"a": []})],
)
def test_nothing_to_fit_on(estimator, nothing):
    with pytest.raises(ValueError, match=r"nothing to fit on: the blocks have shape"):
        to_blocks(estimator, nothing, reset=True)


def test_no_row_is_fine_later(estimator):
    to_blocks(estimator, BLOCKS, reset=True)
    assert to_blocks(estimator, BLOCKS[:0], reset=False).shape == (0, 3)
