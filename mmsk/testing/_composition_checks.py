"""Checks of an extractor inside scikit-learn's pipelines and searches."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import FeatureUnion, Pipeline

from mmsk.testing._compare import BlockDigest, assert_same, dense
from mmsk.testing._subject import ExtractorSubject, Subject, object_series


def check_pipeline(subject: ExtractorSubject) -> None:
    """An extractor works as the first step, and as the only working one."""
    model = Pipeline([("features", subject.fresh()), ("head", "passthrough")])
    for column in (list(subject.cells), object_series(subject.cells)):
        features = model.fit(column, subject.y).transform(column)
        assert_same(features, subject.reference, subject.tolerance, "a pipeline must give the same")


def check_feature_union(subject: ExtractorSubject) -> None:
    """Two extractors in a FeatureUnion give both blocks side by side."""
    subject.features()  # what reading leaves behind in the process must not disturb the union
    union = FeatureUnion([("one", subject.fresh()), ("other", subject.fresh())])
    features = dense(union.fit(subject.cells, subject.y).transform(subject.cells))
    both = np.hstack([dense(subject.reference)] * 2)
    assert_same(features, both, subject.tolerance, "a FeatureUnion must hold both blocks")
    names = union.get_feature_names_out()
    assert len(names) == features.shape[1], "a FeatureUnion must have a name per feature."


def check_column_transformer(subject: ExtractorSubject) -> None:
    """A plain ColumnTransformer gives the same features, under prefixed names."""
    table = object_series(subject.cells).to_frame()
    transformer = ColumnTransformer([("block", subject.fresh(), "cells")])
    features = dense(transformer.fit(table, subject.y).transform(table))
    expectation = "a ColumnTransformer must give the same"
    assert_same(features, dense(subject.reference), subject.tolerance, expectation)
    names = [f"block__{name}" for name in subject.fitted().get_feature_names_out()]
    assert list(transformer.get_feature_names_out()) == names, (
        "a ColumnTransformer must name the features 'block__' and their name."
    )


def check_grid_search(subject: Subject) -> None:
    """A grid search over each searchable parameter sees different features per value."""
    for name, values in subject.need_searchable().items():
        _search(subject.fresh(), subject.data, subject.y, "features", name, values)


def check_grid_search_in_feature_union(subject: ExtractorSubject) -> None:
    """A grid search reaches the parameters inside a FeatureUnion."""
    name, values = next(iter(subject.need_searchable().items()))
    union = FeatureUnion([("one", subject.fresh()), ("other", subject.fresh())])
    _search(union, subject.cells, subject.y, "features__one", name, values)


def check_grid_search_in_column_transformer(subject: ExtractorSubject) -> None:
    """A grid search reaches the parameters inside a plain ColumnTransformer."""
    name, values = next(iter(subject.need_searchable().items()))
    transformer = ColumnTransformer([("block", subject.fresh(), "cells")])
    table = object_series(subject.cells).to_frame()
    _search(transformer, table, subject.y, "features__block", name, values)


COMPOSITION_CHECKS = (
    check_pipeline,
    check_feature_union,
    check_column_transformer,
    check_grid_search,
    check_grid_search_in_feature_union,
    check_grid_search_in_column_transformer,
)


def _search(transformer: Any, X: Any, y: Any, path: str, name: str, values: Any) -> None:
    model = Pipeline([("features", transformer), ("head", BlockDigest())])
    grid = {f"{path}__{name}": list(values)}
    search = GridSearchCV(model, grid, cv=KFold(2), refit=False, error_score="raise").fit(X, y)
    digests = search.cv_results_["mean_test_score"]
    assert len(set(digests)) == len(values), (
        f"a grid search over {name}={list(values)!r} must see different features per value."
    )
