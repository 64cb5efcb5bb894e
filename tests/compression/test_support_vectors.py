import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.svm import SVC, SVR

from mmsk import SVMClassifier
from mmsk.compression._support_vectors import (
    CompactSVC,
    CompactSVR,
    has_vectors,
    with_compact_vectors,
)

X, y = load_digits(return_X_y=True)
# Columns of very different size and place, as raw measurements have them.
X = X * np.logspace(-3, 3, X.shape[1]) + np.linspace(-1e4, 1e4, X.shape[1])
TRAIN, TEST = slice(0, 600), slice(600, 1200)


@pytest.mark.parametrize(
    ("dtype", "tolerance", "same"), [("float16", 1e-3, 0.995), ("int8", 5e-2, 0.98)]
)
@pytest.mark.parametrize("parameters", [{}, {"kernel": "poly"}, {"gamma": 1e-9, "C": 10}])
def test_a_classifier_decides_almost_the_same(dtype, tolerance, same, parameters):
    model = SVC(decision_function_shape="ovo", **parameters).fit(X[TRAIN], y[TRAIN])
    smaller = with_compact_vectors(model, dtype)
    assert type(smaller) is CompactSVC
    assert isinstance(smaller, SVC)
    expected = model.decision_function(X[TEST])
    difference = np.abs(smaller.decision_function(X[TEST]) - expected).max()
    assert 0 < difference < tolerance * np.abs(expected).max()
    assert (smaller.predict(X[TEST]) == model.predict(X[TEST])).mean() >= same
    assert smaller.support_vectors_.shape == model.support_vectors_.shape


def test_a_regressor_and_a_linear_kernel():
    model = SVR().fit(X[TRAIN], y[TRAIN])
    smaller = with_compact_vectors(model, "float16")
    assert type(smaller) is CompactSVR
    np.testing.assert_allclose(smaller.predict(X[TEST]), model.predict(X[TEST]), atol=1e-3)
    linear = SVC(kernel="linear").fit(X[TRAIN, :9], y[TRAIN] > 4)
    compact = with_compact_vectors(linear, "float16")
    scale = np.abs(linear.coef_).max()
    np.testing.assert_allclose(compact.coef_, linear.coef_, atol=1e-2 * scale)


def test_bytes_fall_to_an_eighth():
    model = SVC().fit(X[TRAIN], y[TRAIN])
    vectors, rest = model.support_vectors_.nbytes, model.dual_coef_.nbytes + 20_000
    for dtype, bytes_a_number in [("float16", 2), ("int8", 1)]:
        n_bytes = len(pickle.dumps(with_compact_vectors(model, dtype)))
        assert n_bytes < vectors * bytes_a_number / 8 + rest


def test_the_parameters_stay_and_a_clone_is_fitted_at_full_size():
    model = SVC(C=3, class_weight={0: 2.0}).fit(X[TRAIN], y[TRAIN])
    smaller = with_compact_vectors(model, "int8")
    assert smaller.get_params() == model.get_params()
    fresh = clone(smaller)
    assert not hasattr(fresh, "support_vectors_")
    fresh.fit(X[TRAIN], y[TRAIN])
    np.testing.assert_array_equal(fresh.support_vectors_, model.support_vectors_)
    rows = sparse.csr_array(load_digits(return_X_y=True)[0])
    assert sparse.issparse(clone(smaller).fit(rows[TRAIN], y[TRAIN]).support_vectors_)


def test_compact_ones_can_be_made_smaller_again():
    model = SVC().fit(X[TRAIN], y[TRAIN])
    half = with_compact_vectors(model, "float16")
    assert has_vectors(half)
    again = with_compact_vectors(half, "int8")
    assert len(pickle.dumps(again)) < len(pickle.dumps(half)) - 0.9 * half.support_vectors_.size
    np.testing.assert_allclose(
        half.support_vectors_, pickle.loads(pickle.dumps(half)).support_vectors_, rtol=0
    )


def test_which_models_have_dense_vectors():
    assert has_vectors(SVC().fit(X[TRAIN], y[TRAIN]))
    assert not has_vectors(SVC())
    assert not has_vectors(SVC().fit(sparse.csr_array(np.eye(4)), [0, 0, 1, 1]))
    assert not has_vectors(SVC(kernel="precomputed").fit(np.eye(4), [0, 0, 1, 1]))
    assert not has_vectors(SVMClassifier().fit(X[TRAIN], y[TRAIN]))  # the SVC in it has them
