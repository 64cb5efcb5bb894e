"""Folds that test every row once."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import check_cv

Fold = tuple[np.ndarray, np.ndarray]


def folds_of(cv: Any, y: np.ndarray, *, classifier: bool) -> list[Fold]:
    """Return training and test rows of each fold.

    Parameters
    ----------
    cv : int, splitter, iterable or None
        The user's parameter of that name; None is 5 folds.
    y : ndarray of shape (n_rows,)
        The target.
    classifier : bool
        Whether a number of folds asks for stratified ones.

    Returns
    -------
    folds : list of (ndarray of int, ndarray of int)
        Training rows and test rows.

    Raises
    ------
    ValueError
        If a row is not tested exactly once.
    """
    folds = list(check_cv(cv, y, classifier=classifier).split(np.zeros((len(y), 1)), y))
    counts = np.bincount(np.concatenate([test for _, test in folds]), minlength=len(y))
    if (counts != 1).any():
        raise ValueError(
            f"cv={cv!r} does not test every row exactly once. Give a number of folds, or "
            "a splitter such as KFold(5)."
        )
    return folds
