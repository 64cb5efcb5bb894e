"""What the SVM classifier and the SVM regressor share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from mmsk._validation import check_choice, check_number
from mmsk.heads._gram import KERNELS, Kernel
from mmsk.heads._svm_solution import Solution, as_sklearn
from mmsk.heads._svm_solvers import (
    SOLVERS,
    choose_solver,
    foreign_model,
    solve_gram,
    solve_pairs,
    solve_regression,
)


class BaseSVM(CallbackSupportMixin, BaseEstimator, ABC):
    """Base of the SVM heads, around a scikit-learn model in ``svc_`` or ``svr_``."""

    @property
    @abstractmethod
    def _model(self) -> Any:
        """The fitted scikit-learn model."""

    def _check_parameters(self) -> None:
        if not callable(self.kernel):
            check_choice("kernel", self.kernel, [*KERNELS, "precomputed"])
        if isinstance(self.gamma, str):
            check_choice("gamma", self.gamma, ["scale", "auto"])
        else:
            check_number("gamma", self.gamma, low=0)
        check_number("C", self.C, low=0, low_open=True)
        check_number("degree", self.degree, low=0, integer=True)
        check_number("coef0", self.coef0)
        check_number("tol", self.tol, low=0, low_open=True)
        check_choice("shrinking", self.shrinking, [True, False])
        check_number("cache_size", self.cache_size, low=0, low_open=True)
        check_number("max_iter", self.max_iter, low=-1, integer=True)
        check_choice("solver", self.solver, SOLVERS)
        check_number("max_gram_mib", self.max_gram_mib, low=0)
        check_number("reuse_mib", self.reuse_mib, low=0)

    def _settings(self) -> dict[str, Any]:
        names = ("C", "kernel", "degree", "gamma", "coef0", "shrinking", "tol", "cache_size")
        return {name: getattr(self, name) for name in (*names, "max_iter")}

    def _validate(self, X: Any, y: Any = "no_validation", reset: bool = True) -> Any:
        return validate_data(
            self,
            X,
            y,
            reset=reset,
            dtype=[np.float64, np.float32],
            order="C",
            accept_sparse=False if self.kernel == "precomputed" else "csr",
            accept_large_sparse=False,
        )

    def _validate_rows(self, X: Any) -> Any:
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        if sparse.issparse(X) and not self._model._sparse and not callable(self.kernel):
            raise ValueError(
                f"{type(self).__name__} was fitted on dense rows and got sparse ones. "
                "Use X.toarray(), or fit it on sparse rows."
            )
        return sparse.csr_matrix(X) if self._model._sparse else X

    def _fit_model(
        self, model: Any, X: Any, y: np.ndarray, weights: np.ndarray | None, n_classes: int
    ) -> str:
        """Fit `model` in place by the fastest solver and name it; "libsvm" leaves it unfitted."""
        gamma = self._gamma(X)
        kernel = Kernel(self.kernel, gamma, self.degree, self.coef0)
        solver = choose_solver(self.solver, kernel, X, self.max_gram_mib)
        rows = np.arange(len(y)) if weights is None else np.flatnonzero(weights > 0)
        if solver == "libsvm" or len(rows) == 0 or len(np.unique(y[rows])) < n_classes:
            return "libsvm"
        used = (X, y) if len(rows) == len(y) else (X[rows], y[rows])
        solution = self._solve(
            solver, model, kernel, *used, None if weights is None else weights[rows], n_classes
        )
        as_sklearn(model, solution, X, rows, gamma)
        return solver

    def _solve(
        self,
        solver: str,
        model: Any,
        kernel: Kernel,
        X: Any,
        y: np.ndarray,
        weights: np.ndarray | None,
        n_classes: int,
    ) -> Solution:
        if solver == "gram":
            return solve_gram(model, kernel, X, y, weights, self.reuse_mib)
        make = partial(foreign_model, solver, model, kernel.gamma)
        if n_classes:
            return solve_pairs(make, X, y, weights, n_classes)
        return solve_regression(make(), X, y, weights)

    def _gamma(self, X: Any) -> float:
        if not isinstance(self.gamma, str):
            return float(self.gamma)
        if self.gamma == "auto" or self.kernel not in KERNELS:
            return 1.0 / X.shape[1]
        if sparse.issparse(X):
            values = X.astype(np.float64)
            variance = values.multiply(values).mean() - values.mean() ** 2
        else:
            variance = X.var(dtype=np.float64)
        return 1.0 / (X.shape[1] * variance) if variance != 0 else 1.0

    def _name_features(self, model: Any) -> Any:
        model.n_features_in_ = self.n_features_in_
        if hasattr(self, "feature_names_in_"):
            model.feature_names_in_ = self.feature_names_in_
        return model

    @property
    def support_(self) -> np.ndarray:
        """Rows of the support vectors in the training rows."""
        return self._model.support_

    @property
    def support_vectors_(self) -> Any:
        """Support vectors, of shape (n_support_vectors, n_features)."""
        return self._model.support_vectors_

    @property
    def n_support_(self) -> np.ndarray:
        """Number of support vectors of each class."""
        return self._model.n_support_

    @property
    def dual_coef_(self) -> Any:
        """Coefficients of the support vectors, laid out as in scikit-learn."""
        return self._model.dual_coef_

    @property
    def intercept_(self) -> np.ndarray:
        """Constants of the decision function."""
        return self._model.intercept_

    @property
    def n_iter_(self) -> Any:
        """Iterations of the solver: one number for each pair of classes, or for the regression."""
        return self._model.n_iter_

    @property
    def coef_(self) -> Any:
        """Weights of the features; only with a linear kernel."""
        return self._model.coef_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.kernel == "precomputed"
        tags.input_tags.sparse = self.kernel != "precomputed"
        return tags


def row_weights(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Sample weights as an array of float64, or None."""
    if sample_weight is None:
        return None
    return _check_sample_weight(sample_weight, X, dtype=np.float64)


def check_classifier(head: Any) -> None:
    """Check the parameters that every SVM classifier has."""
    check_choice("break_ties", head.break_ties, [True, False])
    check_choice("decision_function_shape", head.decision_function_shape, ["ovr", "ovo"])
    if not isinstance(head.class_weight, dict):
        check_choice("class_weight", head.class_weight, [None, "balanced"])
    if head.break_ties and head.decision_function_shape == "ovo":
        raise ValueError("break_ties=True needs decision_function_shape='ovr'.")


def numbered(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the classes and the number of each row's class; there must be two classes."""
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            "The number of classes has to be greater than one; got 1 class, "
            f"{classes.tolist()[0]!r}."
        )
    return classes, codes
