"""Rules of combination against direct NumPy, row by row and output by output."""

import numpy as np
import pytest
from scipy.stats import gmean

from mmsk.heads._combination import combine, stacked

PRIOR = np.array([0.5, 0.3, 0.2])
DIRECT = {"mean": np.mean, "product": gmean, "max": np.max, "median": np.median}


@pytest.fixture
def said():
    """Four heads, 20 rows, three classes; many are silent of rows, one of a class."""
    generator = np.random.default_rng(0)
    said = generator.dirichlet(np.ones(3), size=(4, 20))
    said[generator.random((4, 20)) < 0.4] = np.nan
    said[1, :, 2] = np.nan
    said[:, 5] = np.nan
    said[:, 7] = np.nan
    said[1, 7, :2] = [0.9, 0.1]
    return said


@pytest.mark.parametrize("rule", DIRECT)
def test_each_output_is_judged_by_those_that_speak(said, rule):
    combined = combine(said, rule, PRIOR)
    for row in range(20):
        for column in range(3):
            spoken = said[:, row, column][~np.isnan(said[:, row, column])]
            silent = PRIOR[column] if np.isnan(said[:, row]).all() else 0.0
            expected = DIRECT[rule](spoken) if len(spoken) else silent
            assert combined[row, column] == pytest.approx(expected, rel=1e-12)


def test_weights_count_among_those_that_speak(said):
    weights = np.array([2.0, 1.0, 0.0, 0.5])
    combined = combine(said, "mean", PRIOR, weights)
    for row in range(20):
        for column in range(3):
            spoken = ~np.isnan(said[:, row, column]) & (weights > 0)
            silent = PRIOR[column] if np.isnan(said[weights > 0, row]).all() else 0.0
            expected = (
                np.average(said[spoken, row, column], weights=weights[spoken])
                if spoken.any()
                else silent
            )
            assert combined[row, column] == pytest.approx(expected, rel=1e-12)


def test_no_head_alone_rules_out_a_class_in_a_product():
    said = np.array([[[0.0, 1.0]], [[1.0, 0.0]]])
    combined = combine(said, "product", PRIOR[:2])
    assert combined[0, 0] == combined[0, 1] > 0


def test_stacked_features(said):
    gaps = np.isnan(said).all(axis=2)
    features = stacked(said, PRIOR, np.array([True, False, True, False]))
    assert features.shape == (20, 4 * 3 + 2)
    for row in range(20):
        for head in range(4):
            expected = PRIOR if gaps[head, row] else np.nan_to_num(said[head, row], nan=0.0)
            np.testing.assert_array_equal(features[row, 3 * head : 3 * head + 3], expected)
    np.testing.assert_array_equal(features[:, 12:], gaps[[0, 2]].T)


def test_of_two_classes_one_is_enough():
    said = np.array([[[0.1, 0.9]], [[0.6, 0.4]]])
    np.testing.assert_array_equal(stacked(said, PRIOR[:2], np.zeros(2, dtype=bool)), [[0.9, 0.4]])


def test_input_is_left_alone(said):
    before = said.copy()
    for rule in DIRECT:
        combine(said, rule, PRIOR)
    stacked(said, PRIOR, np.ones(4, dtype=bool))
    np.testing.assert_array_equal(said, before)
