"""Each bad cell in a column of 100, under both policies, on one thread and on two."""

import re
import warnings

import numpy as np
import pytest
from bad_inputs.cases import ACCEPTED, MISSING, RAISING
from bad_inputs.harness import BAD_ROW, N_ROWS, as_array, column_around, each
from sklearn.utils import get_tags

from mmsk.exceptions import BadCellWarning, ReadError

OTHERS = np.arange(N_ROWS) != BAD_ROW
both_policies = pytest.mark.parametrize("on_error", ["raise", "missing"])
one_thread_and_two = pytest.mark.parametrize("n_jobs", [1, 2])
_clean = {}


def features_around(case, cell, folder, on_error="raise", n_jobs=1):
    extractor = case.extractor(folder, on_error, n_jobs)
    return as_array(extractor.fit_transform(column_around(case.subject, cell)))


def clean_run(case, folder):
    """Features of the column where row 7 is a missing cell; remembered where they can be."""
    if callable(case.parameters):
        return features_around(case, None, folder)
    key = case.subject.name, repr(case.parameters)
    if key not in _clean:
        _clean[key] = features_around(case, None, folder)
    return _clean[key]


@each(RAISING)
@one_thread_and_two
def test_raise_names_the_cell(case, n_jobs, tmp_path):
    cell = case.make(tmp_path)
    with pytest.raises(ReadError) as caught:
        features_around(case, cell, tmp_path, "raise", n_jobs)
    error = caught.value
    assert (error.row, error.label, error.column, error.others) == (BAD_ROW, "r7", "cell", ())
    assert error.item is cell
    assert error.stage == case.stage
    assert re.match(case.message, error.reason), error.reason
    assert re.match(r"row 7 \(index 'r7'\), column 'cell' \(.+\): ", str(error)), str(error)
    assert isinstance(error.cause, case.cause or type(None)), repr(error.cause)
    assert error.__cause__ is error.cause


@each(RAISING)
@one_thread_and_two
def test_missing_takes_that_row_only(case, n_jobs, tmp_path):
    with pytest.warns(BadCellWarning) as warned:
        features = features_around(case, case.make(tmp_path), tmp_path, "missing", n_jobs)
    assert len(warned) == 1
    assert str(warned[0].message).startswith(
        "1 unreadable cell is taken as missing: row 7. The first: row 7 (index 'r7'), column"
    )
    assert len(features) == N_ROWS
    np.testing.assert_array_equal(features, clean_run(case, tmp_path))


@each(ACCEPTED)
@one_thread_and_two
@both_policies
def test_accepted_cells_give_a_row(case, on_error, n_jobs, tmp_path):
    cell = case.make(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        features = features_around(case, cell, tmp_path, on_error, n_jobs)
    told = [str(warning.message) for warning in caught]
    assert bool(told) == (case.warns is not None), told
    assert all(re.search(case.warns, message) for message in told), told
    assert np.isfinite(features).all()
    if case.same_as is not None:
        same = features_around(case, case.same_as(tmp_path), tmp_path)
        np.testing.assert_array_equal(features, same)
    if not get_tags(case.extractor(tmp_path)).requires_fit:
        np.testing.assert_array_equal(features[OTHERS], clean_run(case, tmp_path)[OTHERS])


@each(MISSING)
@one_thread_and_two
@both_policies
def test_missing_cells_are_no_bad_ones(case, on_error, n_jobs, tmp_path):
    features = features_around(case, case.make(tmp_path), tmp_path, on_error, n_jobs)
    np.testing.assert_array_equal(features, clean_run(case, tmp_path))
