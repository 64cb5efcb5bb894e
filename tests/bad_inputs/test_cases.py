"""Each bad cell in a column of 100, under both policies, on one thread and on two."""

import re
import warnings
from itertools import product

import numpy as np
import pytest
from bad_inputs.cases import ACCEPTED, MISSING, RAISING
from bad_inputs.harness import BAD_ROW, N_ROWS, as_array, column_around, each
from sklearn.utils import get_tags

from mmsk.exceptions import BadCellWarning, ReadError

OTHERS = np.arange(N_ROWS) != BAD_ROW
THREADS = [1, 2]
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
def test_raise_names_the_cell(case, tmp_path):
    cell = case.make(tmp_path)
    for n_jobs in THREADS:
        with pytest.raises(ReadError) as caught:
            features_around(case, cell, tmp_path, "raise", n_jobs)
        error = caught.value
        assert (error.row, error.label, error.column) == (BAD_ROW, "r7", "cell")
        assert error.others == ()
        assert error.item is cell
        assert error.stage == case.stage
        assert re.match(case.message, error.reason), error.reason
        assert re.match(r"row 7 \(index 'r7'\), column 'cell' \(.+\): ", str(error)), str(error)
        assert isinstance(error.cause, case.cause or type(None)), repr(error.cause)
        assert error.__cause__ is error.cause


@each(RAISING)
def test_missing_takes_that_row_only(case, tmp_path):
    cell = case.make(tmp_path)
    for n_jobs in THREADS:
        with pytest.warns(BadCellWarning) as warned:
            features = features_around(case, cell, tmp_path, "missing", n_jobs)
        assert len(warned) == 1
        assert str(warned[0].message).startswith(
            "1 unreadable cell is taken as missing: row 7. The first: row 7 (index 'r7'), column"
        )
        assert len(features) == N_ROWS
        np.testing.assert_array_equal(features, clean_run(case, tmp_path))


@each(ACCEPTED)
def test_accepted_cells_give_a_row(case, tmp_path):
    cell = case.make(tmp_path)
    runs = []
    for on_error, n_jobs in product(["raise", "missing"], THREADS):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            runs.append(features_around(case, cell, tmp_path, on_error, n_jobs))
        told = [str(warning.message) for warning in caught]
        assert bool(told) == (case.warns is not None), told
        assert all(re.search(case.warns, message) for message in told), told
    for features in runs:
        np.testing.assert_array_equal(features, runs[0])
    assert np.isfinite(runs[0]).all()
    if case.same_as is not None:
        same = features_around(case, case.same_as(tmp_path), tmp_path)
        np.testing.assert_array_equal(runs[0], same)
    if not get_tags(case.extractor(tmp_path)).requires_fit:
        np.testing.assert_array_equal(runs[0][OTHERS], clean_run(case, tmp_path)[OTHERS])


@each(MISSING)
def test_missing_cells_are_no_bad_ones(case, tmp_path):
    cell = case.make(tmp_path)
    for on_error, n_jobs in product(["raise", "missing"], THREADS):
        features = features_around(case, cell, tmp_path, on_error, n_jobs)
        np.testing.assert_array_equal(features, clean_run(case, tmp_path))
