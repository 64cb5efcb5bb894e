"""Learned weights against direct float64 NumPy and SciPy's general solvers."""

import numpy as np
import pytest
from scipy import optimize
from sklearn.datasets import make_classification
from sklearn.preprocessing import LabelBinarizer

from mmsk.heads import _block_products
from mmsk.heads._block_products import BlockProducts, BlockRows, RowProducts
from mmsk.heads._gram import Kernel
from mmsk.heads._kernel_weights import RIDGE, best_aligned, max_margin

N_ROWS = 36
KERNELS = {
    "a": Kernel("rbf", 0.2, 3, 0.0),
    "b": Kernel("linear", 1.0, 3, 0.0),
    "c": Kernel("poly", 0.1, 2, 1.0),
}


@pytest.fixture(autouse=True)
def several_tiles(monkeypatch):
    monkeypatch.setattr(_block_products, "_TILE_BYTES", 1)
    monkeypatch.setattr(_block_products, "_FEWEST_ROWS", 7)


def problem(n_classes, missing=False):
    X, y = make_classification(N_ROWS, 12, n_informative=6, n_classes=n_classes, random_state=0)
    y = np.sort(y)
    X[:, :4] += y[:, None]
    present = np.ones((N_ROWS, 3), dtype=bool)
    if missing:
        present[::4, 0] = present[1::5, 2] = False
    parts = {
        name: BlockRows(X[:, 4 * place : 4 * place + 4][here], here, None, 1.0)
        for place, (name, here) in enumerate(zip(KERNELS, present.T, strict=True))
    }
    blocks = {
        name: BlockProducts(RowProducts(part.values, part.values), part, part, False)
        for name, part in parts.items()
    }
    return blocks, [reference_kernel(KERNELS[name], parts[name]) for name in KERNELS], y


def reference_kernel(kernel, part):
    X = part.values
    values = {
        "rbf": np.exp(-kernel.gamma * ((X[:, None] - X) ** 2).sum(axis=2)),
        "linear": X @ X.T,
        "poly": (kernel.gamma * X @ X.T + kernel.coef0) ** kernel.degree,
    }[kernel.name]
    full = np.zeros((N_ROWS, N_ROWS))
    full[np.ix_(part.present, part.present)] = values
    return full


def centred(kernel):
    middle = np.eye(N_ROWS) - 1 / N_ROWS
    return middle @ kernel @ middle


def alignment(weights, kernels, y):
    total = centred(sum(w * kernel for w, kernel in zip(weights, kernels, strict=True)))
    target = LabelBinarizer().fit_transform(y)
    target = centred(target @ target.T)
    return np.vdot(total, target) / np.linalg.norm(total) / np.linalg.norm(target)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_other_weights_are_better_aligned(n_classes, missing):
    blocks, kernels, y = problem(n_classes, missing)
    weights = best_aligned(KERNELS, blocks, y)
    found = optimize.minimize(
        lambda w: -alignment(w, kernels, y), weights + 0.1, bounds=[(0, None)] * 3, tol=1e-12
    )
    assert alignment(weights, kernels, y) == pytest.approx(-found.fun, abs=1e-8)
    np.testing.assert_allclose(weights, found.x / found.x.sum(), atol=1e-3)


def nearest_in_hulls(kernel, y):
    """Coefficients of the nearest points of two convex hulls with the ridge, by SLSQP."""
    sign = np.where(y == y[0], 1.0, -1.0)
    quadratic = (1 - RIDGE) * sign[:, None] * kernel * sign + RIDGE * np.eye(len(y))
    sides = [(sign == side).astype(float) for side in (1, -1)]
    found = optimize.minimize(
        lambda g: g @ quadratic @ g,
        sum(side / side.sum() for side in sides),
        jac=lambda g: 2 * quadratic @ g,
        bounds=[(0, None)] * len(y),
        constraints=[
            {"type": "eq", "fun": lambda g, s=side: s @ g - 1, "jac": lambda g, s=side: s}
            for side in sides
        ],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 2000},
    )
    assert found.success
    return sign * found.x


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_easymkl_solves_its_quadratic_problem(n_classes, missing):
    blocks, kernels, y = problem(n_classes, missing)
    scales = [1 / np.diag(kernel)[np.diag(kernel) != 0].mean() for kernel in kernels]
    unit = [scale * kernel for scale, kernel in zip(scales, kernels, strict=True)]
    shares = []
    for one in range(n_classes):
        for other in range(one + 1, n_classes):
            rows = np.flatnonzero((y == one) | (y == other))
            points = nearest_in_hulls(sum(unit)[np.ix_(rows, rows)], y[rows])
            distances = [points @ kernel[np.ix_(rows, rows)] @ points for kernel in unit]
            shares.append(np.array(distances) / sum(distances))
    expected = np.mean(shares, axis=0) * scales
    weights = max_margin(KERNELS, blocks, y)
    np.testing.assert_allclose(weights, expected / expected.sum(), atol=2e-4)


@pytest.mark.parametrize("learn", [best_aligned, max_margin])
def test_one_kernel_weighs_all(learn):
    blocks, _, y = problem(2)
    assert learn({"b": KERNELS["b"]}, {"b": blocks["b"]}, y) == pytest.approx([1.0])


def test_twins_weigh_the_same_under_easymkl():
    blocks, _, y = problem(3)
    twins = {"one": blocks["a"], "two": blocks["a"]}
    kernels = dict.fromkeys(twins, KERNELS["a"])
    np.testing.assert_allclose(max_margin(kernels, twins, y), 0.5, rtol=1e-12)


@pytest.mark.parametrize("learn", [best_aligned, max_margin])
def test_a_kernel_of_zeros_weighs_nothing_and_zeros_alone_weigh_the_same(learn):
    blocks, _, y = problem(2)
    zeros = BlockRows(np.zeros((N_ROWS, 2)), np.ones(N_ROWS, dtype=bool), None, 1.0)
    empty = BlockProducts(RowProducts(zeros.values, zeros.values), zeros, zeros, False)
    linear = dict.fromkeys(["telling", "empty"], KERNELS["b"])
    np.testing.assert_allclose(learn(linear, {"telling": blocks["b"], "empty": empty}, y), [1, 0])
    np.testing.assert_allclose(learn(linear, {"telling": empty, "empty": empty}, y), 0.5)
