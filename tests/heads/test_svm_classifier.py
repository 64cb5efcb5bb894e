import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mmsk import FeatureBlocks, SVMClassifier
from mmsk.exceptions import MissingDependencyError

CONTAINERS = {
    "float64": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "csr": sparse.csr_matrix,
    "csr array float32": lambda X: sparse.csr_array(X.astype(np.float32)),
    "frame": lambda X: pd.DataFrame(X, columns=[f"x{column}" for column in range(X.shape[1])]),
}


def problem(n_classes=2, n_rows=300, seed=0):
    X, y = make_classification(
        n_rows,
        20,
        n_informative=8,
        n_classes=n_classes,
        flip_y=0.1,
        random_state=seed,
    )
    return X, y


def assert_same_decisions(head, svc, X):
    """The head, the model inside it and SVC on its own decide alike."""
    np.testing.assert_array_equal(head.predict(X), svc.predict(X))
    np.testing.assert_array_equal(head.svc_.predict(X), svc.predict(X))
    expected = svc.decision_function(X)
    np.testing.assert_allclose(head.decision_function(X), expected, atol=3e-3)
    np.testing.assert_allclose(head.decision_function(X), head.svc_.decision_function(X), atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly", "sigmoid"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_decides_like_svc(container, kernel, n_classes):
    X, y = problem(n_classes)
    X = CONTAINERS[container](X)
    settings = {"kernel": kernel, "coef0": 0.5, "C": 0.7}
    head = SVMClassifier(**settings).fit(X, y)
    assert head.solver_ == "gram"
    assert_same_decisions(head, SVC(**settings).fit(X, y), X)


@pytest.mark.parametrize("settings", [
    {"gamma": 0.5},
    {"gamma": "auto", "C": 100.0},
    {"gamma": 3.0, "C": 1e4},
    {"kernel": "poly", "degree": 0, "coef0": 1.0},
    {"kernel": "poly", "degree": 5, "gamma": 0.01, "coef0": 1.0},
    {"shrinking": False, "tol": 1e-5},
    {"class_weight": "balanced"},
    {"class_weight": {0: 5.0, 1: 0.2}},
    {"decision_function_shape": "ovo"},
    {"break_ties": True},
])  # fmt: skip
@pytest.mark.parametrize("n_classes", [2, 3])
def test_parameters_mean_what_they_mean_to_svc(settings, n_classes):
    X, y = problem(n_classes)
    X = X.astype(np.float32)
    assert_same_decisions(SVMClassifier(**settings).fit(X, y), SVC(**settings).fit(X, y), X)


@pytest.mark.parametrize("zeros", [0, 100])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("container", ["float64", "csr"])
def test_sample_weights(zeros, class_weight, container):
    X, y = problem(3)
    weight = np.random.default_rng(0).random(len(y)) * 3
    weight[:zeros] = 0
    X = CONTAINERS[container](X)
    head = SVMClassifier(class_weight=class_weight).fit(X, y, sample_weight=weight)
    assert head.solver_ == "gram"
    assert_same_decisions(head, SVC(class_weight=class_weight).fit(X, y, weight), X)
    assert (weight[head.support_] > 0).all()


def test_a_class_without_weight_is_left_to_svc():
    X, y = problem(3)
    weight = np.where(y == 1, 0.0, 1.0)
    head = SVMClassifier().fit(X, y, sample_weight=weight)
    assert head.solver_ == "libsvm"
    np.testing.assert_array_equal(head.predict(X), SVC().fit(X, y, weight).predict(X))


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [7, -3], [2.0, 1.0]])
def test_labels_of_any_type(labels):
    X, y = problem()
    y = np.asarray(labels)[y]
    assert_same_decisions(SVMClassifier().fit(X, y), SVC().fit(X, y), X)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("container", ["float32", "csr", "frame"])
def test_the_model_inside_is_an_ordinary_svc(container, n_classes):
    X, y = problem(n_classes)
    X = CONTAINERS[container](X)
    found = SVMClassifier(class_weight="balanced").fit(X, y).svc_
    expected = SVC(class_weight="balanced").fit(X, y)
    assert type(found) is SVC
    assert found.get_params() == expected.get_params()
    assert set(vars(found)) == set(vars(expected))
    for name, value in vars(expected).items():
        other = getattr(found, name)
        assert type(other) is type(value), name
        assert getattr(other, "dtype", None) == getattr(value, "dtype", None), name
        assert getattr(other, "shape", None) == getattr(value, "shape", None), name
    np.testing.assert_array_equal(found.support_, expected.support_)
    alone = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(alone.predict(X), expected.predict(X))
    assert b"mmsk" not in pickle.dumps(found)
    assert clone(found).fit(X, y).score(X, y) == expected.score(X, y)


def test_a_common_offset_costs_no_digits():
    X, y = problem()
    far = (X + 300).astype(np.float32)
    assert_same_decisions(SVMClassifier().fit(far, y), SVC().fit(far, y), far)


def test_unseen_rows_in_many_chunks(monkeypatch):
    X, y = problem(3, n_rows=400)
    head = SVMClassifier().fit(X[:200], y[:200])
    whole = head.decision_function(X[200:])
    monkeypatch.setattr("mmsk.heads._gram._CHUNK_BYTES", 3 * 8 * len(head.support_))
    np.testing.assert_allclose(head.decision_function(X[200:]), whole, atol=1e-12)
    assert_same_decisions(head, SVC().fit(X[:200], y[:200]), X[200:])


@pytest.mark.parametrize("kernel", ["precomputed", lambda A, B: A @ B.T + 1.0])
def test_other_kernels_are_left_to_svc(kernel):
    X, y = problem()
    X = X @ X.T + 1.0 if kernel == "precomputed" else X
    head = SVMClassifier(kernel=kernel).fit(X, y)
    assert head.solver_ == "libsvm"
    np.testing.assert_array_equal(head.predict(X), SVC(kernel=kernel).fit(X, y).predict(X))


def test_precomputed_kernel_in_a_search():
    X, y = problem()
    search = GridSearchCV(
        SVMClassifier(kernel="precomputed"), {"C": [0.1, 1.0]}, error_score="raise"
    )
    plain = GridSearchCV(SVMClassifier(kernel="linear"), {"C": [0.1, 1.0]})
    np.testing.assert_array_equal(
        search.fit(X @ X.T, y).cv_results_["mean_test_score"],
        plain.fit(X, y).cv_results_["mean_test_score"],
    )


def test_rows_beyond_the_memory_bound_go_to_libsvm(monkeypatch):
    monkeypatch.setattr("mmsk.heads._svm_solvers.find_spec", lambda name: None)
    X, y = problem()
    head = SVMClassifier(max_gram_mib=0.5).fit(X, y)
    assert head.solver_ == "libsvm"
    assert_same_decisions(head, SVC().fit(X, y), X)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_calibrated(n_classes):
    X, y = problem(n_classes, n_rows=600)
    names = np.array(["a", "b", "c"])[y]
    head = SVMClassifier(probability=True, random_state=0).fit(X[:300], names[:300])
    probabilities = head.predict_proba(X[300:])
    assert probabilities.shape == (300, n_classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(head.predict_log_proba(X[300:]), np.log(probabilities))
    shares = np.bincount(y[:300]) / 300
    guess = log_loss(names[300:], np.tile(shares, (300, 1)))
    assert log_loss(names[300:], probabilities) < 0.7 * guess
    assert_same_decisions(head, SVC().fit(X[:300], names[:300]), X[300:])
    again = SVMClassifier(probability=True, random_state=0).fit(X[:300], names[:300])
    np.testing.assert_array_equal(again.predict_proba(X[300:]), probabilities)


def test_no_probabilities_unless_asked_for():
    X, y = problem()
    head = SVMClassifier().fit(X, y)
    assert not hasattr(head, "predict_proba")
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'"):
        head.predict_proba(X)
    with pytest.raises(NotFittedError, match="not fitted"):
        SVMClassifier(probability=True).predict_proba(X)


@pytest.mark.parametrize("kernel", ["rbf", "precomputed"])
@pytest.mark.parametrize("n_rows", [1, 8, 9, 300])
def test_few_rows_are_decided_like_many(n_rows, kernel):
    X, y = problem(3)
    X = X @ X.T if kernel == "precomputed" else X
    frame = CONTAINERS["frame"](X)
    head = SVMClassifier(kernel=kernel).fit(frame, y)
    np.testing.assert_allclose(
        head.decision_function(frame[:n_rows]), head.decision_function(frame)[:n_rows], atol=1e-9
    )
    np.testing.assert_array_equal(head.predict(frame[:n_rows]), head.predict(frame)[:n_rows])


def test_feature_names_reach_the_model_inside():
    X, y = problem()
    frame = CONTAINERS["frame"](X)
    head = SVMClassifier(probability=True).fit(frame, y)
    assert list(head.svc_.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(head.svc_.predict(frame), head.predict(frame))
    with pytest.raises(ValueError, match="feature names should match"):
        head.predict(frame.rename(columns={"x0": "y0"}))


def test_feature_blocks():
    X, y = problem()
    blocks = FeatureBlocks({"left": X[:, :8].astype(np.float32), "right": X[:, 8:]})
    head = SVMClassifier().fit(blocks, y)
    np.testing.assert_array_equal(head.predict(blocks), SVC().fit(X, y).predict(X))
    scores = GridSearchCV(SVMClassifier(), {"C": [1.0]}, error_score="raise").fit(blocks, y)
    assert scores.best_score_ > 0.7


def test_a_row_without_its_only_block_is_named():
    X, y = problem()
    X[3] = np.nan
    with pytest.raises(ValueError, match=r"Row 3 has no modality at all: .* \(NaN\)"):
        SVMClassifier().fit(FeatureBlocks({"only": X}), y)


@pytest.mark.parametrize("container", ["float64", "csr"])
def test_search_finds_what_svc_finds(container):
    X, y = problem(3)
    X = CONTAINERS[container](X)
    grid = {"C": [0.1, 1.0, 10.0], "gamma": [0.01, 0.1], "kernel": ["rbf", "poly"]}
    ours = GridSearchCV(SVMClassifier(), grid, cv=3, error_score="raise").fit(X, y)
    theirs = GridSearchCV(SVC(), grid, cv=3).fit(X, y)
    np.testing.assert_allclose(
        ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], atol=1e-12
    )


def test_the_solver_changes_no_score_in_a_pipeline():
    X, y = problem()
    model = make_pipeline(StandardScaler(), SVMClassifier())
    grid = {"svmclassifier__C": [0.1, 1.0], "svmclassifier__solver": ["gram", "libsvm"]}
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(X, y)
    scores = search.cv_results_["mean_test_score"].reshape(2, 2)
    np.testing.assert_array_equal(scores[:, 0], scores[:, 1])


@pytest.mark.parametrize("probability", [False, True])
def test_pickle_keeps_every_digit(probability):
    X, y = problem(3)
    head = SVMClassifier(probability=probability).fit(X, y)
    loaded = pickle.loads(pickle.dumps(head))
    np.testing.assert_array_equal(loaded.decision_function(X), head.decision_function(X))
    if probability:
        np.testing.assert_array_equal(loaded.predict_proba(X), head.predict_proba(X))


def test_linear_kernel_has_weights():
    X, y = problem(3)
    head, svc = SVMClassifier(kernel="linear").fit(X, y), SVC(kernel="linear").fit(X, y)
    np.testing.assert_allclose(head.coef_, svc.coef_, atol=1e-3)
    assert head.intercept_.shape == svc.intercept_.shape
    np.testing.assert_array_equal(head.n_support_, svc.n_support_)
    assert head.support_vectors_.shape == svc.support_vectors_.shape
    assert head.dual_coef_.shape == svc.dual_coef_.shape
    assert not hasattr(SVMClassifier().fit(X, y), "coef_")


def test_solver_that_stops_early_warns():
    X, y = problem()
    with pytest.warns(ConvergenceWarning, match="terminated early"):
        head = SVMClassifier(max_iter=2).fit(X, y)
    assert head.svc_.fit_status_ == 1
    np.testing.assert_array_equal(head.n_iter_, [2])


@pytest.mark.parametrize(("settings", "message"), [
    ({"C": 0}, r"C=0 is not a number above 0"),
    ({"kernel": "rbff"}, r"kernel='rbff' is not one of 'linear', 'poly', 'rbf'"),
    ({"gamma": "scael"}, r"gamma='scael' is not one of 'scale', 'auto'"),
    ({"gamma": -1.0}, r"gamma=-1.0 is not a number of at least 0"),
    ({"degree": 2.5}, r"degree=2.5 is not an integer"),
    ({"tol": 0.0}, r"tol=0.0 is not a number above 0"),
    ({"max_iter": -2}, r"max_iter=-2 is not an integer of at least -1"),
    ({"class_weight": "balance"}, r"class_weight='balance' is not one of None, 'balanced'"),
    ({"decision_function_shape": "ova"}, r"decision_function_shape='ova' is not one of"),
    ({"solver": "gpu"}, r"solver='gpu' is not one of 'auto', 'gram'"),
    ({"probability": "yes"}, r"probability='yes' is not one of"),
    ({"break_ties": True, "decision_function_shape": "ovo"}, r"break_ties=True needs"),
    ({"solver": "gram", "max_gram_mib": 0.1}, r"needs 1 MiB for 300 rows, but max_gram_mib=0.1"),
    ({"solver": "gram", "kernel": "precomputed"}, r"solver='gram' takes the kernels 'linear'"),
    ({"reuse_mib": -1}, r"reuse_mib=-1 is not a number of at least 0"),
])  # fmt: skip
def test_parameters_are_checked_in_fit(settings, message):
    X, y = problem()
    head = SVMClassifier(**settings)
    X = X @ X.T if settings.get("kernel") == "precomputed" else X
    with pytest.raises(ValueError, match=message):
        head.fit(X, y)


def test_one_class_is_an_error():
    with pytest.raises(ValueError, match="greater than one; got 1 class, 'a'"):
        SVMClassifier().fit(np.eye(3), ["a"] * 3)


def test_sparse_rows_for_a_dense_model():
    X, y = problem()
    head = SVMClassifier().fit(X, y)
    with pytest.raises(ValueError, match="fitted on dense rows and got sparse ones"):
        head.predict(sparse.csr_matrix(X))
    on_sparse = SVMClassifier().fit(sparse.csr_matrix(X), y)
    np.testing.assert_array_equal(on_sparse.predict(X), on_sparse.predict(sparse.csr_matrix(X)))


def test_missing_extra_is_explained(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearnex.svm", None)
    X, y = problem()
    with pytest.raises(MissingDependencyError, match=r"pip install 'mmsk\[intel\]'"):
        SVMClassifier(solver="intelex").fit(X, y)
