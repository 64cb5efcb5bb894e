"""Folds that test every row once."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold

from mmsk.heads._folds import folds_of

Y = np.repeat([0, 1], 10)


def test_numbers_of_folds_are_stratified_for_classes():
    expected = list(StratifiedKFold(5).split(Y, Y))
    for folds in (folds_of(None, Y, classifier=True), folds_of(5, Y, classifier=True)):
        for fold, same in zip(folds, expected, strict=True):
            np.testing.assert_array_equal(np.concatenate(fold), np.concatenate(same))
    (_, test), *_ = folds_of(2, Y, classifier=False)
    np.testing.assert_array_equal(test, np.arange(10))


@pytest.mark.parametrize("cv", [KFold(4), list(KFold(4).split(Y))])
def test_splitters_and_lists(cv):
    tested = np.concatenate([test for _, test in folds_of(cv, Y, classifier=True)])
    assert sorted(tested) == list(range(20))


@pytest.mark.parametrize("cv", [ShuffleSplit(3, random_state=0), list(KFold(4).split(Y))[:3]])
def test_rows_tested_twice_or_never_are_refused(cv):
    with pytest.raises(
        ValueError, match=r"does not test every row exactly once\. Give a number of"
    ):
        folds_of(cv, Y, classifier=True)
