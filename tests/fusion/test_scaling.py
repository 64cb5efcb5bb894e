"""Scales of blocks against StandardScaler and float64 NumPy."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.preprocessing import StandardScaler

from mmsk.compose import _stack
from mmsk.fusion._scaling import BlockScale, learn_scale

N_ROWS = 40


@pytest.fixture(params=[1, 17, 2**18], autouse=True)
def cells_at_a_time(request, monkeypatch):
    monkeypatch.setattr(_stack, "CELLS_AT_A_TIME", request.param)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.fixture(params=[1.0, 0.6])
def present(request, generator):
    return generator.random(N_ROWS) < request.param


def mean_squared_norm(rows):
    return np.square(np.asarray(rows, dtype=np.float64)).sum(axis=1).mean()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standard_is_the_standard_scaler_over_the_root_of_the_width(generator, present, dtype):
    block = (generator.normal(size=(N_ROWS, 5)) * [1, 100, 1e-3, 7, 7] + 300).astype(dtype)
    block[~present] = np.nan
    scaled = learn_scale(block, present, "standard").apply(block[present])
    expected = StandardScaler().fit_transform(block[present].astype(np.float64)) / np.sqrt(5)
    # float32 input near 300 leaves 3e-5 of the thousandths in the third column
    tolerance = 0.03 if dtype == np.float32 else 1e-6
    np.testing.assert_allclose(scaled, expected, atol=tolerance)
    assert scaled.dtype == np.float32
    assert mean_squared_norm(scaled) == pytest.approx(1, abs=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_centred_keeps_the_proportions_of_columns(generator, present, dtype):
    block = (generator.normal(size=(N_ROWS, 5)) * [1, 100, 1, 7, 0] + 300).astype(dtype)
    block[~present] = np.nan
    scaled = learn_scale(block, present, "centred").apply(block[present])
    expected = block[present].astype(np.float64) - block[present].mean(axis=0, dtype=np.float64)
    expected /= np.sqrt(mean_squared_norm(expected))
    np.testing.assert_allclose(scaled, expected, atol=1e-5)
    assert scaled.dtype == np.float32
    assert mean_squared_norm(scaled) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_block_gives_rows_of_unit_mean_squared_norm(generator, present, form):
    block = generator.normal(size=(N_ROWS, 5)) * 40
    block[block < 0] = 0
    rows = np.flatnonzero(present)
    scaled = learn_scale(form(block), present, "block").apply(form(block)[rows])
    dense = scaled.toarray() if sparse.issparse(scaled) else scaled
    np.testing.assert_allclose(dense, block[rows] / np.sqrt(mean_squared_norm(block[rows])), 1e-6)
    assert scaled.dtype == np.float32
    assert type(scaled) is type(form(block))


def test_sparse_blocks_are_not_centred(generator, present):
    block = sparse.random_array((N_ROWS, 6), density=0.4, rng=generator, format="csr")
    assert learn_scale(block, present, "standard").offset is None
    for scale in ("standard", "centred", "block"):
        np.testing.assert_array_equal(
            learn_scale(block, present, scale).factor, learn_scale(block, present, "block").factor
        )


def test_scaling_leaves_its_input_alone(generator, present):
    block = sparse.random_array((N_ROWS, 6), density=0.4, rng=generator, format="csr")
    before = block.copy()
    learn_scale(block, present, "block").apply(block)
    np.testing.assert_array_equal(block.toarray(), before.toarray())


@pytest.mark.parametrize(
    "constant", [0.0, 0.1, -1e9, 1.7e9, np.float32(0.1)], ids=lambda value: f"{value:g}"
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_columns_become_zeros(constant, dtype):
    """Also where the sum of very many rows is off by rounding."""
    block = np.full((5000, 2), constant, dtype=dtype)
    block[:, 1] = np.arange(5000)
    present = np.ones(5000, dtype=bool)
    scaled = learn_scale(block, present, "standard").apply(block)
    assert not scaled[:, 0].any()
    assert mean_squared_norm(scaled) == pytest.approx(1, rel=1e-5)


def test_time_stamps_keep_their_variance():
    """Seconds of this century differ less than float32 resolves; float64 blocks keep it."""
    block = 1.7e9 + np.arange(N_ROWS, dtype=np.float64)[:, None]
    scaled = learn_scale(block, np.ones(N_ROWS, dtype=bool), "standard").apply(block)
    np.testing.assert_allclose(scaled, StandardScaler().fit_transform(block), rtol=1e-5)


def test_blocks_without_any_variance_or_value():
    present = np.ones(3, dtype=bool)
    zeros = np.zeros((3, 2))
    constant = np.full((3, 2), 0.1)
    assert not learn_scale(constant, present, "centred").apply(constant).any()
    for scale in ("standard", "centred", "block"):
        assert not learn_scale(zeros, present, scale).apply(zeros).any()
    empty = sparse.csr_array((3, 2))
    assert learn_scale(empty, present, "standard").apply(empty).nnz == 0
    narrow = np.empty((3, 0))
    for scale in ("standard", "centred"):
        assert learn_scale(narrow, present, scale).apply(narrow).shape == (3, 0)


def test_no_scale_changes_nothing(generator):
    block = generator.normal(size=(N_ROWS, 3))
    scale = learn_scale(block, np.ones(N_ROWS, dtype=bool), None)
    np.testing.assert_array_equal(scale.apply(block), block.astype(np.float32))


@pytest.mark.parametrize("scale", ["standard", "centred", "block"])
def test_a_block_that_no_row_has_becomes_zeros(scale):
    block = np.full((3, 2), np.nan)
    learned = learn_scale(block, np.zeros(3, dtype=bool), scale)
    assert not learned.apply(np.full((2, 2), 500.0)).any()


def test_apply_is_affine():
    scale = BlockScale(np.array([1.0, 2.0]), np.array([10.0, 0.5], dtype=np.float32))
    np.testing.assert_array_equal(
        scale.apply(np.array([[2.0, 2.0], [1.0, 4.0]])), [[10, 0], [0, 1]]
    )


@pytest.mark.parametrize("scale", ["standard", "block"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_a_weight_counts_a_row_as_often(generator, present, scale, form):
    block = generator.normal(size=(N_ROWS, 5)) * 40
    block[block < 0] = 0
    weight = generator.integers(1, 4, size=N_ROWS)
    repeated = form(np.repeat(block, weight, axis=0))
    weighted = learn_scale(form(block), present, scale, weight.astype(float))
    expected = learn_scale(repeated, np.repeat(present, weight), scale)
    np.testing.assert_allclose(weighted.factor, expected.factor, rtol=1e-6)
    if expected.offset is not None:
        np.testing.assert_allclose(weighted.offset, expected.offset, rtol=1e-12)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_rows_are_scaled_in_the_dtype_asked_for(generator, form):
    block = generator.random((N_ROWS, 3)) + 1e6
    scale = learn_scale(form(block), np.ones(N_ROWS, dtype=bool), "standard")
    scaled = scale.apply(form(block), np.float64)
    assert scaled.dtype == np.float64
    dense = scaled.toarray() if sparse.issparse(scaled) else scaled
    offset = 0.0 if scale.offset is None else scale.offset
    np.testing.assert_array_equal(dense, (block - offset) * scale.factor)
