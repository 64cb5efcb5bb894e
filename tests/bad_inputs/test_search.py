"""Each bad cell in a grid search over a pipeline, whose other modality is a number."""

import warnings

import numpy as np
import pytest
from bad_inputs.cases import ACCEPTED, MISSING, MODULES, RAISING
from bad_inputs.harness import BAD_ROW, column_around, each, search

from mmsk.exceptions import BadCellWarning, ReadError


def searched(case, cell, folder, on_error, n_jobs=None):
    return search(case.extractor(folder, on_error), column_around(case.subject, cell), n_jobs)


@each(RAISING)
def test_raise_ends_the_search_and_missing_does_not(case, tmp_path):
    cell = case.make(tmp_path)
    with pytest.raises(ReadError) as caught:
        searched(case, cell, tmp_path, "raise")
    error = caught.value
    assert (error.row, error.label, error.column) == (BAD_ROW, "r7", "cell")
    with pytest.warns(BadCellWarning):
        results = searched(case, cell, tmp_path, "missing")
    assert np.isfinite(results["mean_test_score"]).all()


@each(ACCEPTED + MISSING)
def test_accepted_and_missing_cells_do_not_show(case, tmp_path):
    with warnings.catch_warnings():
        if case.warns is not None:
            warnings.filterwarnings("ignore", case.warns)
        results = searched(case, case.make(tmp_path), tmp_path, "raise")
    assert np.isfinite(results["mean_test_score"]).all()


def test_the_same_in_worker_processes(tmp_path):
    """One cell of each modality: starting workers takes most of the time, and errors end them."""
    cases = [
        next(case for case in module.CASES if case.outcome == "raises")
        for module in MODULES
        if module.CASES
    ]
    for case in cases:
        folder = tmp_path / case.id
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # in the workers, where it is given
            results = searched(case, case.make(folder), folder, "missing", n_jobs=2)
        assert np.isfinite(results["mean_test_score"]).all()
    pattern = rf"row 7 \(index 'r7'\), column 'cell'.*: {cases[0].message}"
    with pytest.raises(ReadError, match=pattern):
        searched(cases[0], cases[0].make(tmp_path), tmp_path, "raise", n_jobs=2)
