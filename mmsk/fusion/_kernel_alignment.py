"""Weights of kernels by centred alignment with the target."""

from __future__ import annotations

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
        At least 0, with a sum of 1; equal ones where no kernel says anything of the target. Two
        kernels that say the same share one weight.

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
