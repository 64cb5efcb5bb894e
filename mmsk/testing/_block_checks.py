"""Checks of what comes out of an extractor: dtype, names, containers."""

from __future__ import annotations

import importlib.util
from typing import Any
from unittest import SkipTest

import numpy as np
from scipy import sparse

from mmsk.testing._compare import assert_same, dense
from mmsk.testing._subject import ExtractorSubject, object_series


def check_block_form(subject: ExtractorSubject) -> None:
    """The block is float32 in C order, or CSR of floats, one row per cell, all finite."""
    block = subject.reference
    assert len(subject.cells) == block.shape[0], (
        f"{len(subject.cells)} cells must give as many rows, got {block.shape[0]}."
    )
    if sparse.issparse(block):
        assert block.format == "csr", f"a sparse block must be CSR, got {block.format!r}."
        assert block.dtype in (np.float32, np.float64), f"CSR must hold floats, not {block.dtype}."
    else:
        assert isinstance(block, np.ndarray), f"expected an ndarray, got {type(block).__name__}."
        assert block.dtype == np.float32, f"a dense block must be float32, got {block.dtype}."
        assert block.flags.c_contiguous, "a dense block must be C-contiguous."
    assert np.isfinite(dense(block)).all(), "cells that are present must give finite features."


def check_features_differ(subject: ExtractorSubject) -> None:
    """Different cells give different features; otherwise the other checks would say nothing."""
    features = dense(subject.reference)
    assert len(np.unique(features, axis=0)) > 1, "the cells must not all give the same row."


def check_feature_names(subject: ExtractorSubject) -> None:
    """There is one name per feature; names are unique strings."""
    names = subject.fitted().get_feature_names_out()
    width = subject.reference.shape[1]
    assert len(names) == width, f"{width} features must have {width} names, got {len(names)}."
    assert all(isinstance(name, str) for name in names), "feature names must be strings."
    assert len(set(names)) == width, "feature names must be unique."
    if subject.is_frozen:
        before = subject.fresh().get_feature_names_out()
        assert list(before) == list(names), "a frozen extractor must know its names before fit."


def check_set_output_pandas(subject: ExtractorSubject) -> None:
    """``set_output(transform="pandas")`` gives named columns and keeps the index."""
    index = [f"row {position}" for position in range(len(subject.cells))]
    column = object_series(subject.cells, index=index)
    table = _wrapped(subject, "pandas", column)
    assert list(table.index) == index, "the pandas index must be kept."
    _check_table(subject, table, list(table.columns))


def check_set_output_polars(subject: ExtractorSubject) -> None:
    """``set_output(transform="polars")`` gives named columns."""
    if importlib.util.find_spec("polars") is None:
        raise SkipTest("polars is not installed.")
    table = _wrapped(subject, "polars", list(subject.cells))
    _check_table(subject, table, list(table.columns))


def check_fresh_memory(subject: ExtractorSubject) -> None:
    """Each transform gives memory of its own: writing to a block changes no other."""
    fitted = subject.fitted()
    first, second = fitted.transform(subject.cells), fitted.transform(subject.cells)
    assert not np.shares_memory(_values(first), _values(second)), (
        "two results must not share memory."
    )
    _values(first)[...] = -1
    expectation = "writing to a result must not change later ones"
    assert_same(fitted.transform(subject.cells), subject.reference, subject.tolerance, expectation)


BLOCK_CHECKS = (
    check_block_form,
    check_features_differ,
    check_feature_names,
    check_set_output_pandas,
    check_set_output_polars,
    check_fresh_memory,
)


def _wrapped(subject: ExtractorSubject, container: str, column: Any) -> Any:
    extractor = subject.fresh().set_output(transform=container).fit(column)
    try:
        return extractor.transform(column)
    except ValueError as error:
        if sparse.issparse(subject.reference) and "sparse" in str(error).lower():
            raise SkipTest(f"A CSR block is no {container} table, and says so.") from None
        raise


def _check_table(subject: ExtractorSubject, table: Any, columns: list[Any]) -> None:
    names = list(subject.fitted().get_feature_names_out())
    assert columns == names, "the columns must be the feature names."
    values = table.to_numpy()
    assert_same(values, dense(subject.reference), 0.0, "a table must hold the features")


def _values(block: Any) -> np.ndarray:
    return block.data if sparse.issparse(block) else block
