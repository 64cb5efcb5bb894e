"""What any SVM solver finds, and its form as an ordinary scikit-learn model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.svm import SVC


@dataclass(frozen=True)
class Solution:
    """Support vectors and coefficients, signed as libsvm has them.

    Attributes
    ----------
    support : ndarray of shape (n_vectors,)
        Rows of the support vectors, grouped by class.
    n_support : ndarray of shape (n_classes,)
        Support vectors of each class; for regression their number, twice.
    dual_coef : ndarray of shape (max(1, n_classes - 1), n_vectors)
        Coefficients; a positive value of the model of classes i < j stands for class i.
    intercept : ndarray of shape (n_models,)
        Intercept of each pair of classes, or of the regression.
    n_iter : ndarray of shape (n_models,)
        Iterations of each model.
    fit_status : int
        0 where the solver converged, otherwise 1.
    """

    support: np.ndarray
    n_support: np.ndarray
    dual_coef: np.ndarray
    intercept: np.ndarray
    n_iter: np.ndarray
    fit_status: int = 0


def as_sklearn(model: Any, solution: Solution, X: Any, rows: np.ndarray, gamma: float) -> None:
    """Fill an unfitted SVC or SVR with a solution, as if it had been fitted itself.

    Parameters
    ----------
    model : SVC or SVR
        An unfitted model with the parameters of the kernel. The caller adds the classes.
    solution : Solution
        What the solver found.
    X : ndarray or CSR of shape (n_rows, n_features)
        The training rows.
    rows : ndarray of shape (n_rows_used,)
        Rows of `X` that the solver was given.
    gamma : float
        The number that the parameter `gamma` stands for.
    """
    model._sparse = sparse.issparse(X)
    model._gamma = gamma
    model._effective_probability = False
    model._probA = model._probB = np.empty(0)
    model.support_ = rows[solution.support].astype(np.int32)
    model.support_vectors_ = X[model.support_].astype(np.float64)
    model._n_support = solution.n_support.astype(np.int32)
    model._dual_coef_ = (
        _every_entry(solution.dual_coef, type(X)) if model._sparse else solution.dual_coef
    )
    model._intercept_ = solution.intercept
    binary = isinstance(model, SVC) and len(solution.intercept) == 1
    model.dual_coef_ = -model._dual_coef_ if binary else model._dual_coef_
    model.intercept_ = -solution.intercept if binary else solution.intercept.copy()
    model._num_iter = solution.n_iter.astype(np.intc)
    model.n_iter_ = model._num_iter if isinstance(model, SVC) else int(model._num_iter[0])
    model.fit_status_ = solution.fit_status
    model.shape_fit_ = X.shape


def _every_entry(dense: np.ndarray, kind: Any) -> Any:
    # libsvm reads the stored values as a full matrix, so zeros must be stored as well.
    n_rows, n_columns = dense.shape
    indices = np.tile(np.arange(n_columns, dtype=np.int32), n_rows)
    indptr = np.arange(n_rows + 1, dtype=np.int32) * n_columns
    return kind((dense.ravel(), indices, indptr), shape=dense.shape)
