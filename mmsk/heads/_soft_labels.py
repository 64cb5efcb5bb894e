"""Soft labels: how much of a row belongs to each class, and how any classifier learns them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import has_fit_parameter

LEAST_PART = 0.01  # of the largest share of a row; a row of 27 classes is not repeated 27 times
LEAST_SHARE = np.finfo(np.float64).tiny  # what a teacher rules out stays ruled out, without -inf


def softened(shares: np.ndarray, temperature: float) -> np.ndarray:
    """Bring shares closer together, as softmax does with logits divided by `temperature`.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.heads._soft_labels import softened
    >>> softened(np.array([[0.9, 0.1]]), 2.0)
    array([[0.75, 0.25]])
    """
    return softmax(np.log(np.maximum(shares, LEAST_SHARE)) / temperature, axis=1)


def fit_on_shares(
    student: Any, X: Any, codes: np.ndarray, shares: np.ndarray, classes: np.ndarray
) -> Any:
    """Fit a classifier in place on rows of which each belongs to several classes in part.

    Every step of a pipeline but the last learns from the rows as they are. The last gets each row
    once for each class, weighted by the row's share of it; small shares are left out.

    Parameters
    ----------
    student : classifier
        Or a pipeline that ends in one.
    X : array-like of n_rows rows
        What it takes.
    codes : ndarray of shape (n_rows,), dtype int
        The number of each row's class, for the steps before the last.
    shares : ndarray of shape (n_rows, n_classes)
        Not negative. A row counts by their sum.
    classes : ndarray of shape (n_classes,)
        The labels.

    Returns
    -------
    student : classifier
        The same, fitted.

    Raises
    ------
    ValueError
        If the last step takes no `sample_weight`.
    """
    if isinstance(student, Pipeline):
        last = student[-1]
        if len(student) > 1:
            steps = student[:-1]
            X = steps.fit_transform(X, classes[codes])
            student.steps[:-1] = steps.steps  # a pipeline with memory puts fitted clones there
        fit_on_shares(last, X, codes, shares, classes)
        return student
    rows, columns = np.nonzero(shares > LEAST_PART * shares.max(axis=1, keepdims=True))
    weights = shares[rows, columns]
    kept = np.bincount(rows, weights, len(shares))
    weights *= (shares.sum(axis=1) / np.where(kept > 0, kept, 1))[rows]
    return student.fit(_safe_indexing(X, rows), classes[columns], sample_weight=weights)


def check_takes_weights(student: Any) -> None:
    """Raise ValueError unless the last step of a student can learn from weighted rows."""
    last = student
    while isinstance(last, Pipeline):
        last = last[-1]
    if not has_fit_parameter(last, "sample_weight"):
        where = "" if last is student else f", the last step of the student, {last!r},"
        raise ValueError(
            f"student={student!r} cannot learn soft labels: they are weights of rows, and its "
            f"fit{where} takes no sample_weight. Let it end in a classifier that does, such as "
            "LogisticRegression or SVMClassifier; a search goes around the DistilledClassifier, "
            "not into it."
        )
