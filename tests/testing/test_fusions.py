"""The suite passes sound fusions and catches each way of breaking the contract."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin

from mmsk import ConcatFusion, FeatureBlocks
from mmsk.testing import check_fusion, fusion_checks, parametrize_with_contract


@parametrize_with_contract(
    {"sound": fusion_checks(ConcatFusion(), searchable={"scale": ["standard", "block", None]})}
)
def test_sound_fusion_passes(check):
    check()


class Concatenates(TransformerMixin, BaseEstimator):
    """Takes anything for the plain concatenation."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return np.nan_to_num(np.asarray(X, dtype=np.float32))

    def get_feature_names_out(self, input_features=None):
        return np.array([f"x{number}" for number in range(self.n_features_in_)], dtype=object)


class KeepsNaN(ConcatFusion):
    def transform(self, X):
        fused = super().transform(X)
        if isinstance(X, FeatureBlocks) and not X.present.all():
            fused[0] = np.nan
        return fused


class LearnsFromFilledRows(ConcatFusion):
    def _fit(self, blocks, y):
        super()._fit(FeatureBlocks(dict(blocks.items())), y)


class MixesRows(ConcatFusion):
    def transform(self, X):
        fused = super().transform(X)
        return fused - fused.mean(axis=0) if isinstance(fused, np.ndarray) else fused


class NeedsBlocks(ConcatFusion):
    def fit(self, X, y=None):
        return super().fit(X.select(X.names), y)


class NeedsTwoBlocks(ConcatFusion):
    def fit(self, X, y=None):
        if isinstance(X, FeatureBlocks) and len(X.names) < 2:
            raise ValueError("a sparse or single block cannot be fused")
        return super().fit(X, y)


BROKEN = [
    (Concatenates, "check_row_without_any_modality"),
    (Concatenates, "check_gap_within_a_block"),
    (Concatenates, "check_blocks_that_do_not_fit"),
    (Concatenates, "check_order_of_blocks"),
    (Concatenates, "check_missing_rows_in_fit"),
    (KeepsNaN, "check_missing_rows"),
    (KeepsNaN, "check_block_missing_everywhere"),
    (LearnsFromFilledRows, "check_missing_rows_in_fit"),
    (MixesRows, "check_rows_are_independent"),
    (NeedsBlocks, "check_pandas_gives_the_same"),
    (NeedsBlocks, "check_array_is_one_block"),
    (NeedsTwoBlocks, "check_one_to_three_blocks"),
    (NeedsTwoBlocks, "check_sparse_block"),
]


@pytest.mark.parametrize(("broken", "check"), BROKEN)
def test_broken_fusion_is_caught(broken, check):
    with pytest.raises(Exception, match=r"must|present|cannot be fused|has no attribute|finite"):
        dict(fusion_checks(broken()))[check]()


class RefusesSparse(ConcatFusion):
    message = "no sparse block, please"

    def _fuse(self, blocks):
        fused = super()._fuse(blocks)
        if not isinstance(fused, np.ndarray):
            raise TypeError(self.message)
        return fused

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


class FailsOnSparse(RefusesSparse):
    message = "boom"


def test_refusal_of_sparse_input_must_say_so():
    results = {result["check_name"]: result["status"] for result in check_fusion(RefusesSparse())}
    assert results["check_sparse_block"] == "passed"
    assert results["check_missing_rows_of_a_sparse_block"] == "skipped"
    with pytest.raises(AssertionError, match="must say that it takes no sparse block: boom"):
        check_fusion(FailsOnSparse())
