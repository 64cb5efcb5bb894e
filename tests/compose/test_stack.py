"""Stacking to CSR against scipy, and chunks of present rows."""

import numpy as np
import pytest
from scipy import sparse

from mmsk.compose import _stack
from mmsk.compose._stack import hstack_blocks, hstack_csr, present_chunks, row_slices

N_ROWS = 23


@pytest.fixture(params=[1, 7, 2**18], autouse=True)
def cells_at_a_time(request, monkeypatch):
    """Chunks of one row, of a few rows, and of all rows."""
    monkeypatch.setattr(_stack, "CELLS_AT_A_TIME", request.param)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def some_csr(generator, width=9, kind=sparse.csr_matrix):
    return kind(sparse.random_array((N_ROWS, width), density=0.3, rng=generator, format="csr"))


def everywhere(n_parts):
    return np.ones((N_ROWS, n_parts), dtype=bool)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
def test_equals_scipy_hstack(generator, kind):
    parts = [
        some_csr(generator, kind=kind),
        generator.normal(size=(N_ROWS, 3)).astype(np.float32),
        np.empty((N_ROWS, 0), dtype=np.float32),
        some_csr(generator, width=2, kind=kind),
        generator.normal(size=(N_ROWS, 1)),
    ]
    stacked = hstack_csr(parts, everywhere(5))
    expected = sparse.hstack([sparse.csr_matrix(part) for part in parts]).toarray()
    np.testing.assert_array_equal(stacked.toarray(), expected.astype(np.float32))
    assert stacked.dtype == np.float32
    assert stacked.indices.dtype == stacked.indptr.dtype == np.int32
    stacked.check_format(full_check=True)
    assert stacked.has_canonical_format


def test_odd_csr(generator):
    """Unsorted 64-bit indices and explicit zeros."""
    data, indices = np.array([1.0, 2.0, 0.0]), np.array([2, 0, 1], dtype=np.int64)
    odd = sparse.csr_array((data, indices, np.array([0, 2, 2, 3], dtype=np.int64)), shape=(3, 3))
    stacked = hstack_csr([odd, np.eye(3)], np.ones((3, 2), dtype=bool))
    expected = [[2, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1]]
    np.testing.assert_array_equal(stacked.toarray(), expected)


def test_missing_rows_store_nothing(generator):
    dense, thin = generator.normal(size=(N_ROWS, 4)), some_csr(generator)
    present = generator.random((N_ROWS, 2)) < 0.6
    dense[~present[:, 0]] = np.nan
    stacked = hstack_csr([dense, thin], present)
    expected = np.hstack([dense, thin.toarray()])
    expected[np.repeat(~present, [4, 9], axis=1)] = 0
    np.testing.assert_array_equal(stacked.toarray(), expected.astype(np.float32))
    stored = 4 * present[:, 0].sum() + np.diff(thin.indptr)[present[:, 1]].sum()
    assert stacked.nnz == stored


def test_maps_are_applied_to_their_part(generator):
    dense, thin = generator.normal(size=(N_ROWS, 4)), some_csr(generator)
    maps = [lambda chunk: chunk + 1, lambda chunk: chunk * 2]
    stacked = hstack_csr([dense, thin], everywhere(2), maps).toarray()
    expected = np.hstack([dense + 1, thin.toarray() * 2])
    np.testing.assert_array_equal(stacked, expected.astype(np.float32))


@pytest.mark.parametrize("with_csr", [False, True])
def test_blocks_side_by_side_are_sparse_if_one_is(generator, with_csr):
    parts = [generator.normal(size=(N_ROWS, 4)), generator.normal(size=(N_ROWS, 9))]
    expected = np.hstack([parts[0] + 1, parts[1] * 2])
    present = generator.random((N_ROWS, 2)) < 0.6
    expected[np.repeat(~present, [4, 9], axis=1)] = 0
    if with_csr:
        parts[1] = sparse.csr_matrix(parts[1])
    stacked = hstack_blocks(parts, present, [lambda chunk: chunk + 1, lambda chunk: chunk * 2])
    assert sparse.issparse(stacked) == with_csr
    assert stacked.dtype == np.float32
    stacked = stacked.toarray() if with_csr else stacked
    np.testing.assert_array_equal(stacked, expected.astype(np.float32))


@pytest.mark.parametrize("n_rows", [0, 1])
def test_few_rows(n_rows):
    parts = [np.ones((n_rows, 2)), sparse.csr_matrix((n_rows, 5))]
    stacked = hstack_csr(parts, np.ones((n_rows, 2), dtype=bool))
    assert stacked.shape == (n_rows, 7)
    assert stacked.sum() == 2 * n_rows


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("as_csr", [False, True])
def test_chunks_hold_the_present_rows_in_order(generator, share, as_csr):
    block = np.arange(N_ROWS * 3.0).reshape(N_ROWS, 3)
    present = generator.random(N_ROWS) < share
    chunks = list(present_chunks(sparse.csr_matrix(block) if as_csr else block, present))
    rows = np.concatenate([np.arange(N_ROWS)[rows] for rows, _ in chunks])
    np.testing.assert_array_equal(rows, np.flatnonzero(present))
    parts = [part.toarray() if as_csr else part for _, part in chunks]
    np.testing.assert_array_equal(np.vstack(parts), block[present])


def test_chunks_of_present_rows_are_views():
    block = np.ones((N_ROWS, 3))
    for _, part in present_chunks(block, np.ones(N_ROWS, dtype=bool)):
        assert np.shares_memory(part, block)


def test_slices_hold_all_rows_in_order_and_few_cells():
    for cells_per_row in (0, 0.3, 2, 100):
        slices = list(row_slices(N_ROWS, cells_per_row))
        rows = np.concatenate([np.arange(N_ROWS)[rows] for rows in slices])
        np.testing.assert_array_equal(rows, np.arange(N_ROWS))
        most = max(rows.stop - rows.start for rows in slices)
        assert most == 1 or most * cells_per_row <= _stack.CELLS_AT_A_TIME
    assert list(row_slices(0, 1)) == []


def test_chunks_are_as_small_as_what_is_made_of_them():
    block, present = np.ones((N_ROWS, 1)), np.ones(N_ROWS, dtype=bool)
    for _, part in present_chunks(block, present, cells_per_row=3):
        assert len(part) == 1 or 3 * len(part) <= _stack.CELLS_AT_A_TIME
