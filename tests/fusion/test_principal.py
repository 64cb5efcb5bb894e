"""Principal components of blocks against float64 NumPy."""

import numpy as np
import pytest
from scipy import sparse

from mmsk.compose import _stack
from mmsk.fusion._principal import whiten

N_ROWS = 40


@pytest.fixture(params=[1, 100, 2**18], autouse=True)
def cells_at_a_time(request, monkeypatch):
    monkeypatch.setattr(_stack, "CELLS_AT_A_TIME", request.param)


@pytest.fixture(params=[1.0, 0.7], ids=["all present", "some missing"])
def present(request):
    return np.random.default_rng(1).random(N_ROWS) < request.param


def block_of(width, dtype=np.float64):
    generator = np.random.default_rng(0)
    return (generator.normal(size=(N_ROWS, width)) * np.arange(1, width + 1) + 7).astype(dtype)


def reference(block, present, scale):
    """Scores and variances by the SVD of the centred rows; scores up to signs."""
    rows = block[present] - block[present].mean(axis=0)
    if scale == "standard":
        rows = rows / rows.std(axis=0) / np.sqrt(block.shape[1])
    else:
        rows = rows / np.sqrt(np.square(block[present]).sum(axis=1).mean())
    left, values, _ = np.linalg.svd(rows, full_matrices=False)
    rank = np.sum(values > 1e-8 * values[0])
    return left[:, :rank] * np.sqrt(len(rows)), (values**2 / len(rows))[:rank]


def assert_equal_up_to_signs(scores, expected):
    """To 1e-5: factors of columns are float32, which turns axes of close variances a little."""
    signs = np.sign((scores * expected).sum(axis=0))
    np.testing.assert_allclose(scores * signs, expected, atol=1e-5)


@pytest.mark.parametrize("scale", ["standard", "block"])
@pytest.mark.parametrize("width", [1, 6, 100])
def test_dense_blocks_equal_the_svd(present, width, scale):
    block = block_of(width)
    block[~present] = np.nan
    whitened = whiten(block, present, scale, None, None)
    scores, variances = reference(block, present, scale)
    np.testing.assert_allclose(whitened.variances, variances, rtol=1e-6)
    assert_equal_up_to_signs(whitened.scores[present], scores)
    assert not whitened.scores[~present].any()


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("width", [1, 6, 100])
def test_sparse_blocks_equal_dense_ones(present, width, form):
    block = np.where(np.random.default_rng(2).random((N_ROWS, width)) < 0.5, block_of(width), 0)
    whitened = whiten(form(block), present, "standard", None, 0)
    scores, variances = reference(block, present, "block")
    np.testing.assert_allclose(
        whitened.variances / whitened.variances[0], variances / variances[0], rtol=1e-6
    )
    assert_equal_up_to_signs(whitened.scores[present], scores)


@pytest.mark.parametrize("width", [6, 100])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_projections_map_the_raw_block(present, width, form):
    block = form(block_of(width))
    whitened = whiten(block, present, "standard", 4, 0)
    coefficients = np.random.default_rng(3).normal(size=(4, 2))
    projected = whitened.projection(coefficients).apply(block)[present]
    np.testing.assert_allclose(projected, (whitened.scores @ coefficients)[present], atol=1e-8)


@pytest.mark.parametrize("width", [6, 100])
def test_the_leading_components_are_kept(present, width):
    block = block_of(width)
    few, all_ = (whiten(block, present, "standard", rank, None) for rank in (3, None))
    np.testing.assert_allclose(few.variances, all_.variances[:3])
    assert_equal_up_to_signs(few.scores, all_.scores[:, :3])


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_values_of_missing_rows_have_no_say(form):
    present = np.arange(N_ROWS) % 3 > 0
    block = block_of(5)
    plain = whiten(form(block), present, "standard", 3, 0)
    for value in (1e9, np.nan, np.inf):
        filled = whiten(form(np.where(present[:, None], block, value)), present, "standard", 3, 0)
        np.testing.assert_array_equal(filled.scores, plain.scores)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_directions_of_rounding_are_left_out(present, dtype):
    block = block_of(3, dtype)
    block = np.hstack([block, block[:, :1] + block[:, 1:2], np.full((N_ROWS, 1), 0.1, dtype)])
    assert len(whiten(block, present, "standard", None, None).variances) == 3


@pytest.mark.parametrize(
    "block",
    [
        np.ones((N_ROWS, 3)),
        np.zeros((N_ROWS, 100)),
        sparse.csr_array((N_ROWS, 3)),
        np.empty((N_ROWS, 0)),
        sparse.csr_array((N_ROWS, 0)),
    ],
)
def test_blocks_without_variance_have_no_components(present, block):
    for rows in (present, np.zeros(N_ROWS, dtype=bool), np.arange(N_ROWS) == 5):
        whitened = whiten(block, rows, "standard", 5, 0)
        assert whitened.scores.shape == (N_ROWS, 0)
        projected = whitened.projection(np.zeros((0, 2))).apply(block)
        np.testing.assert_array_equal(projected, np.zeros((N_ROWS, 2)))


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_a_block_that_no_row_has(form):
    block = form(np.full((N_ROWS, 3), np.nan))
    whitened = whiten(block, np.zeros(N_ROWS, dtype=bool), "standard", 5, 0)
    assert whitened.scores.shape == (N_ROWS, 0)
    assert not whitened.projection(np.zeros((0, 2))).apply(form(np.ones((2, 3)))).any()
