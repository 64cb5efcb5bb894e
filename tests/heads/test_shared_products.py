import numpy as np
import pytest
from joblib import Parallel, delayed
from scipy import sparse
from sklearn.datasets import make_classification

from mmsk.heads import SVMClassifier, _shared_products
from mmsk.heads._shared_products import clear_products, shared_products


@pytest.fixture(autouse=True)
def _nothing_kept():
    clear_products()
    yield
    clear_products()


class Counted:
    def __init__(self, Z):
        self.Z, self.calls = Z, 0

    def __call__(self, out):
        self.calls += 1
        out[...] = self.Z @ self.Z.T


def ask(Z, compute, max_mib=1.0):
    return shared_products(Z, compute, np.empty((len(Z), len(Z))), max_mib)


def test_equal_rows_are_multiplied_once():
    Z = np.random.default_rng(0).standard_normal((50, 3))
    compute = Counted(Z)
    first, second = ask(Z, compute), ask(Z.copy(), compute)
    assert compute.calls == 1
    assert first is second
    assert not first.flags.writeable


@pytest.mark.parametrize("change", [
    lambda Z: Z + 1e-12,
    lambda Z: Z[::-1],
    lambda Z: Z.astype(np.float32),
    lambda Z: Z[:49],
])  # fmt: skip
def test_any_change_of_the_rows_multiplies_again(change):
    Z = np.random.default_rng(0).standard_normal((50, 3))
    ask(Z, Counted(Z))
    other = Counted(change(Z))
    ask(change(Z), other)
    assert other.calls == 1


def test_memory_is_bounded_and_the_oldest_goes_first():
    tables = [np.full((100, 2), number, dtype=float) for number in range(4)]
    for Z in tables:
        ask(Z, Counted(Z), max_mib=0.2)
        assert sum(kept.nbytes for kept in _shared_products._products.values()) <= 0.2 * 2**20
    again = [Counted(Z) for Z in tables]
    for Z, compute in list(zip(tables, again, strict=True))[::-1]:
        ask(Z, compute, max_mib=0.2)
    assert [compute.calls for compute in again] == [1, 1, 0, 0]


def test_products_above_the_bound_are_written_in_place():
    Z = np.eye(100)
    place = np.empty((100, 100))
    assert shared_products(Z, Counted(Z), place, 0.01) is place
    assert not _shared_products._products


def test_a_search_over_c_multiplies_once_and_changes_nothing(monkeypatch):
    X, y = make_classification(200, random_state=0)
    calls = []
    from mmsk.heads import _gram

    original = _gram._self_products
    monkeypatch.setattr(
        _gram, "_self_products", lambda Z, out: (calls.append(1), original(Z, out))[1]
    )
    for rows in (X, X.astype(np.float32), sparse.csr_matrix(X)):
        calls.clear()
        shared = [SVMClassifier(C=C, gamma=g).fit(rows, y) for C in (0.1, 1) for g in (0.1, 0.2)]
        assert len(calls) == 1
        alone = [clone_without_memory(head).fit(rows, y) for head in shared]
        assert len(calls) == 5
        for one, other in zip(shared, alone, strict=True):
            np.testing.assert_allclose(
                one.decision_function(rows), other.decision_function(rows), atol=1e-12
            )


def clone_without_memory(head):
    return SVMClassifier(**(head.get_params() | {"reuse_mib": 0}))


def test_threads_share_it():
    X, y = make_classification(150, random_state=0)
    heads = Parallel(n_jobs=4, backend="threading")(
        delayed(SVMClassifier(C=C).fit)(X[start:], y[start:])
        for C in (0.1, 1.0, 10.0)
        for start in (0, 10, 20)
    )
    assert all(head.solver_ == "gram" for head in heads)
