"""The ways to solve an SVM, each giving the same solution.

``gram``    all kernel values by BLAS, then scikit-learn's libsvm on the finished matrix
``intelex`` scikit-learn-intelex, one model for each pair of classes
``cuml``    cuML on a GPU, likewise
``libsvm``  scikit-learn's own fit, which needs no solution of ours
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from itertools import combinations
from typing import Any

import numpy as np
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.svm import SVC, SVR

from mmsk._device import resolve_device
from mmsk._optional import import_optional
from mmsk.heads._gram import KERNELS, Kernel, gram_matrix
from mmsk.heads._svm_solution import Solution

SOLVERS = ("auto", "gram", "libsvm", "intelex", "cuml")


def choose_solver(solver: str, kernel: Kernel, X: Any, max_gram_mib: float) -> str:
    """Name the solver that ``solver`` stands for on the rows `X`.

    Raises
    ------
    ValueError
        If a solver is named that cannot take this kernel, this size or this machine.
    """
    if kernel.name not in KERNELS:
        if solver not in ("auto", "libsvm"):
            raise ValueError(
                f"solver={solver!r} takes the kernels {', '.join(map(repr, KERNELS))} only. "
                "Use solver='auto' for a callable or precomputed kernel."
            )
        return "libsvm"
    needed = 8 * X.shape[0] ** 2 / 2**20
    if solver == "auto":
        if needed <= max_gram_mib:
            return "gram"
        # With other kernels intelex was seen to stop at another solution than libsvm.
        return "intelex" if kernel.name == "rbf" and find_spec("sklearnex") else "libsvm"
    if solver == "gram" and needed > max_gram_mib:
        raise ValueError(
            f"solver='gram' needs {needed:,.0f} MiB for {X.shape[0]:,} rows, but "
            f"max_gram_mib={max_gram_mib:g}. Raise it, or use solver='auto'."
        )
    if solver == "cuml" and resolve_device("auto") == "cpu":
        raise ValueError("solver='cuml' needs a CUDA GPU, but there is none. Use solver='auto'.")
    return solver


def solve_gram(
    model: Any, kernel: Kernel, X: Any, y: np.ndarray, weights: np.ndarray | None, reuse_mib: float
) -> Solution:
    """Solve by libsvm on the finished kernel matrix.

    Parameters
    ----------
    model : SVC or SVR
        An unfitted model with the parameters of the solver.
    kernel : Kernel
        The kernel.
    X : ndarray or CSR of shape (n_rows, n_features)
        Training rows.
    y : ndarray of shape (n_rows,)
        Numbers of the classes, or targets.
    weights : ndarray of shape (n_rows,) or None
        Positive weights of the rows.
    reuse_mib : float
        Memory for inner products that are kept for the next fit.

    Returns
    -------
    solution : Solution
        The solution.
    """
    classify = isinstance(model, SVC)
    # Rows grouped by class make each one-vs-one problem a block of the matrix.
    order = np.argsort(y, kind="stable") if classify else np.arange(len(y))
    gram = gram_matrix(kernel, X[order] if classify else X, model.C, reuse_mib)
    solver = clone(model).set_params(kernel="precomputed")
    with config_context(assume_finite=True):
        solver.fit(gram, y[order], None if weights is None else weights[order])
    return Solution(
        support=order[solver.support_],
        n_support=solver._n_support,
        dual_coef=solver._dual_coef_,
        intercept=solver._intercept_,
        n_iter=solver._num_iter,
        fit_status=solver.fit_status_,
    )


def solve_pairs(
    make: Callable[[], Any], X: Any, y: np.ndarray, weights: np.ndarray | None, n_classes: int
) -> Solution:
    """Solve a classification by a binary model of another library for each pair of classes.

    Parameters
    ----------
    make : callable
        Gives an unfitted binary classifier with scikit-learn's attributes and signs.
    X : ndarray or CSR of shape (n_rows, n_features)
        Training rows.
    y : ndarray of shape (n_rows,)
        Numbers of the classes.
    weights : ndarray of shape (n_rows,) or None
        Positive weights of the rows.
    n_classes : int
        Number of classes.

    Returns
    -------
    solution : Solution
        The pairs, put together as libsvm does.
    """
    coef = np.zeros((n_classes - 1, X.shape[0]))
    intercepts, iterations = [], []
    for first, second in combinations(range(n_classes), 2):
        rows = np.flatnonzero((y == first) | (y == second))
        model = make().fit(X[rows], (y[rows] == second).astype(y.dtype), _part(weights, rows))
        found = rows[_numpy(model.support_).astype(np.intp)]
        # A positive value of the binary model stands for its second class, in libsvm the first.
        values = -_numpy(model.dual_coef_).ravel()
        is_first = y[found] == first
        coef[second - 1, found[is_first]] = values[is_first]
        coef[first, found[~is_first]] = values[~is_first]
        intercepts.append(-_numpy(model.intercept_).ravel()[0])
        iterations.append(_iterations(model))
    support = np.flatnonzero(coef.any(axis=0))
    support = support[np.argsort(y[support], kind="stable")]
    return Solution(
        support=support,
        n_support=np.bincount(y[support].astype(np.intp), minlength=n_classes),
        dual_coef=np.ascontiguousarray(coef[:, support]),
        intercept=np.asarray(intercepts),
        n_iter=np.asarray(iterations),
    )


def solve_regression(model: Any, X: Any, y: np.ndarray, weights: np.ndarray | None) -> Solution:
    """Solve a regression by an unfitted model of another library."""
    model.fit(X, y, weights)
    support = _numpy(model.support_).astype(np.intp)
    order = np.argsort(support)
    return Solution(
        support=support[order],
        n_support=np.array([len(support)] * 2),
        dual_coef=_numpy(model.dual_coef_).reshape(1, -1)[:, order].astype(np.float64),
        intercept=_numpy(model.intercept_).ravel().astype(np.float64),
        n_iter=np.array([_iterations(model)]),
    )


def foreign_model(solver: str, model: Any, gamma: float) -> Any:
    """Unfitted model of intelex or cuML with the parameters of a scikit-learn SVC or SVR."""
    names = ("C", "kernel", "degree", "coef0", "tol", "cache_size")
    settings = {name: getattr(model, name) for name in names} | {"gamma": gamma}
    if model.max_iter != -1:
        settings["max_iter"] = model.max_iter
    if isinstance(model, SVR):
        settings["epsilon"] = model.epsilon
    if solver == "intelex":
        library = import_optional("sklearnex.svm", needed_for="solver='intelex'", extra="intel")
    else:
        library = import_optional("cuml.svm", needed_for="solver='cuml'", extra="gpu")
        settings["output_type"] = "numpy"
    return getattr(library, type(model).__name__)(**settings)


def _part(weights: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if weights is None else weights[rows]


def _numpy(values: Any) -> np.ndarray:
    # intelex gives sparse coefficients for sparse rows.
    return np.asarray(values.toarray() if sparse.issparse(values) else values)


def _iterations(model: Any) -> int:
    return int(np.sum(_numpy(model.n_iter_)))
