"""The suite passes scikit-learn's own estimators as heads and catches broken ones."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from mmsk.testing import check_head, head_checks, parametrize_with_contract

SOUND = {
    "classifier": head_checks(LogisticRegression(), searchable={"C": [0.1, 10.0]}),
    "regressor": head_checks(Ridge(), searchable={"alpha": [0.1, 10.0]}),
}


@parametrize_with_contract(SOUND)
def test_sound_head_passes(check):
    check()


class NeedsArrays(LogisticRegression):
    def fit(self, X, y):
        return super().fit(X.reshape(len(X), -1), y)


class MixesRows(LogisticRegression):
    def decision_function(self, X):
        decisions = super().decision_function(X)
        return decisions - decisions.mean()


class KeepsNumbers(LogisticRegression):
    def fit(self, X, y):
        return super().fit(X, np.unique(y, return_inverse=True)[1])


BROKEN = [
    (NeedsArrays(), "check_takes_blocks_tables_and_arrays"),
    (MixesRows(), "check_rows_are_predicted_alone"),
    (KeepsNumbers(), "check_labels_of_any_kind"),
    (DummyClassifier(), "check_predictions_differ"),
]


@pytest.mark.parametrize(("broken", "check"), BROKEN, ids=lambda value: str(value))
def test_broken_head_is_caught(broken, check):
    with pytest.raises((AssertionError, AttributeError), match=r"must|has no attribute 'reshape'"):
        dict(head_checks(broken))[check]()


def test_results_name_each_check():
    results = check_head(Ridge(), expected_failed_checks=None, on_fail=None)
    assert [result["check_name"] for result in results] == [
        name for name, _ in head_checks(Ridge())
    ]
    assert {result["status"] for result in results} == {"passed", "skipped"}
