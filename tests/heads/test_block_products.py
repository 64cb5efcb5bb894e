"""Products of scaled rows against NumPy on rows that are scaled first."""

import numpy as np
import pytest
from scipy import sparse

from mmsk.fusion._scaling import BlockScale, learn_scale
from mmsk.heads._block_products import BlockProducts, BlockRows, RowProducts, tiles
from mmsk.heads._kept_products import find_products, forget_tables, keep_products

N_ROWS, N_COLUMNS, WIDTH = 30, 20, 6
FORMS = {"dense": np.asarray, "csr": sparse.csr_matrix, "csr array": sparse.csr_array}
EVERY = slice(0, N_ROWS), slice(0, N_COLUMNS)


@pytest.fixture(autouse=True)
def _nothing_kept():
    forget_tables()
    yield
    forget_tables()


@pytest.fixture(params=[False, True], ids=["complete", "missing"])
def present(request):
    present = np.ones(N_ROWS, dtype=bool)
    present[::4] = not request.param
    return present


def block(form, dtype=np.float32):
    X = np.random.default_rng(0).normal(size=(N_ROWS, WIDTH)) + 3
    X[:, 2:][X[:, 2:] < 3.5] = 0
    return FORMS[form](X.astype(dtype))


def both_sides(form, present, scale):
    """A block and its products with its first rows, looked up and multiplied."""
    X = block(form)
    learned = learn_scale(X, present, scale)
    rows = BlockRows.scaled(X, present, learned)
    columns = BlockRows.scaled(X[:N_COLUMNS], present[:N_COLUMNS], learned)
    keep_products([rows.values], 1.0)
    sources = {
        "kept": find_products(rows.values, columns.values),
        "multiplied": RowProducts(rows.values, columns.values),
    }
    return X, learned, rows, columns, sources


@pytest.mark.parametrize("scale", ["centred", "block", "standard", None])
@pytest.mark.parametrize("form", FORMS)
def test_products_are_of_scaled_rows(form, present, scale):
    X, learned, rows, columns, sources = both_sides(form, present, scale)
    dense = X.toarray() if sparse.issparse(X) else X
    offset = 0 if learned.offset is None else learned.offset.astype(np.float64)
    Z = np.where(present[:, None], (dense - offset) * learned.factor.astype(np.float64), 0)
    V = Z[:N_COLUMNS]
    for source in sources.values():
        found = BlockProducts(source, rows, columns, for_distances=False)
        np.testing.assert_allclose(found.tile(*EVERY), Z @ V.T, atol=1e-6)
        np.testing.assert_allclose(found.row_norms, (Z**2).sum(axis=1), atol=1e-6)
        np.testing.assert_allclose(found.column_norms, (V**2).sum(axis=1), atol=1e-6)
        np.testing.assert_array_equal(found.present, present)
        some = slice(5, 12), slice(3, 9)
        np.testing.assert_allclose(found.tile(*some), found.tile(*EVERY)[some], atol=1e-12)
        squares = distances(BlockProducts(source, rows, columns, for_distances=True))
        expected = ((Z[:, None] - V) ** 2).sum(axis=2)
        np.testing.assert_allclose(squares, expected, atol=1e-6)


def distances(found):
    return found.row_norms[:, None] + found.column_norms - 2 * found.tile(*EVERY)


def test_missing_pairs_are_erased(present):
    _, _, rows, columns, sources = both_sides("dense", present, None)
    values = np.ones((N_ROWS, N_COLUMNS))
    found = BlockProducts(sources["kept"], rows, columns, for_distances=True)
    found.erase_missing(values, *EVERY)
    np.testing.assert_array_equal(values, np.outer(present, present[:N_COLUMNS]))


@pytest.mark.parametrize("form", FORMS)
def test_sums_are_of_scaled_present_values(form, present):
    X = block(form, np.float64)
    learned = learn_scale(X, present, "centred")
    total, square = BlockRows.scaled(X, present, learned).sums
    dense = (X.toarray() if sparse.issparse(X) else X)[present]
    offset = 0 if learned.offset is None else learned.offset
    Z = (dense - offset) * learned.factor.astype(np.float64)
    assert total == pytest.approx(Z.sum(), abs=1e-9)
    assert square == pytest.approx((Z**2).sum())


def test_a_scale_of_several_factors_is_applied_to_the_rows():
    X = block("dense")
    scale = BlockScale(np.ones(WIDTH), np.arange(WIDTH, dtype=np.float32))
    rows = BlockRows.scaled(X, np.ones(N_ROWS, dtype=bool), scale)
    np.testing.assert_array_equal(rows.values, scale.apply(X))
    assert rows.offset is None
    assert rows.factor == 1


def test_a_scale_of_one_factor_leaves_the_rows_alone():
    X = block("dense")
    scale = BlockScale(np.ones(WIDTH), np.full(WIDTH, 0.5, dtype=np.float32))
    rows = BlockRows.scaled(X, np.ones(N_ROWS, dtype=bool), scale)
    assert rows.values is X
    assert rows.factor == 0.5


@pytest.mark.parametrize("form", FORMS)
def test_nothing_on_one_side(form):
    X = block(form)
    for rows, columns in ((X, X[:0]), (X[:0], X)):
        found = RowProducts(rows, columns)
        shape = rows.shape[0], columns.shape[0]
        assert found.tile(slice(0, shape[0]), slice(0, shape[1])).shape == shape
        assert (len(found.row_norms), len(found.column_norms)) == shape


@pytest.mark.parametrize(
    ("n_rows", "n_columns"), [(0, 5), (1, 0), (64, 3), (1000, 10**6), (1000, 9)]
)
def test_tiles_cover_all_rows_once(n_rows, n_columns):
    covered = [row for some in tiles(n_rows, n_columns) for row in range(some.start, some.stop)]
    assert covered == list(range(n_rows))
