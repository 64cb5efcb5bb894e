"""Soft labels against their definition, row by row."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mmsk.heads._soft_labels import fit_on_shares, softened


@pytest.mark.parametrize("temperature", [0.2, 1.0, 4.0])
def test_softened(temperature):
    shares = np.random.default_rng(0).dirichlet(np.ones(5), size=20)
    powers = shares ** (1 / temperature)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(softened(shares, temperature), expected)


def test_what_is_ruled_out_stays_so():
    soft = softened(np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]), 5.0)
    np.testing.assert_allclose(soft, [[1, 0, 0], [0.5, 0.5, 0]], atol=1e-50)


def test_small_shares_are_left_out_and_rows_keep_their_weight():
    head = Remembers()
    shares = 3 * np.array([[0.6, 0.395, 0.005], [0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    X = np.array([[1.0], [2.0], [3.0]])
    fit_on_shares(head, X, np.array([0, 1, 2]), shares, np.array(["a", "b", "c"]))
    assert head.X.ravel().tolist() == [1, 1, 3]
    assert head.y.tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(head.weight, [3 * 0.6 / 0.995, 3 * 0.395 / 0.995, 6])


class Remembers(LogisticRegression):
    """Keeps what it gets."""

    def fit(self, X, y, sample_weight=None):
        self.X, self.y, self.weight = X, y, sample_weight
        return self
