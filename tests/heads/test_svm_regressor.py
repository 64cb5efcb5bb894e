import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVR

from mmsk import SVMRegressor


def problem(n_rows=250):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, 12))
    return X, np.sin(X[:, 0]) + X[:, 1] + 0.1 * rng.standard_normal(n_rows)


@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly", "sigmoid"])
@pytest.mark.parametrize("convert", [np.asarray, np.float32, sparse.csr_matrix])
@pytest.mark.parametrize("weighted", [False, True])
def test_predicts_like_svr(kernel, convert, weighted):
    X, y = problem()
    weight = np.random.default_rng(1).integers(0, 3, len(y)) if weighted else None
    X = convert(X)
    settings = {"kernel": kernel, "coef0": 0.5, "gamma": 0.05, "epsilon": 0.05}
    head = SVMRegressor(**settings).fit(X, y, sample_weight=weight)
    expected = SVR(**settings).fit(X, y, weight).predict(X)
    assert head.solver_ == "gram"
    np.testing.assert_allclose(head.predict(X), expected, atol=5e-3)
    np.testing.assert_allclose(head.predict(X), head.svr_.predict(X), atol=1e-5)


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix])
def test_the_model_inside_is_an_ordinary_svr(convert):
    X, y = problem()
    X = convert(X)
    found, expected = SVMRegressor().fit(X, y).svr_, SVR().fit(X, y)
    assert type(found) is SVR
    assert found.get_params() == expected.get_params()
    assert set(vars(found)) == set(vars(expected))
    for name, value in vars(expected).items():
        other = getattr(found, name)
        assert type(other) is type(value), name
        assert getattr(other, "dtype", None) == getattr(value, "dtype", None), name
        assert getattr(other, "shape", None) == getattr(value, "shape", None), name
    assert b"mmsk" not in pickle.dumps(found)
    alone = pickle.loads(pickle.dumps(found))
    np.testing.assert_allclose(alone.predict(X), expected.predict(X), atol=2e-3)


def test_no_support_vectors_gives_a_constant():
    X, y = problem()
    head = SVMRegressor(epsilon=100.0).fit(X, y)
    assert len(head.support_) == 0
    np.testing.assert_allclose(head.predict(X), SVR(epsilon=100.0).fit(X, y).predict(X))


def test_other_paths(monkeypatch):
    monkeypatch.setattr("mmsk.heads._svm_solvers.find_spec", lambda name: None)
    X, y = problem()
    beyond = SVMRegressor(max_gram_mib=0.1).fit(X, y)
    given = SVMRegressor(kernel="precomputed").fit(X @ X.T, y)
    assert beyond.solver_ == given.solver_ == "libsvm"
    np.testing.assert_allclose(beyond.predict(X), SVR().fit(X, y).predict(X), atol=1e-9)
    expected = SVR(kernel="precomputed").fit(X @ X.T, y).predict(X @ X.T)
    np.testing.assert_allclose(given.predict(X @ X.T), expected)


def test_search_finds_what_svr_finds():
    X, y = problem()
    grid = {"C": [0.1, 10.0], "epsilon": [0.01, 0.2], "gamma": ["scale", 0.02]}
    ours = GridSearchCV(SVMRegressor(), grid, cv=3, error_score="raise").fit(X, y)
    theirs = GridSearchCV(SVR(), grid, cv=3).fit(X, y)
    assert ours.best_params_ == theirs.best_params_
    np.testing.assert_allclose(ours.best_score_, theirs.best_score_, atol=1e-3)


def test_parameters_are_checked_in_fit():
    X, y = problem()
    with pytest.raises(ValueError, match=r"epsilon=-1 is not a number of at least 0"):
        SVMRegressor(epsilon=-1).fit(X, y)
    with pytest.raises(ValueError, match=r"C='1' is not a number above 0"):
        SVMRegressor(C="1").fit(X, y)


def test_no_row_with_weight_is_an_error():
    X, y = problem()
    with pytest.raises(ValueError, match="at least one non-zero number"):
        SVMRegressor().fit(X, y, sample_weight=np.zeros(len(y)))
