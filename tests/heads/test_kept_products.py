"""Products of rows, known by their content, against NumPy on the rows themselves."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse
from scripts import run

from mmsk.heads._kept_products import (
    contents_of,
    find_products,
    forget_tables,
    keep_products,
    kept_tables,
)

N_ROWS, WIDTH = 60, 7
FORMS = {
    "float32": lambda X: X.astype(np.float32),
    "float64": lambda X: X,
    "csr": sparse.csr_matrix,
    "csr array float32": lambda X: sparse.csr_array(X.astype(np.float32)),
}


@pytest.fixture(autouse=True)
def _nothing_kept():
    forget_tables()
    yield
    forget_tables()


@pytest.fixture(params=FORMS)
def rows(request):
    X = np.random.default_rng(0).normal(size=(N_ROWS, WIDTH))
    X[np.abs(X) < 0.5] = 0
    return FORMS[request.param](X)


def dense(rows, origin):
    rows = rows.toarray() if sparse.issparse(rows) else rows
    return rows.astype(np.float64) - (0 if origin is None else origin)


def check(found, rows, columns=None):
    """All that is said of the products is what NumPy says of the rows."""
    columns = rows if columns is None else columns
    left, right = dense(rows, found.origin), dense(columns, found.origin)
    every = slice(0, len(left)), slice(0, len(right))
    np.testing.assert_allclose(found.tile(*every), left @ right.T, atol=1e-12)
    np.testing.assert_allclose(found.row_norms, (left**2).sum(axis=1), atol=1e-12)
    np.testing.assert_allclose(found.column_norms, (right**2).sum(axis=1), atol=1e-12)
    some = slice(3, 5), slice(1, 4)
    np.testing.assert_array_equal(found.tile(*some), found.tile(*every)[some])


def keep(rows, max_mib=1.0):
    (found,) = keep_products([rows], max_mib)
    return found


def folds(rows, n_folds=5):
    every = np.arange(rows.shape[0])
    return [rows[every[every % n_folds != fold]] for fold in range(n_folds)]


def test_folds_of_a_table_share_one_table(rows):
    for fold in folds(rows):
        check(keep(fold), fold)
    (table,) = kept_tables()
    assert len(table.places) == N_ROWS
    check(keep(rows), rows)
    assert kept_tables() == (table,), "nothing was new, so nothing was multiplied"


def test_products_are_those_of_the_table(rows):
    """They are looked up, not computed again: a change in the table shows."""
    found = keep(rows)
    every = slice(0, N_ROWS), slice(0, N_ROWS)
    before = found.tile(*every)
    kept_tables()[0].products[...] *= 2
    for again in (keep(rows[::-1]), find_products(rows[::-1], rows[::-1])):
        np.testing.assert_array_equal(again.tile(*every), 2 * before[::-1, ::-1])


@pytest.mark.parametrize("change", [
    lambda X: X * 2,
    lambda X: X.astype(np.float32 if X.dtype == np.float64 else np.float64),
    lambda X: X[:, :-1],
    lambda X: X[:, ::-1],
])  # fmt: skip
def test_other_rows_are_another_table(rows, change):
    keep(rows)
    other = change(rows)
    assert find_products(other, other) is None
    check(keep(other), other)
    assert len(kept_tables()) == 2


def test_a_changed_row_is_multiplied_anew(rows):
    keep(rows)
    changed = rows.copy()
    changed[3] = changed[3] * 0.5
    check(keep(changed), changed)
    (table,) = kept_tables()
    assert len(table.places) == N_ROWS + 1


def test_equal_rows_take_one_place(rows):
    repeated = rows[np.arange(N_ROWS) % 4]
    check(keep(repeated), repeated)
    assert len(kept_tables()[0].places) == 4


def test_a_data_set_with_less_than_half_in_common_is_kept_apart(rows):
    keep(rows[:30])
    keep(rows[20:])
    assert [len(table.places) for table in kept_tables()] == [30, 40]
    check(keep(rows[15:45]), rows[15:45])
    assert [len(table.places) for table in kept_tables()] == [30, 45]


def test_rows_are_found_beside_columns(rows):
    keep(rows)
    check(find_products(rows[:9], rows[20:25]), rows[:9], rows[20:25])
    stranger = rows[:1] * 3
    sides = [(stranger, rows), (rows, stranger), (rows[:0], rows), (rows, rows[:0])]
    stack = sparse.vstack if sparse.issparse(rows) else np.vstack
    sides.append((stack([rows[:1], stranger]).astype(rows.dtype), rows))
    assert [find_products(*side) for side in sides] == [None] * 5


def test_several_blocks_are_kept_side_by_side(rows):
    other = np.random.default_rng(1).normal(size=(N_ROWS, 3))
    blocks = [rows, other, rows]
    for _ in range(2):
        for found, block in zip(keep_products(blocks, 1.0), blocks, strict=True):
            check(found, block)
        assert len(kept_tables()) == 2, "the first block and the last share a table"


def mib(table):
    return table.nbytes / 2**20


def test_memory_is_bounded_and_the_longest_unused_goes_first():
    tables = [np.random.default_rng(seed).normal(size=(50, 2)) for seed in range(4)]
    keep(tables[0])
    one = mib(kept_tables()[0])
    for X in tables:
        keep(X, max_mib=2.5 * one)
        assert sum(map(mib, kept_tables())) <= 2.5 * one
    keep(tables[2], max_mib=2.5 * one)
    keep(tables[0], max_mib=2.5 * one)
    assert [find_products(X, X) is not None for X in tables] == [True, False, True, False]


def test_what_does_not_fit_is_not_kept(rows):
    other = np.random.default_rng(1).normal(size=(N_ROWS, 3))
    assert keep_products([rows, other], 0) == [None, None]
    assert keep(rows, max_mib=0.01) is None
    assert kept_tables() == ()
    keep(rows)
    bound = 1.2 * mib(kept_tables()[0])
    found, lost = keep_products([rows, other], bound)
    check(found, rows)
    assert lost is None
    assert sum(map(mib, kept_tables())) <= bound


def test_a_table_too_large_to_grow_starts_afresh():
    X = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    keep(X[:40])
    bound = 1.1 * mib(kept_tables()[0])
    check(keep(X[20:60], bound), X[20:60])
    (table,) = kept_tables()
    assert len(table.places) == 40


def test_no_digits_are_lost_to_a_common_offset():
    X = np.random.default_rng(0).normal(size=(N_ROWS, 2)) + 1.7e9
    found = keep(X)
    moved = X - 1.7e9
    every = slice(0, N_ROWS)
    squares = found.row_norms[:, None] + found.column_norms - 2 * found.tile(every, every)
    expected = ((moved[:, None] - moved) ** 2).sum(axis=2)
    np.testing.assert_allclose(squares, expected, atol=1e-10)


def test_contents_are_the_same_in_every_layout():
    X = np.random.default_rng(0).normal(size=(5, 3))
    contents = contents_of(X)
    assert len(set(contents)) == 5
    assert contents_of(np.asfortranarray(X)) == contents_of(X[::1].copy()) == contents
    assert contents_of(X[::2]) == contents[::2]
    assert len(contents_of(np.empty((3, 0)))) == 3
    assert contents_of(X[:0]) == []
    unsorted = sparse.csr_matrix((np.array([1.0, 2.0]), [2, 0], [0, 2]), shape=(1, 3))
    before = unsorted.indices.copy()
    assert contents_of(unsorted) == contents_of(sparse.csr_matrix([[2.0, 0.0, 1.0]]))
    np.testing.assert_array_equal(unsorted.indices, before)


def test_threads_multiply_once(rows):
    with ThreadPoolExecutor(4) as pool:
        for found, fold in zip(pool.map(keep, folds(rows)), folds(rows), strict=True):
            check(found, fold)
    (table,) = kept_tables()
    assert len(table.places) == N_ROWS


FORK = """
import os, signal, numpy as np
from mmsk.heads import _kept_products
with _kept_products._lock:
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        (found,) = _kept_products.keep_products([np.eye(4)], 1.0)
        os._exit(len(found.rows))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_not_held_up_by_a_thread_of_its_parent():
    out, _ = run(FORK)
    assert out.split() == ["4"]
