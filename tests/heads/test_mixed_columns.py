import numpy as np
import pytest
from scipy import sparse

from mmsk.heads._mixed_columns import MixedColumns


def rows_of(n_rows, full_columns, seed=0):
    """Sparse rows of which the columns named are full."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n_rows, 30)) * (generator.random((n_rows, 30)) < 0.05)
    values[:, full_columns] = generator.normal(size=(n_rows, len(full_columns)))
    return values


@pytest.mark.parametrize("full_columns", [[], [3], [0, 7, 29], list(range(30))])
@pytest.mark.parametrize("n_rows", [1, 40, 600])
def test_products_are_those_of_dense_rows(full_columns, n_rows):
    values, others = rows_of(n_rows, full_columns), rows_of(17, full_columns, seed=1)
    mixed = MixedColumns(sparse.csr_matrix(values))
    out = np.full((17, n_rows), np.nan)
    mixed.products(MixedColumns(sparse.csr_matrix(others), mixed.full), out)
    np.testing.assert_allclose(out, others @ values.T, atol=1e-12)


def test_full_columns_are_found():
    mixed = MixedColumns(sparse.csr_matrix(rows_of(400, [2, 5])))
    assert np.flatnonzero(mixed.full).tolist() == [2, 5]


def test_both_sides_are_split_at_the_same_columns():
    values = rows_of(40, [2])
    mixed = MixedColumns(sparse.csr_matrix(values))
    empty = MixedColumns(sparse.csr_matrix((1, 30)), mixed.full)
    out = np.full((1, 40), np.nan)
    mixed.products(empty, out)
    assert not out.any()
