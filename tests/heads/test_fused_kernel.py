"""Fused kernels against their definitions in NumPy and scikit-learn's kernels."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import pairwise_kernels
from sklearn.svm import SVC

from mmsk.heads import _block_products
from mmsk.heads._block_products import BlockProducts, BlockRows, RowProducts
from mmsk.heads._fused_kernel import FusedKernel, kernel_diagonal, kernel_tile, scale_gamma
from mmsk.heads._gram import KERNELS, Kernel

N_ROWS = 25
EVERY = slice(0, N_ROWS)


@pytest.fixture(autouse=True)
def several_tiles(monkeypatch):
    monkeypatch.setattr(_block_products, "_TILE_BYTES", 1)
    monkeypatch.setattr(_block_products, "_FEWEST_ROWS", 7)


def rows_of(width, seed, missing=False):
    generator = np.random.default_rng(seed)
    present = np.ones(N_ROWS, dtype=bool)
    present[seed::4] = not missing
    return BlockRows(generator.normal(size=(present.sum(), width)), present, None, 1.0)


def products_of(part):
    return BlockProducts(RowProducts(part.values, part.values), part, part, for_distances=False)


def reference(kernel, part):
    numbers = {"gamma": kernel.gamma, "coef0": kernel.coef0, "degree": kernel.degree}
    values = np.zeros((N_ROWS, N_ROWS))
    values[np.ix_(part.present, part.present)] = pairwise_kernels(
        part.values, metric=kernel.name, filter_params=True, **numbers
    )
    return values


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", KERNELS)
def test_each_kernel_with_its_diagonal(name, missing):
    kernel, part = Kernel(name, 0.3, 2, 0.5), rows_of(4, 1, missing)
    block, expected = products_of(part), reference(kernel, part)
    np.testing.assert_allclose(kernel_tile(kernel, block, EVERY, EVERY), expected, atol=1e-12)
    np.testing.assert_allclose(kernel_diagonal(kernel, block), np.diag(expected), atol=1e-12)


@pytest.mark.parametrize("missing", [False, True])
def test_sum_of_kernels(missing):
    kernels = {"a": Kernel("rbf", 0.3, 3, 0.0), "b": Kernel("linear", 1.0, 3, 0.0)}
    parts = {"a": rows_of(4, 1, missing), "b": rows_of(3, 2, missing)}
    blocks = {name: products_of(part) for name, part in parts.items()}
    fused = FusedKernel("sum", kernels, {"a": 0.5, "b": 2.0})
    expected = 0.5 * reference(kernels["a"], parts["a"]) + 2 * reference(kernels["b"], parts["b"])
    found = fused.matrix(blocks, N_ROWS)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_array_equal(found, fused.matrix(blocks, N_ROWS))
    some = slice(3, 9), slice(2, 5)
    np.testing.assert_allclose(fused.tile(blocks, *some), expected[some], atol=1e-12)


def test_product_is_one_kernel_on_rows_side_by_side():
    kernel = Kernel("rbf", 0.3, 3, 0.0)
    parts = {"a": rows_of(4, 1), "b": rows_of(3, 2)}
    blocks = {name: products_of(part) for name, part in parts.items()}
    fused = FusedKernel("product", dict.fromkeys(parts, kernel), {"a": 0.5, "b": 2.0})
    joined = np.hstack([0.5**0.5 * parts["a"].values, 2**0.5 * parts["b"].values])
    expected = pairwise_kernels(joined, metric="rbf", gamma=0.3)
    np.testing.assert_allclose(fused.matrix(blocks, N_ROWS), expected, atol=1e-12)
    powers = reference(kernel, parts["a"]) ** 0.5 * reference(kernel, parts["b"]) ** 2
    np.testing.assert_allclose(expected, powers, atol=1e-12)


def test_scale_gamma_is_that_of_svc():
    parts = [rows_of(4, 1), rows_of(3, 2)]
    joined = np.hstack([parts[0].values, 1.5 * parts[1].values])
    svc = SVC().fit(joined, np.arange(N_ROWS) % 2)
    found = scale_gamma([(parts[0], 1.0), (parts[1], 2.25)], N_ROWS, 7)
    assert found == pytest.approx(svc._gamma, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_scale_gamma_of_equal_values_is_one(value):
    part = BlockRows(np.full((N_ROWS, 3), value), np.ones(N_ROWS, dtype=bool), None, 1.0)
    assert scale_gamma([(part, 1.0)], N_ROWS, 3) == 1
