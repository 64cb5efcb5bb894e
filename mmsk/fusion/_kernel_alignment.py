"""Weights of kernels by centred alignment with the target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import linalg, optimize


def alignment_weights(products: np.ndarray, with_target: np.ndarray) -> np.ndarray:
    """Weights of the sum of kernels that is best aligned with the target's kernel.

    Parameters
    ----------
    products : ndarray of shape (n_kernels, n_kernels)
        Frobenius inner products of the centred kernels with each other.
    with_target : ndarray of shape (n_kernels,)
        Their Frobenius inner products with the centred kernel of the target.

    Returns
    -------
    weights : ndarray of shape (n_kernels,), dtype float64
        At least 0, with a sum of 1; equal ones where no kernel says anything of the target. Of
        two kernels that say the same, one may get the weight of both.

    References
    ----------
    Cortes, C., Mohri, M., Rostamizadeh, A. (2012). Algorithms for learning kernels based on
    centered alignment. Journal of Machine Learning Research 13. (``alignf``, proposition 9.)
    """
    equal = np.full(len(with_target), 1 / max(1, len(with_target)))
    norms = np.sqrt(np.diag(products))
    telling = norms > 0
    if not (with_target[telling] > 0).any():
        return equal
    # On kernels of unit norm: min v'Mv - 2v'a over v >= 0 is least squares |M^1/2 v - M^-1/2 a|.
    scale = norms[telling]
    values, vectors = linalg.eigh(products[np.ix_(telling, telling)] / np.outer(scale, scale))
    kept = values > values.max() * len(values) * np.finfo(np.float64).eps
    roots, vectors = np.sqrt(values[kept]), vectors[:, kept]
    target = (vectors.T @ (with_target[telling] / scale)) / roots
    solution, _ = optimize.nnls(roots[:, None] * vectors.T, target)
    weights = np.zeros(len(with_target))
    weights[telling] = solution / scale
    return weights / weights.sum() if weights.sum() > 0 else equal


def weights_of_maps(
    maps: Sequence[tuple[np.ndarray, np.ndarray]], target: np.ndarray
) -> np.ndarray:
    """Weights of kernels given by their feature maps, as `alignment_weights` gives them.

    Kernels are centred over the rows that have the block, so that which rows lack it has no say.

    Parameters
    ----------
    maps : sequence of (ndarray of shape (n_rows, n_features), ndarray of shape (n_rows,))
        Rows mapped by each kernel, and the mask of those that have the block.
    target : ndarray of shape (n_rows, n_columns)
        Columns whose inner products are the target's kernel.

    Returns
    -------
    weights : ndarray of shape (n_kernels,), dtype float64
        At least 0, with a sum of 1.
    """
    centred = [_centred(features, present) for features, present in maps]
    # The Frobenius product of two kernels A A' and B B' is the squared norm of A' B.
    products = np.array([[np.sum((a.T @ b) ** 2) for b in centred] for a in centred])
    return alignment_weights(products, np.array([np.sum((a.T @ target) ** 2) for a in centred]))


def _centred(features: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Features less their mean over the rows that are present; the others stay zeros."""
    centred = np.zeros(features.shape)
    centred[present] = features[present] - features[present].mean(axis=0, dtype=np.float64)
    return centred
