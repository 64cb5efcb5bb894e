"""Checks of what goes into an extractor: containers, batches, missing and bad cells."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from mmsk.exceptions import BadCellWarning, ReadError
from mmsk.testing._compare import assert_missing_rows, assert_same, error_of, take
from mmsk.testing._subject import ExtractorSubject, need_polars, object_array, object_series


def check_containers_give_equal_features(subject: ExtractorSubject) -> None:
    """List, tuple, object array and pandas Series give equal features, in fit and transform."""
    cells = list(subject.cells)
    columns = {
        "a tuple": tuple(cells),
        "an object array": object_array(cells),
        "a pandas Series": object_series(cells, index=range(10, 10 + len(cells))),
    }
    if all(isinstance(cell, str) for cell in cells):
        columns["a pandas Series of strings"] = pd.Series(cells, dtype="str")
    for name, column in columns.items():
        features = subject.fresh().fit(column, subject.y).transform(column)
        assert_same(features, subject.reference, 0.0, f"{name} must give what a list gives")


def check_polars_gives_equal_features(subject: ExtractorSubject) -> None:
    """A polars Series gives equal features, and its null is a missing cell."""
    column = _polars(subject.cells)
    features = subject.fresh().fit(column, subject.y).transform(column)
    assert_same(features, subject.reference, 0.0, "a polars Series must give what a list gives")
    features = subject.fitted().transform(_polars([None, *subject.cells]))
    assert_missing_rows(features, [0], "a polars null must be a missing cell")
    rest = take(features, range(1, len(subject.cells) + 1))
    assert_same(rest, subject.reference, subject.tolerance, "a null must not change other rows")


def check_batch_invariance(subject: ExtractorSubject) -> None:
    """Neither `batch_size` nor `n_jobs` changes a row."""
    given = subject.estimator.get_params(deep=False)
    settings = [{"batch_size": size} for size in (1, 3, 1000)] + [{"n_jobs": 1}, {"n_jobs": 2}]
    for setting in settings:
        if set(setting) <= set(given):
            expectation = f"{setting} must not change the features"
            assert_same(
                subject.features(**setting), subject.reference, subject.tolerance, expectation
            )


def check_order_invariance(subject: ExtractorSubject) -> None:
    """A row depends on its cell, not on where it stands."""
    order = np.arange(len(subject.cells))[::-1]
    features = subject.fitted().transform([subject.cells[row] for row in order])
    assert_same(
        features,
        take(subject.reference, order),
        subject.tolerance,
        "reversed cells must give reversed rows",
    )


def check_subset_invariance(subject: ExtractorSubject) -> None:
    """A row does not depend on the cells beside it; a single cell is enough."""
    fitted = subject.fitted()
    n_cells = len(subject.cells)
    for rows in (range(0, n_cells, 2), [n_cells - 1], [0, 0]):
        features = fitted.transform([subject.cells[row] for row in rows])
        assert_same(
            features,
            take(subject.reference, rows),
            subject.tolerance,
            f"the cells {list(rows)} alone must give their rows",
        )


def check_zero_rows(subject: ExtractorSubject) -> None:
    """A column without cells gives a block without rows, of the same width and dtype."""
    fitted = subject.fitted()
    columns: list[Any] = [[], object_array([]), object_series([])]
    for column in columns:
        features = fitted.transform(column)
        assert_same(features, subject.reference[:0], 0.0, "no cells must give no rows")
        assert features.dtype == subject.reference.dtype, (
            f"no cells must give dtype {subject.reference.dtype}, got {features.dtype}."
        )


def check_missing_cells(subject: ExtractorSubject) -> None:
    """None, NaN, pd.NA and NaT give NaN rows (empty in CSR) and change no other row."""
    fitted = subject.fitted()
    column, rows, missing = _with_missing(subject)
    for container in (column, object_series(column)):
        features = fitted.transform(container)
        assert features.shape[0] == len(column), (
            f"{len(column)} cells, some missing, must give as many rows, got {features.shape[0]}."
        )
        assert_missing_rows(features, missing, "missing cells must give missing rows")
        assert_same(
            take(features, rows),
            subject.reference,
            subject.tolerance,
            "missing cells must not change other rows",
        )
    assert_missing_rows(
        fitted.transform([None, None]), [0, 1], "a column of missing cells must be accepted"
    )


def check_missing_cells_in_fit(subject: ExtractorSubject) -> None:
    """Missing cells change nothing that is learned."""
    column, rows, _ = _with_missing(subject)
    y = subject.y
    if y is not None:
        y = [y[np.searchsorted(rows, row)] for row in range(len(column))]
    features = subject.fresh().fit(column, y).transform(subject.cells)
    assert_same(
        features,
        subject.reference,
        subject.tolerance,
        "fit must learn the same with and without missing cells",
    )


def check_one_column_only(subject: ExtractorSubject) -> None:
    """A table, a 2-D array and a single string are refused, with a hint."""
    table = object_series(subject.cells).to_frame()
    for column in (table, table.to_numpy(), "cell", b"cell"):
        for action in (subject.fresh().fit, subject.fitted().transform):
            message = str(error_of(ValueError, action, column))
            assert "column" in message, (
                f"{type(column).__name__} must be refused with a hint that a column is expected; "
                f"the message was {message!r}."
            )


def check_bad_cell_is_named(subject: ExtractorSubject) -> None:
    """A cell that cannot be read raises ReadError with its row and column."""
    column = object_series([*subject.cells[:2], subject.bad_cell, None], name="photo")
    error = error_of(ReadError, subject.fitted().transform, column)
    assert error.row == 2, f"ReadError.row must be 2, got {error.row!r}."
    assert error.column == "photo", f"ReadError.column must be 'photo', got {error.column!r}."
    assert "row 2" in str(error), f"the message must name row 2: {error}"
    assert "photo" in str(error), f"the message must name column 'photo': {error}"


def check_bad_cell_is_missing(subject: ExtractorSubject) -> None:
    """With ``on_error="missing"`` a bad cell is a missing row, with one warning."""
    subject.need_parameter("on_error")
    column = [subject.bad_cell, *subject.cells]
    fitted = subject.fitted(on_error="missing", max_bad_fraction=1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        features = fitted.transform(column)
    count = sum(issubclass(warning.category, BadCellWarning) for warning in caught)
    assert count == 1, f"one bad cell must warn BadCellWarning once, not {count} times."
    assert_missing_rows(features, [0], "a bad cell must be a missing row")
    rest = take(features, range(1, len(column)))
    assert_same(rest, subject.reference, subject.tolerance, "a bad cell must not move other rows")


def check_too_many_bad_cells(subject: ExtractorSubject) -> None:
    """More bad cells than `max_bad_fraction` allows raise all the same."""
    subject.need_parameter("max_bad_fraction")
    column = [subject.bad_cell, subject.bad_cell, *subject.cells]
    fitted = subject.fitted(on_error="missing", max_bad_fraction=0.0)
    message = str(error_of(ReadError, fitted.transform, column))
    assert "row 0" in message, f"the message must name row 0: {message}"
    assert "row 1" in message, f"the message must name row 1: {message}"


def check_on_error_is_checked(subject: ExtractorSubject) -> None:
    """An unknown `on_error` is refused by name in fit, not in ``__init__``."""
    subject.need_parameter("on_error")
    message = str(error_of(ValueError, subject.fresh(on_error="skip").fit, subject.cells))
    assert "on_error='skip'" in message, f"the message must show on_error='skip': {message}"


COLUMN_CHECKS = (
    check_containers_give_equal_features,
    check_polars_gives_equal_features,
    check_batch_invariance,
    check_order_invariance,
    check_subset_invariance,
    check_zero_rows,
    check_missing_cells,
    check_missing_cells_in_fit,
    check_one_column_only,
    check_bad_cell_is_named,
    check_bad_cell_is_missing,
    check_too_many_bad_cells,
    check_on_error_is_checked,
)


def _with_missing(subject: ExtractorSubject) -> tuple[list[Any], list[int], list[int]]:
    """Return cells with missing ones between; the rows of the cells; the missing rows."""
    missing = [None, float("nan"), pd.NA, pd.NaT]
    column: list[Any] = []
    rows: list[int] = []
    for position, cell in enumerate(subject.cells):
        column.extend(missing[position : position + 1])
        rows.append(len(column))
        column.append(cell)
    return column, rows, sorted(set(range(len(column))) - set(rows))


def _polars(cells: Any) -> Any:
    polars = need_polars()
    present = [cell for cell in cells if cell is not None]
    for kind in (str, bytes):
        if all(isinstance(cell, kind) for cell in present):
            return polars.Series("cells", list(cells))
    return polars.Series("cells", list(cells), dtype=polars.Object)
