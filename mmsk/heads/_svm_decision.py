"""Decision values of a fitted scikit-learn SVM, by BLAS instead of libsvm's loop."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import _ovr_decision_function

from mmsk.heads._gram import KERNELS, Kernel, kernel_chunks

_FEW_ROWS = 8  # below, reading all support vectors to prepare the product takes longer than libsvm


def worth_blas(model: Any, X: Any) -> bool:
    """Tell whether `decision_values` takes this SVC or SVR and is faster on these rows."""
    # libsvm forgets a class whose rows all weigh nothing.
    complete = len(model._n_support) == len(getattr(model, "classes_", (0, 1)))
    return model.kernel in KERNELS and complete and X.shape[0] > _FEW_ROWS


def with_names(model: Any, X: Any) -> Any:
    """Give rows the feature names that a scikit-learn model asks for, if it has any."""
    names = getattr(model, "feature_names_in_", None)
    return X if names is None else pd.DataFrame(X, columns=names)


def decision_values(model: Any, X: Any) -> np.ndarray:
    """Decision values of each row for each pair of classes, or of the regression.

    Parameters
    ----------
    model : SVC or SVR
        A fitted model.
    X : ndarray or CSR of shape (n_rows, n_features)
        Rows to predict.

    Returns
    -------
    values : ndarray of shape (n_rows, n_models), dtype float64
        The values of ``decision_function`` with ``decision_function_shape="ovo"``.
    """
    if model.kernel == "linear":
        X = X.astype(np.float64, copy=False)
        return safe_sparse_dot(X, model.coef_.T, dense_output=True) + model.intercept_
    kernel = Kernel(model.kernel, model._gamma, model.degree, model.coef0)
    values = np.empty((X.shape[0], len(model.intercept_)))
    for rows, similarities in kernel_chunks(kernel, X, model.support_vectors_, model.C):
        values[rows] = values_of(model, similarities)
    return values


def values_of(model: Any, similarities: np.ndarray) -> np.ndarray:
    """Decision values from kernel values.

    Parameters
    ----------
    model : SVC or SVR
        A fitted model.
    similarities : ndarray of shape (n_rows, n_vectors)
        Kernel values of rows with the support vectors.

    Returns
    -------
    values : ndarray of shape (n_rows, n_models), dtype float64
        As `decision_values` gives them.
    """
    coef = model.dual_coef_.toarray() if sparse.issparse(model.dual_coef_) else model.dual_coef_
    return _combined(similarities, coef, model._n_support) + model.intercept_


def shaped(values: np.ndarray, n_classes: int, shape: str) -> np.ndarray:
    """Give decision values of the pairs the form of `decision_function_shape`."""
    if n_classes == 2:
        return values.ravel()
    if shape == "ovo":
        return values
    return _ovr_decision_function(values < 0, -values, n_classes)


def votes(values: np.ndarray, n_classes: int) -> np.ndarray:
    """Count the votes of the pairs: the class with most, the first of those that tie."""
    if n_classes == 2:
        return (values[:, 0] >= 0).astype(np.intp)
    counts = np.zeros((len(values), n_classes), dtype=np.intp)
    for pair, (first, second) in enumerate(combinations(range(n_classes), 2)):
        wins = values[:, pair] > 0
        counts[:, first] += wins
        counts[:, second] += ~wins
    return counts.argmax(axis=1)


def _combined(similarities: np.ndarray, coef: np.ndarray, n_support: np.ndarray) -> np.ndarray:
    if len(coef) == 1:
        return similarities @ coef.T
    bounds = np.concatenate([[0], np.cumsum(n_support)])
    parts = [
        similarities[:, start:stop] @ coef[:, start:stop].T for start, stop in pairwise(bounds)
    ]
    # The vectors of a class have one coefficient for each other class, in order.
    pairs = combinations(range(len(parts)), 2)
    sums = [parts[first][:, second - 1] + parts[second][:, first] for first, second in pairs]
    return np.stack(sums, axis=1)
