"""Each bad cell in a grid search over a pipeline, whose other modality is a number."""

import warnings

import numpy as np
import pytest
from bad_inputs.cases import ACCEPTED, MISSING, RAISING
from bad_inputs.harness import BAD_ROW, column_around, each, search

from mmsk.exceptions import BadCellWarning, ReadError

ONE_EACH = list({case.subject.name: case for case in reversed(RAISING)}.values())


def searched(case, folder, on_error, n_jobs=None):
    column = column_around(case.subject, case.make(folder))
    return search(case.extractor(folder, on_error), column, n_jobs)


@each(RAISING)
def test_raise_ends_the_search(case, tmp_path):
    with pytest.raises(ReadError) as caught:
        searched(case, tmp_path, "raise")
    error = caught.value
    assert (error.row, error.label, error.column) == (BAD_ROW, "r7", "cell")


@each(RAISING)
def test_missing_lets_the_search_end(case, tmp_path):
    with pytest.warns(BadCellWarning):
        results = searched(case, tmp_path, "missing")
    assert np.isfinite(results["mean_test_score"]).all()


@each(ACCEPTED + MISSING)
def test_accepted_and_missing_cells_do_not_show(case, tmp_path):
    with warnings.catch_warnings():
        if case.warns is not None:
            warnings.filterwarnings("ignore", case.warns)
        results = searched(case, tmp_path, "raise")
    assert np.isfinite(results["mean_test_score"]).all()


def test_the_same_in_worker_processes(tmp_path):
    """One cell of each modality: starting workers takes most of the time, and errors end them."""
    for case in ONE_EACH:
        folder = tmp_path / case.id
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # in the workers, where it is given
            results = searched(case, folder, "missing", n_jobs=2)
        assert np.isfinite(results["mean_test_score"]).all()
    pattern = rf"row 7 \(index 'r7'\), column 'cell'.*: {ONE_EACH[0].message}"
    with pytest.raises(ReadError, match=pattern):
        searched(ONE_EACH[0], tmp_path, "raise", n_jobs=2)
