"""One head on one block: fitted on the rows that have it, and asked out of fold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import has_fit_parameter

from mmsk.fusion._scaling import BlockScale, learn_scale
from mmsk.heads._folds import Fold
from mmsk.heads._say import Say


@dataclass(frozen=True)
class BlockTask:
    """What a head is to learn.

    Attributes
    ----------
    estimator : estimator
        Cloned, never fitted itself.
    block : {ndarray, CSR} of shape (n_rows, width)
        The block in all rows.
    present : ndarray of shape (n_rows,), dtype bool
        The rows that have the block.
    y : ndarray of shape (n_rows,)
        Targets.
    weight : ndarray of shape (n_rows,) or None
        Weights of the rows; nothing is learned from rows of weight 0.
    scale : {"standard", "block", None}
        How the block is scaled for the head.
    """

    estimator: Any
    block: Any
    present: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    scale: str | None

    def fit(self) -> tuple[BlockScale | None, Any] | None:
        """Return fitted scale and head; None for no rows or columns, or rows of one class only."""
        rows = self.present if self.weight is None else self.present & (self.weight > 0)
        y = self.y[rows]
        fewest = 2 if is_classifier(self.estimator) else 1
        if len(np.unique(y)) < fewest or self.block.shape[1] == 0:
            return None
        scale = None
        if self.scale is not None:
            scale = learn_scale(self.block, rows, self.scale, self.weight)
        weight = None if self.weight is None else self.weight[rows]
        features = features_of(self.block, rows, scale)
        return scale, fit_weighted(clone(self.estimator), features, y, weight)


def features_of(block: Any, rows: np.ndarray, scale: BlockScale | None) -> Any:
    """Rows of a block, by a mask, as its head gets them: in the block's dtype."""
    part = block if rows.all() else block[np.flatnonzero(rows)]
    return part if scale is None else scale.apply(part, block.dtype)


def fit_weighted(estimator: Any, X: Any, y: np.ndarray, weight: np.ndarray | None) -> Any:
    """Fit in place, with the weights of the rows where the estimator takes them."""
    name = None if weight is None else _name_of_weight(estimator)
    if name is None:
        return estimator.fit(X, y)
    # Under metadata routing a pipeline would refuse the weights: nobody has requested them.
    with config_context(enable_metadata_routing=False):
        return estimator.fit(X, y, **{name: weight})


def said_out_of_fold(
    tasks: list[BlockTask], folds: list[Fold], say: Say, n_outputs: int, n_jobs: int | None
) -> np.ndarray:
    """Let every head say something of rows that it was not fitted on.

    Parameters
    ----------
    tasks : list of BlockTask
        One per head.
    folds : list of (ndarray of int, ndarray of int)
        Training rows and test rows, the same for all heads; each is fitted and asked on those that
        have its block.
    say : callable
        Function from a fitted head and rows to what the head says.
    n_outputs : int
        Number of columns of what it says.
    n_jobs : int or None
        Fits that run at the same time.

    Returns
    -------
    said : ndarray of shape (n_heads, n_rows, n_outputs)
        NaN where a row lacks the block, or a fold had nothing to learn from.
    """
    said = np.full((len(tasks), len(tasks[0].y), n_outputs), np.nan)
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_said_of_fold)(task, train, test, say)
        for task, (train, test) in product(tasks, folds)
    )
    for (of_head, _), (asked, part) in zip(product(said, folds), parts, strict=True):
        of_head[asked] = part
    return said


def _said_of_fold(
    task: BlockTask, train: np.ndarray, test: np.ndarray, say: Say
) -> tuple[np.ndarray, Any]:
    """Return which of the rows `test` have the block, and what a head fitted on `train` says."""
    head = replace(task, present=task.present & _mask(train, len(task.y))).fit()
    asked = task.present & _mask(test, len(task.y))
    if head is None or not asked.any():
        return asked, np.nan
    scale, estimator = head
    return asked, say(estimator, features_of(task.block, asked, scale))


def _name_of_weight(estimator: Any) -> str | None:
    if isinstance(estimator, Pipeline):
        step, last = estimator.steps[-1]
        name = _name_of_weight(last)
        return None if name is None else f"{step}__{name}"
    return "sample_weight" if has_fit_parameter(estimator, "sample_weight") else None


def _mask(rows: np.ndarray, n_rows: int) -> np.ndarray:
    mask = np.zeros(n_rows, dtype=bool)
    mask[rows] = True
    return mask
