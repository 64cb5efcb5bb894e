"""scikit-learn's own checks: ours fail nothing that SVC and SVR pass."""

import warnings

import pytest
from sklearn.svm import SVC, SVR
from sklearn.utils.estimator_checks import check_estimator

from mmsk import SVMClassifier, SVMRegressor


def outcome(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    return {result["check_name"]: result["status"] for result in results}


@pytest.mark.parametrize(
    ("ours", "parent"), [(SVMClassifier(), SVC()), (SVMRegressor(), SVR())], ids=["SVC", "SVR"]
)
def test_fails_nothing_that_its_parent_passes(ours, parent):
    ours, parent = outcome(ours), outcome(parent)
    failed = {name for name, status in ours.items() if status == "failed"}
    assert failed <= {name for name, status in parent.items() if status == "failed"}
    assert set(parent) <= set(ours)
