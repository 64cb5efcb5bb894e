"""Learned weights against direct float64 formulas."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import OneHotEncoder

from mmsk.fusion import _block_weights
from mmsk.fusion._block_weights import (
    alignment_of_block,
    score_of_block,
)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def direct_alignment(block, target):
    """Cortes et al. 2012, equation 2, by the centring matrix."""
    n_rows = len(block)
    centring = np.eye(n_rows) - np.full((n_rows, n_rows), 1 / n_rows)
    K, L = (centring @ (x @ x.T) @ centring for x in (block.astype(np.float64), target))
    return np.trace(K @ L) / np.sqrt(np.trace(K @ K) * np.trace(L @ L))


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_alignment_equals_its_formula(generator, form, dtype):
    block = generator.normal(size=(50, 4)).astype(dtype)
    block[np.abs(block) < 0.5] = 0
    y = np.array(["a", "b", "c"])[np.arange(50) % 3]
    block[:, 0] += (y == "a") * dtype(2)
    expected = direct_alignment(block, OneHotEncoder(sparse_output=False).fit_transform(y[:, None]))
    assert alignment_of_block(form(block), y) == pytest.approx(expected, rel=1e-5)
    real = generator.normal(size=50)
    expected = max(0, direct_alignment(block, real[:, None]))
    assert alignment_of_block(form(block), real) == pytest.approx(expected, rel=1e-5)


def test_alignment_of_what_tells_everything_or_nothing():
    y = np.repeat([0, 1], 10)
    assert alignment_of_block(np.where(y, 3.0, -1.0)[:, None], y) == pytest.approx(1)
    assert alignment_of_block(np.ones((20, 2)), y) == 0
    assert alignment_of_block(y[:, None].astype(float), np.zeros(20)) == 0
    assert alignment_of_block(np.empty((0, 2)), y[:0]) == 0
    assert alignment_of_block(np.ones((1, 2)), y[:1]) == 0


def test_alignment_of_many_rows_is_that_of_a_fixed_sample(generator, monkeypatch):
    block = generator.normal(size=(300, 3))
    y = (block[:, 0] + generator.normal(size=300) > 0).astype(int)
    whole = alignment_of_block(block, y)
    monkeypatch.setattr(_block_weights, "MOST_ROWS_ALIGNED", 150)
    sampled = alignment_of_block(block, y)
    assert sampled == alignment_of_block(block, y)
    assert sampled != whole
    assert sampled == pytest.approx(whole, rel=0.3)


def test_score_of_classes(generator):
    y = np.array(["no", "yes"])[np.arange(90) % 2]
    telling = (y == "yes")[:, None] + 0.01 * generator.normal(size=(90, 1))
    assert score_of_block(telling, y) == pytest.approx(1, abs=0.05)
    assert score_of_block(sparse.csr_matrix(telling), y) == pytest.approx(1, abs=0.05)
    assert score_of_block(generator.normal(size=(90, 1)), y) < 0.3
    half = np.where(generator.random(90)[:, None] < 0.5, telling, 0.5)
    assert 0.2 < score_of_block(half, y) < 0.8


def test_score_of_chance_is_zero_for_unequal_classes():
    y = (np.arange(100) < 10).astype(int)
    assert score_of_block(np.zeros((100, 1)), y) == 0


def test_score_of_real_targets(generator):
    block = generator.normal(size=(90, 2))
    y = block @ [1.0, -2.0] + 0.1 * generator.normal(size=90)
    expected = RidgeCV([1.0]).fit(block, y).score(block, y)
    assert score_of_block(block, y) == pytest.approx(expected, abs=0.02)
    assert score_of_block(generator.normal(size=(90, 2)), y) < 0.1


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 1, 0]),
        np.array([0.5, 1.5, 2.5]),
        np.array(["a"] * 20),
        np.array([*"abcdefghijklmnopqrst"]),
        np.array(["a"] * 18 + ["b"] * 2),
        np.array([]),
    ],
    ids=["few rows", "few numbers", "one class", "all alone", "a rare class", "no row"],
)
def test_score_of_what_cannot_be_scored(y):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes")
        assert score_of_block(np.ones((len(y), 1)), y) == 0


def test_rare_classes_are_left_out(generator):
    y = np.array(["a"] * 20 + ["b"] * 20 + ["rare"])
    block = np.where(y == "a", 1.0, -1.0)[:, None]
    assert score_of_block(block, y) == score_of_block(block[:40], y[:40]) == 1
