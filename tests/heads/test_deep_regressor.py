"""DeepFusionRegressor: targets of any scale, one or several."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_regressor_multioutput

from mmsk import DeepFusionRegressor, FeatureBlocks

BRIEFLY = {"hidden_layer_sizes": (8,), "max_epochs": 4, "random_state": 0, "device": "cpu"}


def products(n_rows, seed):
    """Two blocks of which only the product tells of the target."""
    one, other = np.random.default_rng(seed).normal(size=(2, n_rows, 3)).astype(np.float32)
    return FeatureBlocks({"one": one, "other": other}), np.tanh(one[:, 0] * other[:, 0])


@pytest.fixture
def data():
    X, y = make_regression(80, 4, n_targets=2, random_state=0)
    return X.astype(np.float32), y


@pytest.mark.parametrize("fusion", ["concat", "weighted", "gated", "attention", "tensor", "joint"])
def test_what_only_both_blocks_tell(fusion):
    head = DeepFusionRegressor(
        (32,), fusion=fusion, n_components=16, max_epochs=40, learning_rate=0.01, random_state=0
    )
    X, y = products(400, 0)
    test, expected = products(300, 1)
    assert head.fit(X, 1e4 + 300 * y).score(test, 1e4 + 300 * expected) > 0.6
    assert head.history_["loss"][0] == pytest.approx(1, abs=0.4)


def test_several_targets(data):
    X, y = data
    head = DeepFusionRegressor(**BRIEFLY | {"max_epochs": 100, "learning_rate": 0.02}).fit(X, y)
    assert head.predict(X).shape == (80, 2)
    assert head.score(X, y) > 0.9
    np.testing.assert_allclose(head.target_mean_, y.mean(axis=0))
    np.testing.assert_allclose(head.target_scale_, y.std(axis=0))
    check_regressor_multioutput("head", DeepFusionRegressor(**BRIEFLY))
    assert get_tags(head).target_tags.multi_output


def test_units_of_the_target_do_not_matter(data):
    X, y = data
    predictions = DeepFusionRegressor(**BRIEFLY).fit(X, y[:, 0]).predict(X)
    other = DeepFusionRegressor(**BRIEFLY).fit(X, 1e6 * y[:, 0] - 1e9).predict(X)
    np.testing.assert_allclose((other + 1e9) / 1e6, predictions, atol=1e-2)


def test_forms_of_the_target(data):
    X, y = data[0], np.round(data[1][:, 0])
    expected = DeepFusionRegressor(**BRIEFLY).fit(X, y).predict(X)
    for form in (list(y), pd.Series(y), y.astype(int), y.astype(object)):
        head = DeepFusionRegressor(**BRIEFLY).fit(X, form)
        np.testing.assert_array_equal(head.predict(X), expected)


def test_a_target_that_does_not_vary(data):
    X, _ = data
    head = DeepFusionRegressor(**BRIEFLY).fit(X, np.full(80, 0.1))
    np.testing.assert_allclose(head.predict(X), 0.1, atol=0.5)
    assert head.target_scale_.tolist() == [1.0]


def test_one_row(data):
    X, y = data
    head = DeepFusionRegressor(**BRIEFLY).fit(X[:1], y[:1])
    assert np.isfinite(head.predict(X)).all()
    with pytest.raises(ValueError, match="of 1 rows holds out 0, fewer than the one that is need"):
        head.set_params(early_stopping=True).fit(X[:1], y[:1])


def test_weights_of_rows(data):
    X, y = data[0], data[1][:, 0]
    weight = (np.arange(80) % 4 > 0).astype(float)
    nonsense = np.where(weight > 0, y, 1e9)
    one = DeepFusionRegressor(**BRIEFLY | {"batch_size": 80}).fit(X, nonsense, weight)
    kept = weight > 0
    other = DeepFusionRegressor(**BRIEFLY | {"batch_size": 80}).fit(X[kept], y[kept])
    np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(one.target_mean_, other.target_mean_)


def test_training_goes_on(data):
    X, y = data[0], data[1][:, 0]
    head = DeepFusionRegressor(**BRIEFLY, warm_start=True).fit(X, y)
    mean = head.target_mean_
    head.fit(X, y + 5)
    assert head.n_epochs_ == 8
    assert head.target_mean_ is mean
    with pytest.raises(ValueError, match=r"shape \(80, 2\), but training goes on with 1 output\."):
        head.fit(X, data[1])
    parts = clone(head)
    for start in (0, 40):
        parts.partial_fit(X[start : start + 40], y[start : start + 40])
    assert parts.n_epochs_ == 2
    several = clone(head).fit(X, data[1])
    with pytest.raises(ValueError, match=r"\(80,\), but training goes on with 2 outputs"):
        several.partial_fit(X, y)


def test_another_head_on_top(data):
    X, y = data[0], data[1][:, 0]
    head = DeepFusionRegressor(**BRIEFLY | {"max_epochs": 50, "learning_rate": 0.02}).fit(X, y)
    features = head.transform(X)
    assert features.shape == (80, 8)
    assert head.get_feature_names_out()[-1] == "deepfusionregressor7"
    assert Ridge().fit(features, y).score(features, y) > 0.9


def test_refused_targets(data):
    X, y = data
    head = DeepFusionRegressor(**BRIEFLY)
    for target, message in [
        (None, r"DeepFusionRegressor learns from y: call fit\(X, y\)"),
        (y[:-1], "inconsistent numbers of samples"),
        (np.where(y > 0, y, np.nan), "Input y contains NaN"),
        (np.full(80, "cat"), "could not convert string to float"),
    ]:
        with pytest.raises(ValueError, match=message):
            head.fit(X, target)
    with pytest.raises(ValueError, match="dropout=1 is not a number of at least 0 and at most"):
        head.set_params(dropout=1).fit(X, y)
