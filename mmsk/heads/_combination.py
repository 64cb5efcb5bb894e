"""Rules by which what several heads say becomes one answer.

Everything is in an array ``said`` of shape (n_heads, n_rows, n_outputs), an output for each class
or one for a real target. NaN is silence: the head does not have the row's block, or has never seen
the class. Each output is judged by the heads that say something of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LEAST_SHARE = np.finfo(np.float64).eps  # no head alone can rule out a class in a product


def combine(
    said: np.ndarray, rule: str, prior: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Combine what the heads say of each row.

    Parameters
    ----------
    said : ndarray of shape (n_heads, n_rows, n_outputs)
        What each head says; NaN where it is silent.
    rule : {"mean", "product", "max", "median", "majority"}
        ``"product"`` is the geometric mean; ``"majority"`` is the mean of votes.
    prior : ndarray of shape (n_outputs,)
        Said of rows of which every head is silent.
    weights : ndarray of shape (n_heads,), default=None
        Weights of the heads in a mean; one of weight 0 is silent. None is equal weights.

    Returns
    -------
    combined : ndarray of shape (n_rows, n_outputs), dtype float64
        An output of which alone all heads are silent is 0.
    """
    combined = RULES[rule](said) if weights is None else _weighted_mean(said, weights)
    silent = np.isnan(combined)
    combined[silent] = 0.0
    combined[silent.all(axis=1)] = prior
    return combined


def stacked(said: np.ndarray, prior: np.ndarray, with_gaps: np.ndarray) -> np.ndarray:
    """Lay out what the heads say as features of a final estimator.

    Parameters
    ----------
    said : ndarray of shape (n_heads, n_rows, n_outputs)
        What each head says; NaN where it is silent.
    prior : ndarray of shape (n_outputs,)
        Stands for a head that is silent of a whole row. A class that a head has never seen is 0.
    with_gaps : ndarray of shape (n_heads,), dtype bool
        The heads that get a feature which is 1 where they are silent.

    Returns
    -------
    features : ndarray of shape (n_rows, n_features), dtype float64
        The outputs of each head, of two classes only the second, and then the gaps.
    """
    silent = np.isnan(said)
    filled = np.where(silent, 0.0, said)
    gaps = silent.all(axis=2)
    filled[gaps] = prior
    if filled.shape[2] == 2:
        filled = filled[:, :, 1:]
    outputs = np.moveaxis(filled, 0, 1).reshape(said.shape[1], -1)
    return np.hstack([outputs, gaps[with_gaps].T])


def _weighted_mean(said: np.ndarray, weights: np.ndarray) -> np.ndarray:
    silent = np.isnan(said)
    total = np.tensordot(weights, np.where(silent, 0.0, said), axes=1)
    weight = np.tensordot(weights, ~silent, axes=1)
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)


def _mean(said: np.ndarray) -> np.ndarray:
    return _weighted_mean(said, np.ones(len(said)))


def _product(said: np.ndarray) -> np.ndarray:
    return np.exp(_mean(np.log(np.maximum(said, LEAST_SHARE))))


def _max(said: np.ndarray) -> np.ndarray:
    return np.fmax.reduce(said, axis=0)


def _median(said: np.ndarray) -> np.ndarray:
    median = np.full(said.shape[1:], np.nan)
    spoken = ~np.isnan(said).all(axis=0)
    median[spoken] = np.nanmedian(said[:, spoken], axis=0)
    return median


RULES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": _mean,
    "product": _product,
    "max": _max,
    "median": _median,
    "majority": _mean,
}
