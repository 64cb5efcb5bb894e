"""Support vector regression, several times faster than SVR and stored as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.svm import SVR
from sklearn.utils import column_or_1d

from mmsk._progress import as_fit_task
from mmsk._validation import check_number
from mmsk.heads._svm_base import BaseSVM, row_weights
from mmsk.heads._svm_decision import decision_values, with_names, worth_blas


class SVMRegressor(RegressorMixin, BaseSVM):
    """Support vector regressor that predicts like scikit-learn's SVR, and is faster.

    The kernel values come from BLAS, the solution from scikit-learn's solver, and the fitted model
    is an ordinary :class:`~sklearn.svm.SVR` in ``svr_``; see `SVMClassifier`.

    Parameters
    ----------
    kernel : {"rbf", "linear", "poly", "sigmoid", "precomputed"} or callable, default="rbf"
        The kernel. ``"precomputed"`` and callables are left to SVR.
    degree : int, default=3
        Degree of the kernel ``"poly"``.
    gamma : {"scale", "auto"} or float, default="scale"
        Factor in the kernels ``"rbf"``, ``"poly"`` and ``"sigmoid"``: ``1 / (n_features *
        X.var())``, ``1 / n_features``, or a number.
    coef0 : float, default=0.0
        Constant in the kernels ``"poly"`` and ``"sigmoid"``.
    tol : float, default=1e-3
        Tolerance at which the solver stops.
    C : float, default=1.0
        Inverse strength of the regularization.
    epsilon : float, default=0.1
        Errors up to this size, in units of `y`, cost nothing. Scale `y`, or set it to fit.
    shrinking : bool, default=True
        Whether the solver leaves out rows that seem settled.
    cache_size : float, default=200
        Memory of the solver for kernel rows, in MB.
    max_iter : int, default=-1
        Most iterations of the solver; -1 is no limit.
    solver : {"auto", "gram", "libsvm", "intelex", "cuml"}, default="auto"
        How the same model is found, as in `SVMClassifier`.
    max_gram_mib : float, default=2048
        Most memory for the kernel matrix, in MiB, as in `SVMClassifier`.
    reuse_mib : float, default=256
        Memory, in MiB, for inner products kept for the next fit, as in `SVMClassifier`.

    Attributes
    ----------
    svr_ : SVR
        The fitted scikit-learn model, with support vectors and the real kernel. Its
        predictions are the same.
    solver_ : str
        The solver that was used.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of str
        Names of the features, where `X` had names.

    See Also
    --------
    SVMClassifier : The same for labels.

    References
    ----------
    Chang, Lin: LIBSVM, a library for support vector machines. ACM TIST 2 (2011).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from mmsk import SVMRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> head = SVMRegressor(C=100.0).fit(X, y)
    >>> round(head.score(X, y), 2)
    0.67
    >>> head.svr_
    SVR(C=100.0)
    """

    def __init__(
        self,
        *,
        kernel: str | Callable[[Any, Any], Any] = "rbf",
        degree: int = 3,
        gamma: float | str = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        C: float = 1.0,
        epsilon: float = 0.1,
        shrinking: bool = True,
        cache_size: float = 200,
        max_iter: int = -1,
        solver: str = "auto",
        max_gram_mib: float = 2048,
        reuse_mib: float = 256,
    ) -> None:
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.tol = tol
        self.C = C
        self.epsilon = epsilon
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.max_iter = max_iter
        self.solver = solver
        self.max_gram_mib = max_gram_mib
        self.reuse_mib = reuse_mib

    @as_fit_task
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows with their target values.

        Parameters
        ----------
        X : ndarray, CSR, DataFrame or FeatureBlocks of shape (n_rows, n_features)
            The features, finite.
        y : array-like of shape (n_rows,)
            Target values.
        sample_weight : array-like of shape (n_rows,), default=None
            Factor on C for each row.

        Returns
        -------
        self : SVMRegressor
            The fitted head.

        Raises
        ------
        ValueError
            If a parameter, the rows or the targets are not valid.
        MissingDependencyError
            If the package of a named `solver` is not installed.
        """
        self._check_parameters()
        check_number("epsilon", self.epsilon, low=0)
        X, y = self._validate(X, y)
        y = column_or_1d(y, warn=True).astype(np.float64, copy=False)
        sample_weight = row_weights(sample_weight, X)
        svr = SVR(epsilon=self.epsilon, **self._settings())
        self.solver_ = self._fit_model(svr, X, y, sample_weight, n_classes=0)
        if self.solver_ == "libsvm":
            svr.fit(X, y, sample_weight)
        self.svr_ = self._name_features(svr)
        return self

    @property
    def _model(self) -> SVR:
        return self.svr_

    def predict(self, X: Any) -> np.ndarray:
        """Predict the target value of each row.

        Parameters
        ----------
        X : ndarray, CSR, DataFrame or FeatureBlocks of shape (n_rows, n_features)
            The features.

        Returns
        -------
        values : ndarray of shape (n_rows,), dtype float64
            The predicted values.
        """
        X = self._validate_rows(X)
        if not worth_blas(self.svr_, X):
            return self.svr_.predict(with_names(self.svr_, X))
        return decision_values(self.svr_, X).ravel()
