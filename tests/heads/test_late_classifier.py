"""LateFusionClassifier against scikit-learn's ensembles, hand-written loops and NumPy."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from scipy import sparse
from scipy.stats import gmean
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, ShuffleSplit, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC

from mmsk import ConcatFusion, FeatureBlocks, LateFusionClassifier, SVMClassifier

N_ROWS = 90
COLUMNS = {"image": slice(0, 3), "sound": slice(3, 5), "text": slice(5, 11)}
RULES = ["mean", "weighted", "product", "max", "majority", "stacking"]


@pytest.fixture
def y():
    return np.array(["cat", "cow", "dog"])[np.arange(N_ROWS) % 3]


@pytest.fixture
def parts(y):
    generator = np.random.default_rng(0)
    codes = np.unique(y, return_inverse=True)[1][:, None]
    return {
        "image": 10 * (codes + generator.normal(size=(N_ROWS, 3))),
        "sound": (codes == 1) + 0.5 * generator.normal(size=(N_ROWS, 2)),
        "text": generator.poisson(0.3 + (codes == 2), size=(N_ROWS, 6)).astype(float),
    }


@pytest.fixture
def blocks(parts):
    return FeatureBlocks(parts)


@pytest.fixture
def gappy(parts):
    """The same with a third of the cells missing, one block sparse."""
    present = np.random.default_rng(1).random((N_ROWS, 3)) < 0.67
    present[~present.any(axis=1), 1] = True
    return FeatureBlocks(parts | {"text": sparse.csr_matrix(parts["text"])}, present=present)


def on_columns(head):
    """The head on each block's columns of one matrix, as scikit-learn's ensembles need it."""
    return [
        (name, make_pipeline(ColumnTransformer([("block", "passthrough", where)]), head))
        for name, where in COLUMNS.items()
    ]


def probabilities(model, blocks):
    """What the head of each block says, with NaN where it has no say."""
    said = np.full((3, len(blocks), 3), np.nan)
    for place, (name, head) in enumerate(model.estimators_.items()):
        rows = np.flatnonzero(blocks.present_in(name))
        X = blocks[name][rows]
        X = X if model.scale is None else model.scales_[name].apply(X, X.dtype)
        said[place, rows] = head.predict_proba(X)
    return said


@pytest.mark.parametrize("weights", [None, [1.0, 3.0, 0.5]])
@pytest.mark.parametrize("head", [LogisticRegression(max_iter=1000), KNeighborsClassifier()])
def test_mean_and_weighted_are_soft_voting(blocks, y, head, weights):
    X = np.asarray(blocks)
    voting = VotingClassifier(on_columns(head), voting="soft", weights=weights).fit(X, y)
    rule = {"combination": "mean"} if weights is None else {"combination": "weighted"}
    late = LateFusionClassifier(head, **rule, weights=weights or "score", scale=None).fit(blocks, y)
    np.testing.assert_allclose(late.predict_proba(blocks), voting.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(late.predict(blocks), voting.predict(X))


def test_majority_is_hard_voting_ties_included(blocks, y):
    X = np.asarray(blocks)
    head = RandomForestClassifier(5, max_depth=1, random_state=0)
    voting = VotingClassifier(on_columns(head), voting="hard").fit(X, y)
    late = LateFusionClassifier(head, combination="majority", scale=None).fit(blocks, y)
    np.testing.assert_array_equal(late.predict(blocks), voting.predict(X))
    ballots = np.array([head.predict(blocks[name]) for name, head in late.estimators_.items()])
    torn = np.array([len(set(ballot)) == 3 for ballot in ballots.T])
    assert torn.any()
    assert set(late.predict(blocks)[torn]) == {"cat"}
    shares = np.array([(ballots == label).mean(axis=0) for label in late.classes_]).T
    np.testing.assert_allclose(late.decision_function(blocks), shares)


@pytest.mark.parametrize("scale", ["standard", "block", None])
def test_stacking_is_a_stacking_classifier(blocks, y, scale):
    X = np.asarray(blocks)
    head = final = LogisticRegression(max_iter=1000, tol=1e-9)
    wide = FunctionTransformer(np.float64)  # ConcatFusion gives float32, late fusion the block's
    scaled = head if scale is None else make_pipeline(ConcatFusion(scale), wide, head)
    stacking = StackingClassifier(on_columns(scaled), final, cv=3).fit(X, y)
    late = LateFusionClassifier(
        head, combination="stacking", final_estimator=final, cv=3, scale=scale
    ).fit(blocks, y)
    np.testing.assert_allclose(late.predict_proba(blocks), stacking.predict_proba(X), atol=1e-6)
    np.testing.assert_array_equal(late.predict(blocks), stacking.predict(X))


def test_stacking_with_gaps_is_a_loop_out_of_fold(gappy, y):
    """Each head learns in each fold from the rows that have its block."""
    folds = list(StratifiedKFold(4).split(y, y))
    features = np.full((N_ROWS, 9), 1 / 3)
    for place, name in enumerate(COLUMNS):
        present = gappy.present_in(name)
        for train, test in folds:
            learned, asked = train[present[train]], test[present[test]]
            head = LogisticRegression().fit(gappy[name][learned], y[learned])
            features[asked, 3 * place : 3 * place + 3] = head.predict_proba(gappy[name][asked])
    features = np.hstack([features, ~gappy.present])
    expected = LogisticRegression(C=2.0, max_iter=1000).fit(features, y)

    late = LateFusionClassifier(
        LogisticRegression(),
        combination="stacking",
        final_estimator=LogisticRegression(C=2.0, max_iter=1000),
        cv=4,
        scale=None,
    ).fit(gappy, y)
    np.testing.assert_allclose(late.final_estimator_.coef_, expected.coef_, rtol=1e-9)
    said = np.moveaxis(probabilities(late, gappy), 0, 1).reshape(N_ROWS, 9)
    asked = np.hstack([np.where(np.isnan(said), 1 / 3, said), ~gappy.present])
    np.testing.assert_allclose(late.predict_proba(gappy), expected.predict_proba(asked), rtol=1e-9)
    np.testing.assert_array_equal(late.predict(gappy), expected.predict(asked))
    np.testing.assert_allclose(late.decision_function(gappy), expected.decision_function(asked))


@pytest.mark.parametrize("scale", ["standard", None])
@pytest.mark.parametrize(
    ("rule", "direct"), [("mean", np.nanmean), ("max", np.nanmax), ("product", gmean)]
)
def test_rules_are_numpy_over_the_present_heads(gappy, y, rule, direct, scale):
    late = LateFusionClassifier(combination=rule, scale=scale).fit(gappy, y)
    said = probabilities(late, gappy)
    keywords = {"nan_policy": "omit"} if rule == "product" else {}
    expected = direct(said, axis=0, **keywords)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(late.predict_proba(gappy), expected, rtol=1e-10)
    np.testing.assert_allclose(late.predict_log_proba(gappy), np.log(expected), rtol=1e-8)
    np.testing.assert_allclose(late.decision_function(gappy), expected, rtol=1e-10)
    np.testing.assert_array_equal(late.predict(gappy), late.classes_[expected.argmax(axis=1)])


def test_each_head_learns_from_the_rows_that_have_its_block(gappy, y):
    late = LateFusionClassifier().fit(gappy, y)
    for name, head in late.estimators_.items():
        rows = np.flatnonzero(gappy.present_in(name))
        alone = LateFusionClassifier().fit(FeatureBlocks({name: gappy[name][rows]}), y[rows])
        np.testing.assert_array_equal(head.coef_, alone.estimators_[name].coef_)


@pytest.mark.parametrize("rule", ["mean", "weighted", "product", "max", "majority"])
def test_a_row_without_a_block_is_decided_by_the_others(parts, blocks, y, rule):
    weights = {"image": 2.0, "text": 0.5}
    model = LateFusionClassifier(combination=rule, weights=weights)
    late = model.fit(blocks, y)
    without = FeatureBlocks(parts | {"sound": np.full((N_ROWS, 2), np.nan)})
    rest = clone(model).fit(blocks.select(["image", "text"]), y)
    expected = rest.decision_function(blocks.select(["image", "text"]))
    np.testing.assert_allclose(late.decision_function(without), expected, rtol=1e-12)
    assert not np.allclose(late.decision_function(blocks), expected)


def test_learned_weights_are_scores_on_rows_not_fitted_on(gappy, y):
    late = LateFusionClassifier(combination="weighted", cv=3, scale=None).fit(gappy, y)
    folds = list(StratifiedKFold(3).split(y, y))
    for name in COLUMNS:
        present = gappy.present_in(name)
        rows = np.flatnonzero(present)
        places = np.cumsum(present) - 1
        restricted = [
            (places[train[present[train]]], places[test[present[test]]]) for train, test in folds
        ]
        predicted = cross_val_predict(
            LogisticRegression(max_iter=1000), gappy[name][rows], y[rows], cv=restricted
        )
        expected = balanced_accuracy_score(y[rows], predicted, adjusted=True)
        assert late.weights_[name] == pytest.approx(max(0.0, expected))


def test_where_no_head_tells_anything_all_weigh_the_same(y):
    blocks = FeatureBlocks({"a": np.ones((N_ROWS, 1)), "b": np.ones((N_ROWS, 2))})
    late = LateFusionClassifier(combination="weighted").fit(blocks, y)
    assert late.weights_ == {"a": 1.0, "b": 1.0}


def test_given_weights_name_blocks(gappy, y):
    late = LateFusionClassifier(combination="weighted", weights={"sound": 0}).fit(gappy, y)
    assert late.weights_ == {"image": 1.0, "sound": 0.0, "text": 1.0}
    only = np.flatnonzero(gappy.present @ [1, 1, 1] == gappy.present_in("sound"))
    np.testing.assert_allclose(late.predict_proba(gappy)[only], 1 / 3)
    assert len(only)


@pytest.mark.parametrize("head", [LinearSVC(), RidgeClassifier(), SVMClassifier()])
def test_decisions_stand_for_probabilities(blocks, y, head):
    late = LateFusionClassifier(head, scale=None).fit(blocks, y)
    powers = [np.exp(one.decision_function(blocks[name])) for name, one in late.estimators_.items()]
    expected = np.mean([power / power.sum(axis=1, keepdims=True) for power in powers], axis=0)
    np.testing.assert_allclose(late.decision_function(blocks), expected, rtol=1e-10)
    np.testing.assert_array_equal(late.predict(blocks), late.classes_[expected.argmax(axis=1)])
    assert not hasattr(late, "predict_proba")


@pytest.mark.parametrize("rule", RULES)
def test_two_classes_have_one_decision(gappy, y, rule):
    y = y == "dog"
    late = LateFusionClassifier(combination=rule).fit(gappy, y)
    decisions = late.decision_function(gappy)
    assert decisions.shape == (N_ROWS,)
    np.testing.assert_array_equal(late.predict(gappy), decisions > 0)
    if rule not in ("majority", "stacking"):
        shares = late.predict_proba(gappy)
        np.testing.assert_allclose(decisions, shares[:, 1] - shares[:, 0])


def test_which_methods_there_are():
    decides, votes = LinearSVC(), VotingClassifier([("a", LinearSVC())])
    assert hasattr(LateFusionClassifier(), "predict_proba")
    assert not hasattr(LateFusionClassifier(decides), "predict_proba")
    mixed = [("image", LogisticRegression()), ("sound", decides)]
    assert not hasattr(LateFusionClassifier(mixed), "predict_proba")
    assert hasattr(LateFusionClassifier([*mixed[:1], ("sound", "drop")]), "predict_proba")
    assert hasattr(LateFusionClassifier(mixed), "decision_function")
    assert hasattr(LateFusionClassifier(mixed, combination="stacking"), "predict_proba")
    stacking = LateFusionClassifier(combination="stacking", final_estimator=decides)
    assert not hasattr(stacking, "predict_proba")
    assert hasattr(stacking, "decision_function")
    assert not hasattr(stacking.set_params(final_estimator=votes), "decision_function")
    majority = LateFusionClassifier(combination="majority")
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'") as caught:
        _ = majority.predict_proba
    assert "'majority' counts votes" in str(caught.value.__cause__)
    with pytest.raises(AttributeError, match="has no attribute 'predict_log_proba'") as caught:
        _ = LateFusionClassifier(decides).predict_log_proba
    assert "LinearSVC() has no predict_proba" in str(caught.value.__cause__)


def test_stacking_with_a_final_head_of_probabilities_alone(gappy, y):
    final = KNeighborsClassifier()
    late = LateFusionClassifier(combination="stacking", final_estimator=final).fit(gappy, y)
    np.testing.assert_array_equal(late.decision_function(gappy), late.predict_proba(gappy))


def test_a_head_with_predictions_alone_can_only_vote(gappy, y):
    head = VotingClassifier([("one", LinearSVC())])
    late = LateFusionClassifier(head, combination="majority").fit(gappy, y)
    assert late.score(gappy, y) > 0.6
    message = "The head of the block 'image', VotingClassifier.* has neither predict_proba nor"
    for rule in ("mean", "stacking"):
        with pytest.raises(ValueError, match=message):
            late.set_params(combination=rule).fit(gappy, y)


@pytest.mark.parametrize("rule", RULES)
def test_a_class_that_a_head_has_never_seen_is_judged_by_the_others(parts, y, rule):
    parts["sound"][y == "dog"] = np.nan
    blocks = FeatureBlocks(parts)
    late = LateFusionClassifier(combination=rule, weights={}, scale=None).fit(blocks, y)
    asked = FeatureBlocks(parts | {"sound": np.zeros((N_ROWS, 2))})
    assert late.estimators_["sound"].classes_.tolist() == ["cat", "cow"]
    decisions = late.decision_function(asked)
    assert np.isfinite(decisions).all()
    assert (late.predict(asked) == "dog").any()
    if rule == "mean":
        said = [late.estimators_[name].predict_proba(asked[name]) for name in ("image", "text")]
        sound = late.estimators_["sound"].predict_proba(asked["sound"])
        seen = (said[0][:, :2] + said[1][:, :2] + sound) / 3
        expected = np.column_stack([seen, (said[0][:, 2] + said[1][:, 2]) / 2])
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(decisions, expected, rtol=1e-12)
    gone = {name: np.full((1, part.shape[1]), np.nan) for name, part in parts.items()}
    alone = FeatureBlocks(gone | {"sound": np.zeros((1, 2))})
    if rule not in ("majority", "stacking"):
        assert late.predict_proba(alone)[0, 2] == 0


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("lacks", ["rows", "classes"])
def test_a_block_that_teaches_nothing_has_no_say(parts, y, rule, lacks):
    parts["sound"][slice(None) if lacks == "rows" else y != "cat"] = np.nan
    model = LateFusionClassifier(combination=rule)
    late = model.fit(FeatureBlocks(parts), y)
    assert list(late.estimators_) == ["image", "text"]
    asked = FeatureBlocks(parts | {"sound": np.ones((N_ROWS, 2))})
    rest = ["image", "text"]
    expected = clone(model).fit(asked.select(rest), y).decision_function(asked.select(rest))
    np.testing.assert_allclose(late.decision_function(asked), expected, rtol=1e-12)
    gone = {name: np.full((2, parts[name].shape[1]), np.nan) for name in rest}
    only = FeatureBlocks(gone | {"sound": np.ones((2, 2))}).select(["image", "sound", "text"])
    if rule != "stacking":
        np.testing.assert_allclose(late.decision_function(only), 1 / 3)
    assert late.predict(only).shape == (2,)


def test_a_head_is_silent_in_folds_that_teach_it_nothing(parts, y):
    """With one cow among the cats, the fold that tests the cow has cats alone to learn from."""
    parts["sound"][(y != "cat") & (np.arange(N_ROWS) != 1)] = np.nan
    blocks = FeatureBlocks(parts)
    late = LateFusionClassifier(combination="weighted", cv=3).fit(blocks, y)
    assert list(late.estimators_) == ["image", "sound", "text"]
    assert late.weights_["sound"] == 0.0
    late = LateFusionClassifier(combination="stacking", cv=3).fit(blocks, y)
    assert late.final_estimator_.n_features_in_ == 3 * 3 + 1
    assert late.score(blocks, y) > 0.7


def test_the_prior_is_the_share_of_each_class(gappy, y):
    weight = np.random.default_rng(0).random(N_ROWS)
    late = LateFusionClassifier().fit(gappy, y, weight)
    expected = [weight[y == label].sum() / weight.sum() for label in late.classes_]
    np.testing.assert_allclose(late.prior_, expected)


@pytest.mark.parametrize("rule", ["mean", "weighted", "stacking"])
def test_rows_of_weight_zero_are_as_if_left_out(gappy, y, rule):
    kept = np.arange(N_ROWS) % 5 > 0
    folds = list(StratifiedKFold(3).split(y, y))
    places = np.cumsum(kept) - 1
    of_kept = [(places[train[kept[train]]], places[test[kept[test]]]) for train, test in folds]
    rows = np.flatnonzero(kept)
    late = LateFusionClassifier(combination=rule, cv=folds).fit(gappy, y, kept.astype(float))
    rest = LateFusionClassifier(combination=rule, cv=of_kept).fit(gappy[rows], y[rows])
    np.testing.assert_allclose(late.predict_proba(gappy), rest.predict_proba(gappy), atol=1e-5)


def test_weights_reach_heads_that_take_them(gappy, y):
    weight = np.random.default_rng(0).random(N_ROWS) + 0.1
    heads = [
        ("image", LogisticRegression()),
        ("sound", make_pipeline(StandardScaler(), LogisticRegression())),
        ("text", KNeighborsClassifier()),
    ]
    late = LateFusionClassifier(heads, scale=None).fit(gappy, y, weight)
    rows = np.flatnonzero(gappy.present_in("image"))
    expected = LogisticRegression().fit(gappy["image"][rows], y[rows], weight[rows])
    np.testing.assert_allclose(late.estimators_["image"].coef_, expected.coef_, rtol=1e-9)
    rows = np.flatnonzero(gappy.present_in("sound"))
    X = StandardScaler().fit_transform(gappy["sound"][rows])
    expected = LogisticRegression().fit(X, y[rows], weight[rows])
    np.testing.assert_allclose(late.estimators_["sound"][-1].coef_, expected.coef_, rtol=1e-9)
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        late.fit(gappy, y, -weight)


def test_heads_see_the_labels_themselves(blocks, y):
    """So that parameters may name them, which scikit-learn's ensembles do not allow."""
    head = LogisticRegression(class_weight={"cat": 50.0})
    assert (LateFusionClassifier(head).fit(blocks, y).predict(blocks) == "cat").mean() > 0.6


def test_a_list_of_heads_is_searched_by_the_names_of_the_blocks(gappy, y):
    heads = [("text", LinearSVC()), ("image", SVC()), ("sound", LogisticRegression())]
    model = LateFusionClassifier(heads)
    assert model.get_params()["image__C"] == 1.0
    assert "image__C" not in model.get_params(deep=False)
    late = clone(model).set_params(image__C=7.0, text="drop").fit(gappy, y)
    assert heads[1][1].C == 1.0
    assert list(late.estimators_) == ["image", "sound"]
    assert late.estimators_["image"].C == 7.0
    grid = {"image__C": [0.1, 10.0], "text": ["drop", LogisticRegression()]}
    search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(gappy, y)
    assert len(set(search.cv_results_["mean_test_score"])) > 1


def test_one_head_is_searched_by_its_own_parameters(gappy, y):
    head = make_pipeline(make_pipeline(StandardScaler(with_mean=False)), SVC())
    late = LateFusionClassifier(head).set_params(estimator__svc__C=5.0).fit(gappy, y)
    assert late.get_params()["estimator__svc__C"] == 5.0
    assert {head[-1].C for head in late.estimators_.values()} == {5.0}


def test_search_over_combinations(gappy, y):
    grid = [
        {"combination": RULES},
        {"scale": ["standard", "block", None]},
        {"combination": ["weighted"], "weights": ["score", {"image": 2.0}, [1, 0, 1]]},
        {"estimator": [SVMClassifier()], "estimator__C": [0.1, 10.0]},
    ]
    search = GridSearchCV(LateFusionClassifier(cv=2), grid, cv=2, error_score="raise")
    search.fit(gappy, y)
    assert len(search.cv_results_["params"]) == 14
    assert search.best_score_ > 0.7


@pytest.mark.parametrize("rule", RULES)
def test_pickle_and_single_rows(gappy, y, rule):
    late = LateFusionClassifier(combination=rule).fit(gappy, y)
    together = late.decision_function(gappy)
    loaded = pickle.loads(pickle.dumps(late))
    np.testing.assert_array_equal(loaded.decision_function(gappy), together)
    for row in range(0, N_ROWS, 9):
        np.testing.assert_allclose(late.decision_function(gappy[row])[0], together[row])


def test_jobs_change_nothing(gappy, y):
    expected = LateFusionClassifier(combination="stacking").fit(gappy, y).predict_proba(gappy)
    with parallel_config("threading"):
        late = LateFusionClassifier(combination="stacking", n_jobs=2).fit(gappy, y)
    np.testing.assert_array_equal(late.predict_proba(gappy), expected)


def test_blocks_keep_their_form_and_dtype(gappy, parts, y):
    heads = LateFusionClassifier(SVMClassifier()).fit(gappy, y).estimators_
    assert sparse.issparse(heads["text"].support_vectors_)
    small = FeatureBlocks({"image": parts["image"].astype(np.float32)})
    late = LateFusionClassifier().fit(small, y)
    assert late.estimators_["image"].coef_.dtype == np.float32
    assert late.predict_proba(small).dtype == np.float64


def test_blocks_may_come_in_any_order(gappy, y):
    late = LateFusionClassifier().fit(gappy, y)
    turned = gappy.select(["text", "sound", "image"])
    np.testing.assert_array_equal(late.predict_proba(turned), late.predict_proba(gappy))


def test_values_under_the_mask_have_no_say(gappy, y):
    other = {name: block.copy() for name, block in gappy.items()}
    other["image"][~gappy.present_in("image")] = 1e6
    masked = FeatureBlocks(other, present=gappy.present)
    expected = LateFusionClassifier().fit(gappy, y).predict_proba(gappy)
    late = LateFusionClassifier().fit(masked, y)
    np.testing.assert_array_equal(late.predict_proba(masked), expected)


def test_rows_without_a_modality_and_bad_values_are_refused(blocks, y):
    nothing = FeatureBlocks(dict(blocks.items()), present=np.arange(N_ROWS)[:, None] != [7, 7, 7])
    with pytest.raises(ValueError, match="Row 7 has no modality at all"):
        LateFusionClassifier().fit(nothing, y)
    late = LateFusionClassifier().fit(blocks, y)
    with pytest.raises(ValueError, match="Row 7 has no modality at all"):
        late.predict(nothing)
    blocks["image"][3, 1] = np.inf
    with pytest.raises(ValueError, match="Block 'image' contains NaN or infinity: row 3"):
        late.predict(blocks)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"combination": "median"}, "combination='median' is not one of 'mean', 'weighted', 'pro"),
        ({"n_jobs": 0}, "n_jobs=0 is no number of threads"),
        ({"scale": "minmax"}, "scale='minmax' is not one of 'standard', 'block', None"),
        ({"weights": "alignment"}, "weights='alignment' is not one of 'score'"),
        ({"weights": [1.0]}, "weights has 1 values, but there are 3 blocks"),
        ({"weights": [0, 0, 0]}, r"weights=\[0, 0, 0\] gives no block a say"),
        ({"estimator": Ridge()}, r"estimator=Ridge\(\) is not a classifier"),
        ({"final_estimator": Ridge()}, r"final_estimator=Ridge\(\) is not a classifier\."),
        ({"estimator": SVC}, r"estimator=<class '.*SVC'> is not a classifier or a list of"),
        ({"estimator": [SVC()]}, r"estimator holds SVC\(\), which is no pair"),
        ({"estimator": [("image", SVC(), 2)]}, r"estimator holds \('image', SVC\(\), 2\), which"),
        ({"estimator": [("image", SVC())]}, "estimator has no head for the block 'sound'"),
        ({"combination": "stacking", "cv": ShuffleSplit(2)}, "does not test every row exactly onc"),
        ({"combination": "stacking", "cv": 1}, "k-fold cross-validation requires"),
    ],
)
def test_refused_parameters(blocks, y, parameters, message):
    with pytest.raises(ValueError, match=message):
        LateFusionClassifier(**parameters).fit(blocks, y)


def test_refused_names_of_blocks(y):
    block = np.ones((N_ROWS, 1))
    for name, message in [
        ("cv", "conflict with constructor arguments"),
        ("a__b", "not contain __"),
    ]:
        model = LateFusionClassifier([(name, SVC())])
        with pytest.raises(ValueError, match=message):
            model.fit(FeatureBlocks({name: block}), y)
    model = LateFusionClassifier([("a", SVC()), ("a", LinearSVC())])
    with pytest.raises(ValueError, match="not unique"):
        model.fit(FeatureBlocks({"a": block}), y)


def test_refused_targets(blocks, y):
    with pytest.raises(ValueError, match=r"learns from y: call fit\(X, y\)"):
        LateFusionClassifier().fit(blocks, None)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        LateFusionClassifier().fit(blocks, np.linspace(0, 1, N_ROWS))
    message = "nothing to learn from: no block has rows of more than one class"
    with pytest.raises(ValueError, match=message):
        LateFusionClassifier().fit(blocks, np.ones(N_ROWS))
    with pytest.raises(ValueError, match=message):
        LateFusionClassifier().fit(blocks, y, (y == "cat").astype(float))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_a_block_without_columns_has_no_say(gappy, y, rule, form):
    empty = form(np.ones((N_ROWS, 0)))
    present = np.column_stack([gappy.present, np.ones(N_ROWS, dtype=bool)])
    with_empty = FeatureBlocks(dict(gappy.items()) | {"none": empty}, present=present)
    head = LateFusionClassifier(combination=rule).fit(with_empty, y)
    assert list(head.estimators_) == gappy.names
    expected = LateFusionClassifier(combination=rule).fit(gappy, y).predict(gappy)
    np.testing.assert_array_equal(head.predict(with_empty), expected)
