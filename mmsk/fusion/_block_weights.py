"""Weights of blocks learned from the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import balanced_accuracy_score, make_scorer
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state

from mmsk._targets import is_classes

MOST_ROWS_ALIGNED = 2000
N_FOLDS = 3


def score_of_block(block: Any, y: np.ndarray) -> float:
    """Cross-validated score of a ridge model on one block, 0 at chance and 1 at best.

    Parameters
    ----------
    block : {ndarray, CSR} of shape (n_rows, width)
        The scaled block in the rows that have it.
    y : ndarray of shape (n_rows,)
        Classes or real targets.

    Returns
    -------
    score : float
        Balanced accuracy adjusted for chance for classes (those with fewer members than folds
        are left out), R2 for real targets; never below 0, and 0 where there are too few rows or
        no columns.
    """
    model, scoring = Ridge(), "r2"
    if is_classes(y):
        model, scoring = RidgeClassifier(), make_scorer(balanced_accuracy_score, adjusted=True)
        rows = _rows_of_common_classes(y)
        block, y = block[rows], y[rows]
    if len(y) < 2 * N_FOLDS or len(np.unique(y)) < 2 or block.shape[1] == 0:
        return 0.0
    return max(0.0, float(cross_val_score(model, block, y, cv=N_FOLDS, scoring=scoring).mean()))


def alignment_of_block(block: Any, y: np.ndarray) -> float:
    """Centred alignment of the linear kernel of one block with that of the target, in [0, 1].

    Parameters
    ----------
    block : {ndarray, CSR} of shape (n_rows, width)
        The scaled block in the rows that have it. Of more than 2,000 rows a fixed random
        subset is used.
    y : ndarray of shape (n_rows,)
        Classes or real targets.

    Returns
    -------
    alignment : float
        <K, Ky> / (|K| |Ky|) of the centred kernels in the Frobenius sense; 0 where either says
        nothing or there are fewer than two rows.

    References
    ----------
    Cortes, C., Mohri, M., Rostamizadeh, A. (2012). Algorithms for learning kernels based on
    centered alignment. Journal of Machine Learning Research 13.
    """
    if len(y) < 2:
        return 0.0
    rows = rows_to_align(len(y))
    kernel = _centred_kernel(block[rows])
    target_kernel = _centred_kernel(target_columns(y[rows]))
    norms = np.linalg.norm(kernel) * np.linalg.norm(target_kernel)
    return float(max(0.0, np.vdot(kernel, target_kernel) / norms)) if norms > 0 else 0.0


def rows_to_align(n_rows: int) -> slice | np.ndarray:
    """All rows, or a fixed random subset of 2,000 where there are more."""
    if n_rows <= MOST_ROWS_ALIGNED:
        return slice(None)
    return check_random_state(0).permutation(n_rows)[:MOST_ROWS_ALIGNED]


def target_columns(y: np.ndarray) -> np.ndarray:
    """Columns whose inner products are the target's kernel: classes one by one, or the numbers."""
    columns = LabelBinarizer().fit_transform(y) if is_classes(y) else np.reshape(y, (len(y), -1))
    return columns.astype(np.float64)


def _rows_of_common_classes(y: np.ndarray) -> np.ndarray:
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    return np.flatnonzero(counts[codes] >= N_FOLDS)


def _centred_kernel(block: Any) -> np.ndarray:
    if sparse.issparse(block):
        kernel = (block @ block.T).toarray().astype(np.float64)
    else:
        wide = np.asarray(block, dtype=np.float64)
        kernel = wide @ wide.T
    kernel -= kernel.mean(axis=0)
    kernel -= kernel.mean(axis=1)[:, None]
    return kernel
