"""What fitted heads say: probabilities, what stands for them, votes, values."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from mmsk import SVMClassifier
from mmsk.heads._say import class_shares, values, votes

X, y = load_iris(return_X_y=True)
CLASSES = np.array([0, 1, 2])
DECIDING = [LinearSVC(), RidgeClassifier(), SVMClassifier(), SVC()]


def test_probabilities_are_said_as_they_are():
    head = LogisticRegression(max_iter=1000).fit(X, y)
    np.testing.assert_array_equal(class_shares(head, X, CLASSES), head.predict_proba(X))


@pytest.mark.parametrize("head", DECIDING, ids=lambda head: type(head).__name__)
def test_decisions_go_through_softmax(head):
    decisions = head.fit(X, y).decision_function(X)
    powers = np.exp(decisions)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(class_shares(head, X, CLASSES), expected, rtol=1e-12)


@pytest.mark.parametrize("head", DECIDING, ids=lambda head: type(head).__name__)
def test_decisions_of_two_classes_go_through_the_logistic_function(head):
    rows = y > 0
    said = class_shares(head.fit(X[rows], y[rows]), X, CLASSES)
    expected = 1 / (1 + np.exp(-head.decision_function(X)))
    np.testing.assert_allclose(said[:, 2], expected, rtol=1e-12)
    np.testing.assert_allclose(said[:, 1], 1 - expected, rtol=1e-9)
    assert np.isnan(said[:, 0]).all()


@pytest.mark.parametrize("rows", [y >= 0, y > 0], ids=["three classes", "two classes"])
def test_labels_of_any_kind(rows):
    labels = np.array(["no", "perhaps", "yes"], dtype=object)
    head = LogisticRegression(max_iter=1000).fit(X[rows], labels[y[rows]])
    said = class_shares(head, X, labels)
    np.testing.assert_array_equal(said[:, np.unique(y[rows])], head.predict_proba(X))
    assert np.isnan(said).all(axis=0).tolist() == [not rows[0], False, False]
    np.testing.assert_array_equal(labels[votes(head, X, labels).argmax(axis=1)], head.predict(X))
    assert (votes(head, X, labels).sum(axis=1) == 1).all()


def test_decisions_of_pairs_are_refused():
    head = SVC(decision_function_shape="ovo")
    for one in (head, make_pipeline(StandardScaler(), head)):
        message = "3 decision values for 3 classes: set decision_function_shape='ovr'"
        with pytest.raises(ValueError, match=message):
            class_shares(one.fit(X, y), X, CLASSES)
        with pytest.raises(ValueError, match=message):
            class_shares(FrozenEstimator(one), X, CLASSES)


def test_values_are_a_column():
    head = Ridge().fit(X, y)
    np.testing.assert_array_equal(values(head, X)[:, 0], head.predict(X))
    assert values(head, X).shape == (150, 1)
