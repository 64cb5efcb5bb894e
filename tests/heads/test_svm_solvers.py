"""Solvers of other libraries, with scikit-learn's models standing in where none is installed."""

import sys
from types import ModuleType

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.svm import SVC, SVR

from mmsk import SVMClassifier, SVMRegressor


class BinarySVC(SVC):
    """A binary solver that takes no class weights and gives device arrays of one row."""

    def __init__(self, *, output_type=None, **settings):
        super().__init__(**settings)
        self.output_type = output_type

    def fit(self, X, y, sample_weight=None):
        assert set(np.unique(y)) == {0, 1}
        assert sample_weight is None or (sample_weight > 0).all()
        assert isinstance(self.gamma, float)
        return super().fit(X, y, sample_weight)


class PlainSVR(SVR):
    def __init__(self, *, output_type=None, **settings):
        super().__init__(**settings)
        self.output_type = output_type


@pytest.fixture(params=["intelex", "cuml"])
def solver(request, monkeypatch):
    name = {"intelex": "sklearnex", "cuml": "cuml"}[request.param]
    module = ModuleType(f"{name}.svm")
    module.SVC, module.SVR = BinarySVC, PlainSVR
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, f"{name}.svm", module)
    monkeypatch.setattr("mmsk.heads._svm_solvers.resolve_device", lambda device: "cuda")
    return request.param


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("convert", [np.asarray, np.float32, sparse.csr_matrix])
@pytest.mark.parametrize("weighted", [False, True])
def test_pairs_make_the_model_that_svc_makes(solver, n_classes, convert, weighted):
    X, y = make_classification(
        240, n_informative=8, n_classes=n_classes, flip_y=0.1, random_state=0
    )
    weight = np.random.default_rng(0).integers(0, 3, len(y)) if weighted else None
    X = convert(X)
    class_weight = "balanced" if weighted else None
    head = SVMClassifier(solver=solver, class_weight=class_weight).fit(X, y, weight)
    svc = SVC(class_weight=class_weight).fit(X, y, weight)
    assert head.solver_ == solver
    assert type(head.svc_) is SVC
    np.testing.assert_array_equal(head.predict(X), svc.predict(X))
    np.testing.assert_array_equal(head.svc_.predict(X), svc.predict(X))
    found, expected = head.svc_.decision_function(X), svc.decision_function(X)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_regression(solver):
    X, y = make_classification(200, random_state=0)
    y = X[:, 0] + y
    head = SVMRegressor(solver=solver, max_iter=10**6).fit(X, y)
    assert type(head.svr_) is SVR
    np.testing.assert_allclose(head.predict(X), SVR().fit(X, y).predict(X), atol=1e-6)


def test_auto_takes_intelex_only_beyond_the_memory_bound(monkeypatch):
    monkeypatch.setattr("mmsk.heads._svm_solvers.find_spec", lambda name: name)
    module = ModuleType("sklearnex.svm")
    module.SVC = BinarySVC
    monkeypatch.setitem(sys.modules, "sklearnex.svm", module)
    X, y = make_classification(200, random_state=0)
    assert SVMClassifier().fit(X, y).solver_ == "gram"
    assert SVMClassifier(max_gram_mib=0).fit(X, y).solver_ == "intelex"
    assert SVMClassifier(max_gram_mib=0, kernel="sigmoid").fit(X, y).solver_ == "libsvm"


def test_cuml_needs_a_real_gpu(monkeypatch):
    monkeypatch.setattr("mmsk.heads._svm_solvers.resolve_device", lambda device: "cpu")
    X, y = make_classification(50, random_state=0)
    with pytest.raises(ValueError, match="solver='cuml' needs a CUDA GPU, but there is none"):
        SVMClassifier(solver="cuml").fit(X, y)


def test_real_intelex_agrees():
    pytest.importorskip("sklearnex", reason="the extra intel is not installed")
    X, y = make_classification(500, n_informative=8, n_classes=3, random_state=0)
    head = SVMClassifier(solver="intelex").fit(X, y)
    assert (head.predict(X) == SVC().fit(X, y).predict(X)).mean() >= 0.999
