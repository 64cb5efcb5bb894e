"""What a fitted head says of rows, as numbers: probabilities, votes or values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

Say = Callable[[Any, Any], np.ndarray]  # of a fitted head and rows


def class_shares(estimator: Any, X: Any, classes: np.ndarray) -> np.ndarray:
    """Probabilities of `classes`, or what stands for them; NaN for those never seen.

    Decision values go through the logistic function for two classes, and through softmax for more.
    """
    if hasattr(estimator, "predict_proba"):
        shares = estimator.predict_proba(X)
    else:
        shares = _squashed(estimator, estimator.decision_function(X))
    said = np.full((len(shares), len(classes)), np.nan)
    said[:, np.searchsorted(classes, estimator.classes_)] = shares
    return said


def votes(estimator: Any, X: Any, classes: np.ndarray) -> np.ndarray:
    """1 for the class that is predicted, 0 for the others."""
    chosen = np.searchsorted(classes, estimator.predict(X))
    return np.eye(len(classes))[chosen]


def values(estimator: Any, X: Any) -> np.ndarray:
    """Predictions of a regressor, as a column."""
    return np.reshape(estimator.predict(X), (-1, 1))


def _squashed(estimator: Any, decisions: np.ndarray) -> np.ndarray:
    if decisions.ndim == 1:
        return np.column_stack([expit(-decisions), expit(decisions)])
    if decisions.shape[1] != len(estimator.classes_) or _by_pairs(estimator):
        raise ValueError(
            f"{estimator!r} gives {decisions.shape[1]} decision values for "
            f"{len(estimator.classes_)} classes: set decision_function_shape='ovr'."
        )
    return softmax(decisions, axis=1)


def _by_pairs(estimator: Any) -> bool:
    """Tell whether decisions are of pairs of classes; of three classes there are three pairs."""
    last = estimator
    while isinstance(last, Pipeline | FrozenEstimator):
        last = last[-1] if isinstance(last, Pipeline) else last.estimator
    return getattr(last, "decision_function_shape", "ovr") == "ovo"
