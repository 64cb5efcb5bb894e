"""LateFusionRegressor against scikit-learn's ensembles, hand-written loops and NumPy."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingRegressor, VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from mmsk import FeatureBlocks, LateFusionRegressor, SVMRegressor

N_ROWS = 80
COLUMNS = {"image": slice(0, 3), "sound": slice(3, 5), "text": slice(5, 11)}
RULES = ["mean", "weighted", "median", "stacking"]


@pytest.fixture
def y():
    return np.random.default_rng(1).normal(50, 10, size=N_ROWS)


@pytest.fixture
def parts(y):
    generator = np.random.default_rng(0)
    told = ((y - 50) / 10)[:, None]
    return {
        "image": told + 0.5 * generator.normal(size=(N_ROWS, 3)),
        "sound": 30 * (told + generator.normal(size=(N_ROWS, 2))),
        "text": generator.poisson(np.exp(0.5 * told), size=(N_ROWS, 6)).astype(float),
    }


@pytest.fixture
def blocks(parts):
    return FeatureBlocks(parts)


@pytest.fixture
def gappy(parts):
    present = np.random.default_rng(1).random((N_ROWS, 3)) < 0.67
    present[~present.any(axis=1), 1] = True
    return FeatureBlocks(parts | {"text": sparse.csr_matrix(parts["text"])}, present=present)


def on_columns(head):
    return [
        (name, make_pipeline(ColumnTransformer([("block", "passthrough", where)]), head))
        for name, where in COLUMNS.items()
    ]


def said(model, blocks):
    values = np.full((3, len(blocks)), np.nan)
    for place, (name, head) in enumerate(model.estimators_.items()):
        rows = np.flatnonzero(blocks.present_in(name))
        X = blocks[name][rows]
        X = X if model.scale is None else model.scales_[name].apply(X, X.dtype)
        values[place, rows] = head.predict(X)
    return values


@pytest.mark.parametrize("weights", [None, [1.0, 3.0, 0.5]])
@pytest.mark.parametrize("head", [Ridge(), KNeighborsRegressor()])
def test_mean_and_weighted_are_voting(blocks, y, head, weights):
    X = np.asarray(blocks)
    voting = VotingRegressor(on_columns(head), weights=weights).fit(X, y)
    rule = "mean" if weights is None else "weighted"
    late = LateFusionRegressor(head, combination=rule, weights=weights or "score", scale=None)
    np.testing.assert_allclose(late.fit(blocks, y).predict(blocks), voting.predict(X), rtol=1e-10)


def test_stacking_is_a_stacking_regressor(blocks, y):
    X = np.asarray(blocks)
    stacking = StackingRegressor(on_columns(Ridge()), cv=3).fit(X, y)
    late = LateFusionRegressor(combination="stacking", cv=3, scale=None).fit(blocks, y)
    np.testing.assert_allclose(late.predict(blocks), stacking.predict(X), rtol=1e-10)


def test_stacking_with_gaps_is_a_loop_out_of_fold(gappy, y):
    folds = list(KFold(4).split(y))
    features = np.full((N_ROWS, 3), y.mean())
    for place, name in enumerate(COLUMNS):
        present = gappy.present_in(name)
        for train, test in folds:
            learned, asked = train[present[train]], test[present[test]]
            head = Ridge(solver="lsqr", tol=1e-10).fit(gappy[name][learned], y[learned])
            features[asked, place] = head.predict(gappy[name][asked])
    expected = RidgeCV().fit(np.hstack([features, ~gappy.present]), y)
    head = Ridge(solver="lsqr", tol=1e-10)
    late = LateFusionRegressor(head, combination="stacking", cv=4, scale=None).fit(gappy, y)
    np.testing.assert_allclose(late.final_estimator_.coef_, expected.coef_, rtol=1e-6)
    values = said(late, gappy).T
    asked = np.hstack([np.where(np.isnan(values), y.mean(), values), ~gappy.present])
    np.testing.assert_allclose(late.predict(gappy), expected.predict(asked), rtol=1e-6)


@pytest.mark.parametrize("scale", ["standard", None])
@pytest.mark.parametrize(("rule", "direct"), [("mean", np.nanmean), ("median", np.nanmedian)])
def test_rules_are_numpy_over_the_present_heads(gappy, y, rule, direct, scale):
    late = LateFusionRegressor(combination=rule, scale=scale).fit(gappy, y)
    np.testing.assert_allclose(late.predict(gappy), direct(said(late, gappy), axis=0), rtol=1e-10)


def test_learned_weights_are_r2_on_rows_not_fitted_on(gappy, y):
    late = LateFusionRegressor(combination="weighted", cv=3, scale=None).fit(gappy, y)
    for name in COLUMNS:
        present = gappy.present_in(name)
        predicted = np.full(N_ROWS, np.nan)
        for train, test in KFold(3).split(y):
            learned, asked = train[present[train]], test[present[test]]
            head = Ridge().fit(gappy[name][learned], y[learned])
            predicted[asked] = head.predict(gappy[name][asked])
        expected = max(0.0, r2_score(y[present], predicted[present]))
        assert late.weights_[name] == pytest.approx(expected, rel=1e-3)


def test_a_constant_target_tells_nothing(gappy):
    y = np.full(N_ROWS, 3.0)
    late = LateFusionRegressor(combination="weighted").fit(gappy, y)
    assert set(late.weights_.values()) == {1.0}
    np.testing.assert_allclose(late.predict(gappy), 3.0)


@pytest.mark.parametrize("rule", RULES)
def test_a_block_that_no_row_has_has_no_say(parts, y, rule):
    blocks = FeatureBlocks(parts | {"sound": np.full((N_ROWS, 2), np.nan)})
    late = LateFusionRegressor(combination=rule).fit(blocks, y)
    assert list(late.estimators_) == ["image", "text"]
    rest = blocks.select(["image", "text"])
    expected = LateFusionRegressor(combination=rule).fit(rest, y).predict(rest)
    np.testing.assert_allclose(late.predict(FeatureBlocks(parts)), expected, rtol=1e-12)
    gone = {name: np.full((1, block.shape[1]), np.nan) for name, block in parts.items()}
    only = FeatureBlocks(gone | {"sound": np.ones((1, 2))})
    if rule != "stacking":
        np.testing.assert_allclose(late.predict(only), y.mean())


def test_the_prior_is_the_weighted_mean(gappy, y):
    weight = np.random.default_rng(0).random(N_ROWS)
    late = LateFusionRegressor().fit(gappy, y, weight)
    np.testing.assert_allclose(late.prior_, [np.average(y, weights=weight)])


def test_rows_are_predicted_alone_and_after_pickle(gappy, y):
    for rule in RULES:
        late = pickle.loads(pickle.dumps(LateFusionRegressor(combination=rule).fit(gappy, y)))
        together = late.predict(gappy)
        for row in range(0, N_ROWS, 9):
            np.testing.assert_allclose(late.predict(gappy[row]), together[[row]])


def test_search(gappy, y):
    heads = [("image", SVMRegressor(C=100.0)), ("sound", Ridge()), ("text", Ridge())]
    grid = [
        {"combination": RULES},
        {"estimator": [heads], "image__C": [1.0, 100.0], "text": ["drop", Ridge()]},
    ]
    search = GridSearchCV(LateFusionRegressor(), grid, cv=2, error_score="raise").fit(gappy, y)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ > 0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"combination": "max"}, "combination='max' is not one of 'mean', 'weighted', 'median', "),
        ({"estimator": LogisticRegression()}, r"LogisticRegression\(\) is not a regressor"),
        ({"estimator": [("image", "drop")]}, "no head for the block 'sound'"),
    ],
)
def test_refused_parameters(blocks, y, parameters, message):
    with pytest.raises(ValueError, match=message):
        LateFusionRegressor(**parameters).fit(blocks, y)


def test_refused_targets(blocks, y):
    with pytest.raises(ValueError, match="LateFusionRegressor learns from y"):
        LateFusionRegressor().fit(blocks, None)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        LateFusionRegressor().fit(blocks, np.full(N_ROWS, np.nan))


def test_nothing_to_learn_from():
    absent = FeatureBlocks({"image": np.full((4, 2), np.nan), "sound": np.ones((4, 1))})
    late = LateFusionRegressor([("image", Ridge()), ("sound", "drop")])
    with pytest.raises(ValueError, match=r"nothing to learn from: no block has rows\."):
        late.fit(absent, np.arange(4.0))
