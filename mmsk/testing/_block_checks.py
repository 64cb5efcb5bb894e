"""Checks of what comes out of a transformer: dtype, names, containers."""

from __future__ import annotations

from typing import Any
from unittest import SkipTest

import numpy as np
from scipy import sparse

from mmsk.testing._compare import assert_same, dense
from mmsk.testing._subject import Subject, need_polars


def check_block_form(subject: Subject) -> None:
    """The block is float32 in C order, or CSR of floats, one row per row, all finite."""
    block = subject.reference
    assert len(subject.data) == block.shape[0], (
        f"{len(subject.data)} rows must give as many, got {block.shape[0]}."
    )
    if sparse.issparse(block):
        assert block.format == "csr", f"a sparse block must be CSR, got {block.format!r}."
        assert block.dtype in (np.float32, np.float64), f"CSR must hold floats, not {block.dtype}."
    else:
        assert isinstance(block, np.ndarray), f"expected an ndarray, got {type(block).__name__}."
        assert block.dtype == np.float32, f"a dense block must be float32, got {block.dtype}."
        assert block.flags.c_contiguous, "a dense block must be C-contiguous."
    assert np.isfinite(dense(block)).all(), "the features must be finite."


def check_features_differ(subject: Subject) -> None:
    """Different rows give different features; otherwise the other checks would say nothing."""
    features = dense(subject.reference)
    assert len(np.unique(features, axis=0)) > 1, "the rows must not all be the same."


def check_feature_names(subject: Subject) -> None:
    """There is one name per feature; names are unique strings."""
    names = subject.fitted().get_feature_names_out()
    width = subject.reference.shape[1]
    assert len(names) == width, f"{width} features must have {width} names, got {len(names)}."
    assert all(isinstance(name, str) for name in names), "feature names must be strings."
    assert len(set(names)) == width, "feature names must be unique."
    if subject.is_frozen:
        before = subject.fresh().get_feature_names_out()
        assert list(before) == list(names), "a frozen transformer must know its names before fit."


def check_fit_transform(subject: Subject) -> None:
    """``fit_transform`` gives what ``fit`` and ``transform`` give."""
    features = subject.fresh().fit_transform(subject.data, subject.y)
    expectation = "fit_transform must give what fit and transform give"
    assert_same(features, subject.reference, subject.tolerance, expectation)


def check_set_output_pandas(subject: Subject) -> None:
    """``set_output(transform="pandas")`` gives named columns and keeps the index."""
    index = [f"row {position}" for position in range(len(subject.data))]
    table = _wrapped(subject, "pandas", subject.as_pandas(index))
    assert list(table.index) == index, "the pandas index must be kept."
    _check_table(subject, table)


def check_set_output_polars(subject: Subject) -> None:
    """``set_output(transform="polars")`` gives named columns."""
    need_polars()
    _check_table(subject, _wrapped(subject, "polars", subject.data))


def check_fresh_memory(subject: Subject) -> None:
    """Each transform gives memory of its own: writing to a block changes no other."""
    fitted = subject.fitted()
    first, second = subject.output(fitted), subject.output(fitted)
    assert not np.shares_memory(_values(first), _values(second)), (
        "two results must not share memory."
    )
    _values(first)[...] = -1
    expectation = "writing to a result must not change later ones"
    assert_same(subject.output(fitted), subject.reference, subject.tolerance, expectation)


BLOCK_CHECKS = (
    check_block_form,
    check_features_differ,
    check_feature_names,
    check_fit_transform,
    check_set_output_pandas,
    check_set_output_polars,
    check_fresh_memory,
)


def _wrapped(subject: Subject, container: str, data: Any) -> Any:
    transformer = subject.fresh().set_output(transform=container).fit(data, subject.y)
    try:
        return transformer.transform(data)
    except ValueError as error:
        if sparse.issparse(subject.reference) and "sparse" in str(error).lower():
            raise SkipTest(f"A CSR block is no {container} table, and says so.") from None
        raise


def _check_table(subject: Subject, table: Any) -> None:
    names = list(subject.fitted().get_feature_names_out())
    assert list(table.columns) == names, "the columns must be the feature names."
    expectation = "a table must hold the features"
    assert_same(table.to_numpy(), dense(subject.reference), subject.tolerance, expectation)


def _values(block: Any) -> np.ndarray:
    return block.data if sparse.issparse(block) else block
