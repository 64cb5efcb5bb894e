"""Checks of a head: FeatureBlocks beside arrays, labels of any kind, single rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from mmsk.compose import FeatureBlocks
from mmsk.fusion import ConcatFusion
from mmsk.testing._compare import assert_same, take
from mmsk.testing._example_blocks import N_ROWS, as_frame
from mmsk.testing._subject import Subject


def check_takes_blocks_tables_and_arrays(subject: Subject) -> None:
    """FeatureBlocks, a prefixed DataFrame and an array are each accepted in fit and predict."""
    for X in (subject.data, as_frame(subject.data), np.asarray(subject.data)):
        predictions = subject.fresh().fit(X, subject.y).predict(X)
        assert predictions.shape == (N_ROWS,), (
            f"{type(X).__name__} must give one prediction per row, got {predictions.shape}."
        )


def check_table_gives_what_blocks_give(subject: Subject) -> None:
    """A DataFrame with ``block__feature`` columns gives the outputs of the blocks."""
    frame = as_frame(subject.data)
    head = subject.fresh().fit(frame, subject.y)
    expectation = "a DataFrame must give what FeatureBlocks give"
    assert_same(output_of(head, frame), subject.reference, subject.tolerance, expectation)


def check_predictions_differ(subject: Subject) -> None:
    """The head learns: it does not predict the same for every row."""
    predictions = subject.fitted().predict(subject.data)
    assert len(np.unique(predictions)) > 1, "the predictions must not all be the same."


def check_labels_of_any_kind(subject: Subject) -> None:
    """A classifier returns the labels it was given: strings, bools, gappy and negative numbers."""
    if not is_classifier(subject.estimator):
        return
    for labels in (["no", "yes"], [False, True], [-5, 17], ["b", "a"]):
        y = np.array(labels)[subject.y]
        head = subject.fresh().fit(subject.data, y)
        assert head.classes_.tolist() == sorted(labels), (
            f"classes_ must be {sorted(labels)}, got {head.classes_.tolist()}."
        )
        predictions = head.predict(subject.data)
        assert set(predictions.tolist()) <= set(labels), f"predictions must be among {labels}."
        assert np.mean(predictions == y) > 0.5, f"labels {labels} must not be mixed up."


def check_rows_are_predicted_alone(subject: Subject) -> None:
    """A prediction depends on no other row; one row is enough."""
    head = subject.fitted()
    for rows in ([N_ROWS - 1], [3, 1], [*range(N_ROWS)][::-1]):
        expectation = f"the rows {rows[:3]} alone must give the same"
        expected = take(subject.reference, rows)
        assert_same(output_of(head, subject.data[rows]), expected, subject.tolerance, expectation)


def check_head_in_cross_validation(subject: Subject) -> None:
    """A head works alone and behind a fusion, cross-validated on FeatureBlocks."""
    for model in (
        clone(subject.estimator),
        make_pipeline(ConcatFusion(), clone(subject.estimator)),
    ):
        predictions = cross_val_predict(model, subject.data, subject.y, cv=3)
        assert predictions.shape == (N_ROWS,), "cross-validation must predict every row once."


HEAD_CHECKS = (
    check_takes_blocks_tables_and_arrays,
    check_table_gives_what_blocks_give,
    check_predictions_differ,
    check_labels_of_any_kind,
    check_rows_are_predicted_alone,
    check_head_in_cross_validation,
)


def output_of(head: Any, X: FeatureBlocks) -> np.ndarray:
    """Return what a head says most finely: decisions, probabilities, or predictions."""
    for method in ("decision_function", "predict_proba", "predict"):
        if hasattr(head, method):
            return np.asarray(getattr(head, method)(X), dtype=np.float64).reshape(len(X), -1)
    raise AttributeError(f"{type(head).__name__} has no method predict.")
