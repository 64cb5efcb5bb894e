"""Checks of a fusion: blocks in any form, missing rows, blocks that do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest import SkipTest

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from mmsk.compose import FeatureBlocks
from mmsk.testing._compare import assert_same, dense, error_of, take
from mmsk.testing._example_blocks import N_ROWS, as_frame, example_blocks, without
from mmsk.testing._subject import Subject, need_polars


def check_pandas_gives_the_same(subject: Subject) -> None:
    """A pandas DataFrame with ``block__feature`` columns is as good as the blocks."""
    _assert_same_from_table(subject, as_frame(subject.data))


def check_polars_gives_the_same(subject: Subject) -> None:
    """A polars DataFrame with ``block__feature`` columns is as good as the blocks."""
    _assert_same_from_table(subject, need_polars().from_pandas(as_frame(subject.data)))


def check_array_is_one_block(subject: Subject) -> None:
    """A 2-D array is one block."""
    array = np.asarray(subject.data)
    fused = subject.fresh().fit(array, subject.y).transform(array)
    block = FeatureBlocks({"features": array})
    expected = subject.fresh().fit(block, subject.y).transform(block)
    assert_same(fused, expected, subject.tolerance, "an array must give what one block gives")


def check_one_to_three_blocks(subject: Subject) -> None:
    """One block is enough, and there may be many."""
    image = subject.data["image"]
    for number in (1, 2, 3):
        blocks = FeatureBlocks({f"block{place}": image[:, place:] for place in range(number)})
        _assert_fused(subject, blocks, f"{number} blocks must be fused")


def check_narrow_blocks(subject: Subject) -> None:
    """Blocks of a single feature are fused, also where it is constant."""
    image = subject.data["image"]
    blocks = FeatureBlocks({"one": image[:, :1], "other": image[:, 1:2]})
    _assert_fused(subject, blocks, "blocks of one feature must be fused")
    blocks = FeatureBlocks({"one": image[:, :1], "constant": np.ones_like(image[:, :1])})
    _assert_fused(subject, blocks, "a constant feature must be fused")


def check_sparse_block(subject: Subject) -> None:
    """A CSR block beside dense ones is fused, or refused with a message that says so."""
    blocks = example_blocks(with_text=True)
    try:
        _assert_fused(subject, blocks, "a sparse block must be fused")
        _assert_fused(subject, blocks.select(["text"]), "sparse blocks alone must be fused")
    except (TypeError, ValueError) as error:
        if get_tags(subject.estimator).input_tags.sparse:
            raise
        if "sparse" not in str(error).lower():
            expectation = "a fusion without sparse input must say that it takes no sparse block"
            raise AssertionError(f"{expectation}: {error}") from error


def check_missing_rows(subject: Subject) -> None:
    """Rows that lack a modality are fused, and change no other row."""
    gaps = {"image": [1, 4], "audio": [2]}
    blocks = without(subject.data, gaps)
    fused = subject.fitted().transform(blocks)
    _assert_finite(fused, "rows that lack a modality must be fused to finite features")
    whole = [row for row in range(N_ROWS) if row not in (1, 2, 4)]
    expectation = "rows that lack a modality must not change other rows"
    assert_same(take(fused, whole), take(subject.reference, whole), subject.tolerance, expectation)
    from_table = subject.fresh().fit(as_frame(subject.data), subject.y).transform(as_frame(blocks))
    expectation = "NaN rows of a DataFrame must be missing rows"
    assert_same(from_table, fused, subject.tolerance, expectation)


def check_missing_rows_in_fit(subject: Subject) -> None:
    """Rows that lack a modality may be learned from; what fills them has no say."""
    blocks = without(subject.data, {"image": range(0, 10), "audio": range(10, 20)})
    filled = FeatureBlocks(
        {name: np.nan_to_num(block, nan=1e6) for name, block in blocks.items()},
        present=blocks.present,
    )
    fused = [subject.fresh().fit(each, subject.y).transform(each) for each in (blocks, filled)]
    _assert_finite(fused[0], "a fusion must learn from rows that lack a modality")
    expectation = "values of rows that `present` excludes must have no say"
    assert_same(fused[1], fused[0], subject.tolerance, expectation)


def check_missing_rows_of_a_sparse_block(subject: Subject) -> None:
    """The rows of a CSR block may be missing, in fit and later."""
    if not get_tags(subject.estimator).input_tags.sparse:
        raise SkipTest(f"{type(subject.estimator).__name__} takes no sparse input.")
    blocks = without(example_blocks(with_text=True), {"text": [0, 3], "image": [1]})
    _assert_fused(subject, blocks, "missing rows of a sparse block must be fused")


def check_block_missing_everywhere(subject: Subject) -> None:
    """A modality that no row has at predict time is fused all the same."""
    blocks = without(subject.data, {"audio": range(N_ROWS)})
    _assert_finite(subject.fitted().transform(blocks), "a block may be missing in all rows")


def check_row_without_any_modality(subject: Subject) -> None:
    """A row that lacks every modality is refused by its number."""
    blocks = without(subject.data, {"image": [7], "audio": [7]})
    for call in (subject.fitted().transform, lambda X: subject.fresh().fit(X, subject.y)):
        message = str(error_of(ValueError, call, blocks))
        assert "7" in message, f"the message must name row 7: {message}"


def check_gap_within_a_block(subject: Subject) -> None:
    """A single NaN or infinity in a present row is refused; the message names the block."""
    for value in (np.nan, np.inf):
        audio = subject.data["audio"].copy()
        audio[5, 1] = value
        blocks = FeatureBlocks({"image": subject.data["image"], "audio": audio})
        message = str(error_of(ValueError, subject.fitted().transform, blocks))
        assert "audio" in message, f"the message must name the block 'audio': {message}"


def check_blocks_that_do_not_fit(subject: Subject) -> None:
    """Blocks that are missing, new or of another width are refused by name."""
    fitted = subject.fitted()
    image, audio = subject.data["image"], subject.data["audio"]
    wrong = {
        "a block too few": {"image": image},
        "a block too many": {"image": image, "audio": audio, "extra": audio},
        "a renamed block": {"image": image, "sound": audio},
        "a wider block": {"image": image, "audio": np.hstack([audio, audio])},
    }
    for what, blocks in wrong.items():
        message = str(error_of(ValueError, fitted.transform, FeatureBlocks(blocks)))
        assert "audio" in message, f"{what} must be refused by name: {message}"


def check_order_of_blocks(subject: Subject) -> None:
    """Blocks in another order give the same, or are refused by name; never mixed up."""
    swapped = subject.data.select(["audio", "image"])
    try:
        fused = subject.fitted().transform(swapped)
    except ValueError as error:
        if "audio" not in str(error):
            raise AssertionError(f"blocks out of order must be refused by name: {error}") from error
    else:
        expectation = "blocks in another order must give the same"
        assert_same(fused, subject.reference, subject.tolerance, expectation)


def check_rows_are_independent(subject: Subject) -> None:
    """A fused row depends neither on its place nor on the rows beside it; one row is enough."""
    fitted = subject.fitted()
    rows: Sequence[int]
    for rows in (range(N_ROWS)[::-1], range(0, N_ROWS, 3), [N_ROWS - 1]):
        fused = fitted.transform(subject.data[list(rows)])
        expectation = f"the rows {list(rows)[:3]}... alone must give the same"
        assert_same(fused, take(subject.reference, rows), subject.tolerance, expectation)


def check_fusion_in_cross_validation(subject: Subject) -> None:
    """A fusion works before a head, cross-validated on FeatureBlocks."""
    model = make_pipeline(clone(subject.estimator), LogisticRegression())
    predictions = cross_val_predict(model, subject.data, subject.y, cv=3)
    assert predictions.shape == (N_ROWS,), "cross-validation must predict every row once."


FUSION_CHECKS = (
    check_pandas_gives_the_same,
    check_polars_gives_the_same,
    check_array_is_one_block,
    check_one_to_three_blocks,
    check_narrow_blocks,
    check_sparse_block,
    check_missing_rows,
    check_missing_rows_in_fit,
    check_missing_rows_of_a_sparse_block,
    check_block_missing_everywhere,
    check_row_without_any_modality,
    check_gap_within_a_block,
    check_blocks_that_do_not_fit,
    check_order_of_blocks,
    check_rows_are_independent,
    check_fusion_in_cross_validation,
)


def _assert_same_from_table(subject: Subject, table: Any) -> None:
    fused = subject.fresh().fit(table, subject.y).transform(table)
    expectation = "a DataFrame must give what FeatureBlocks give"
    assert_same(fused, subject.reference, subject.tolerance, expectation)


def _assert_fused(subject: Subject, blocks: FeatureBlocks, expectation: str) -> None:
    fusion = subject.fresh().fit(blocks, subject.y)
    fused = fusion.transform(blocks)
    _assert_finite(fused, expectation)
    names = fusion.get_feature_names_out()
    assert fused.shape == (len(blocks), len(set(names))), (
        f"{expectation}: got shape {fused.shape} for {len(blocks)} rows and {len(names)} names."
    )


def _assert_finite(fused: Any, expectation: str) -> None:
    assert sparse.issparse(fused) or isinstance(fused, np.ndarray), (
        f"{expectation}: got {type(fused).__name__} instead of an array or CSR."
    )
    assert np.isfinite(dense(fused)).all(), f"{expectation}: the result is not finite."
