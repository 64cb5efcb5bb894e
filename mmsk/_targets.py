"""Targets as networks learn them: class numbers, or real targets of unit variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from mmsk._validation import check_target


@dataclass(frozen=True)
class EncodedTarget:
    """A target as a network learns it, and the way back.

    Attributes
    ----------
    values : ndarray of shape (n_rows,), dtype int64 or float32
        Class numbers from 0, or real targets of mean 0 and variance 1.
    classes : ndarray of shape (n_classes,) or None
        The labels, sorted; None for a real target.
    mean, deviation : float
        What a real target was before: ``values * deviation + mean``.
    """

    values: np.ndarray
    classes: np.ndarray | None
    mean: float = 0.0
    deviation: float = 1.0


def encode_target(learner: str, y: Any, rows: Any) -> EncodedTarget:
    """Check a target and encode it.

    Parameters
    ----------
    learner : str
        What learns from the target, for the message.
    y : array-like of shape (n_rows,)
        Labels, or real targets.
    rows : sized
        The rows that it is for.

    Returns
    -------
    target : EncodedTarget
        The encoded target.

    Raises
    ------
    ValueError
        If `check_target` refuses it, or all labels are equal.
    """
    y = check_target(learner, y, rows)
    if not is_classes(y):
        real = y.astype(np.float64)
        mean, deviation = float(real.mean()), float(real.std() or 1)
        return EncodedTarget(((real - mean) / deviation).astype(np.float32), None, mean, deviation)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds 1 class, {y.tolist()[0]!r}: {learner} learns from what tells two or more "
            "apart."
        )
    return EncodedTarget(codes.astype(np.int64), classes)


def is_classes(y: np.ndarray) -> bool:
    """Tell whether a target holds classes; numbers that hardly ever repeat are real targets."""
    if y.dtype.kind in "iuf" and 2 * len(np.unique(y)) > len(y):
        return False
    return not type_of_target(y).startswith("continuous")
