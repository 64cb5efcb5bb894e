"""Tables of searches hold what cv_results_ holds, under readable names."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline

from mmsk import ConcatFusion, WeightedFusion, search_pivot, search_results
from mmsk.inspection._search_results import _short

CONCAT, WEIGHTED = "ConcatFusion('block')", "WeightedFusion('alignment')"


def test_each_candidate_is_a_row_with_its_numbers(search):
    results = search_results(search)
    columns = ["rank", "fusion", "head", "C", "alpha", "score", "score_std", "fit_seconds"]
    assert list(results.columns) == columns
    found = search.cv_results_
    order = np.argsort(-found["mean_test_score"], kind="stable")
    np.testing.assert_array_equal(results["score"], found["mean_test_score"][order])
    np.testing.assert_array_equal(results["score_std"], found["std_test_score"][order])
    np.testing.assert_array_equal(results["fit_seconds"], found["mean_fit_time"][order])
    np.testing.assert_array_equal(results["rank"], np.arange(1, 9))
    for place, row in zip(order, results.itertuples(), strict=True):
        params = found["params"][place]
        assert row.head == f"{type(params['head']).__name__}()"
        np.testing.assert_equal(row.C, params.get("head__C", np.nan))
        np.testing.assert_equal(row.alpha, params.get("head__alpha", np.nan))
    assert results["score"][0] == search.best_score_


def test_a_step_that_a_grid_leaves_alone_is_the_pipelines_own(search):
    results = search_results(search)
    assert set(results["fusion"]) == {CONCAT, WEIGHTED, "passthrough", "ConcatFusion()"}
    assert (results["fusion"][results["alpha"].notna()] == "ConcatFusion()").all()


def test_the_search_is_left_alone(search):
    before = pd.DataFrame(search.cv_results_)
    search_results(search)
    search_pivot(search)
    pd.testing.assert_frame_equal(pd.DataFrame(search.cv_results_), before)


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["fusion", "head", "head__C"], ["fusion", "head", "C"]),
        (["f__text__ngram", "f__name__ngram"], ["text__ngram", "name__ngram"]),
        (["f__text__ngram", "ngram"], ["text__ngram", "ngram"]),
        (["head", "meta__head"], ["head", "meta__head"]),
        (["a__b__c", "x__b__c"], ["a__b__c", "x__b__c"]),
        (["head__rank", "head__rank2"], ["head__rank", "rank2"]),
        (["f__score", "f__x__score_std"], ["f__score", "score_std"]),
    ],
)
def test_columns_are_as_short_as_they_differ(names, short):
    assert list(_short(names, ["rank", "score"]).values()) == short


def test_values_of_parameters_stay_what_they_are(blocks, y):
    model = Pipeline([("fusion", WeightedFusion()), ("head", LogisticRegression())])
    grid = {"fusion__weights": [{"image": 2.0}, [1.0, 1.0], "score"], "head__C": [1]}
    results = search_results(GridSearchCV(model, grid, cv=2).fit(blocks, y))
    assert set(results["weights"]) == {"{'image': 2.0}", "[1.0, 1.0]", "score"}
    assert results["C"].dtype == np.int64


def test_several_metrics(pipeline, blocks, y):
    scoring = ["neg_log_loss", "accuracy"]
    search = GridSearchCV(pipeline, {"head__C": [1e-4, 1, 1e4]}, cv=3, scoring=scoring, refit=False)
    search.fit(blocks, y)
    results = search_results(search)
    expected = ["rank", "C", "neg_log_loss", "neg_log_loss_std", "accuracy", "accuracy_std"]
    assert list(results.columns) == [*expected, "fit_seconds"]
    assert results["neg_log_loss"].is_monotonic_decreasing
    assert search_results(search, metric="accuracy")["accuracy"].is_monotonic_decreasing
    search.set_params(refit="accuracy").fit(blocks, y)
    assert results["C"][0] != 1e-4
    assert search_results(search)["accuracy"].is_monotonic_decreasing
    assert search_results(search)["C"][0] == search.best_params_["head__C"]
    pivot = search_pivot(search, rows="C", metric="neg_log_loss")
    assert pivot["mean"].iloc[0, 0] == search.cv_results_["mean_test_neg_log_loss"].max()
    with pytest.raises(ValueError, match="metric='f1' is not one of 'neg_log_loss', 'accuracy'"):
        search_results(search, metric="f1")


def test_a_randomized_search(pipeline, blocks, y):
    space = {"head__C": [0.1, 1.0, 10.0], "fusion": [ConcatFusion("block"), WeightedFusion()]}
    search = RandomizedSearchCV(pipeline, space, n_iter=4, cv=2, random_state=0).fit(blocks, y)
    results = search_results(search)
    assert len(results) == 4
    assert set(results["fusion"]) == {CONCAT, "WeightedFusion()"}


def test_of_a_halving_search_the_last_round_counts(pipeline, blocks, y):
    grid = {"head__C": [0.001, 0.1, 1.0, 10.0], "fusion": [ConcatFusion(), WeightedFusion()]}
    search = HalvingGridSearchCV(pipeline, grid, cv=2, factor=2, min_resources=10, random_state=0)
    search.fit(blocks, y)
    found = pd.DataFrame(search.cv_results_)
    results = search_results(search)
    assert len(results) == 8 < len(found)
    assert results["n_resources"].is_monotonic_decreasing
    assert sorted(results["n_resources"].unique()) == sorted(search.n_resources_)
    in_last_round = results["n_resources"] == search.n_resources_[-1]
    last = found[found["iter"] == found["iter"].max()]
    np.testing.assert_array_equal(
        results["score"][in_last_round], -np.sort(-last["mean_test_score"])
    )


def test_of_a_halving_search_over_trees_the_resource_is_no_parameter(blocks, y):
    model = RandomForestClassifier(random_state=0)
    grid = {"max_depth": [1, 2, 3, 4]}
    search = HalvingGridSearchCV(
        model, grid, cv=2, factor=2, resource="n_estimators", max_resources=8, min_resources=2
    )
    results = search_results(search.fit(blocks, y))
    assert sorted(results["max_depth"]) == [1, 2, 3, 4]
    assert "n_estimators" not in results


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_candidates_that_failed_go_last(pipeline, blocks, y):
    grid = {"fusion__scale": ["minmax", "block"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(blocks, y)
    assert search_results(search)["scale"].tolist() == ["block", "minmax"]


def test_pivot_holds_the_best_of_each_pair(search):
    results, pivot = search_results(search), search_pivot(search)
    assert list(pivot.columns.get_level_values(0).unique()) == ["mean", "std", "fit_seconds"]
    assert (pivot.index.name, pivot.columns.names) == ("fusion", [None, "head"])
    assert pivot.index.tolist() == results["fusion"].unique().tolist()
    heads = results["head"].unique().tolist()
    assert pivot["mean"].columns.tolist() == heads
    for fusion in pivot.index:
        for head in heads:
            of_pair = results[(results["fusion"] == fusion) & (results["head"] == head)]
            cells = pivot.loc[fusion].xs(head, level=1)
            if of_pair.empty:
                assert cells.isna().all()
                continue
            best = of_pair.iloc[0]
            assert cells["mean"] == of_pair["score"].max()
            assert (cells["std"], cells["fit_seconds"]) == (best["score_std"], best["fit_seconds"])


def test_pivot_by_other_parameters(search, blocks, y):
    for rows in ("C", "head__C"):
        pivot = search_pivot(search, rows=rows, columns="fusion")
        assert set(pivot.index) == {"0.01", "1.0", "nan"}
        assert pivot.index.name == rows
    model = clone(search.estimator)
    search = GridSearchCV(model, {"head__C": [0.1, 1.0]}, cv=2).fit(blocks, y)
    pivot = search_pivot(search)
    assert pivot.index.tolist() == ["ConcatFusion()"]
    assert pivot["mean"].columns.tolist() == ["LogisticRegression()"]
    assert pivot["mean"].iloc[0, 0] == search.best_score_


def test_what_is_no_fitted_search_is_refused(pipeline, search):
    with pytest.raises(
        ValueError, match="fitted search such as GridSearchCV, got GridSearchCV before"
    ):
        search_results(clone(search))
    with pytest.raises(ValueError, match=r"such as GridSearchCV, got Pipeline\."):
        search_pivot(pipeline)


def test_unknown_parameters_are_refused(search, blocks, y):
    message = "'kernel' is neither a parameter .* nor a column of search_results: 'fusion', 'head'"
    with pytest.raises(ValueError, match=message):
        search_pivot(search, rows="kernel")
    alone = GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, cv=2).fit(blocks, y)
    with pytest.raises(ValueError, match="'fusion' is neither a parameter"):
        search_pivot(alone)
