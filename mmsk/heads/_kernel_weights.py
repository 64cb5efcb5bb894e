"""Weights of kernels, learned from the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from scipy import sparse
from sklearn import config_context
from sklearn.svm import SVC

from mmsk.fusion._kernel_alignment import alignment_weights
from mmsk.heads._block_products import BlockProducts, tiles
from mmsk.heads._fused_kernel import FusedKernel, kernel_diagonal, kernel_tile
from mmsk.heads._gram import Kernel

RIDGE = 0.1  # lambda of EasyMKL, as its authors set it
_NO_BOUND = 1e6  # C of a hard margin: with the ridge no coefficient comes near it
_TOLERANCE = 1e-4


def best_aligned(
    kernels: Mapping[str, Kernel], blocks: Mapping[str, BlockProducts], y: np.ndarray
) -> np.ndarray:
    """Weights of the sum of kernels that is best aligned with the classes.

    Parameters
    ----------
    kernels : mapping of str to Kernel
        The kernel of each block.
    blocks : mapping of str to BlockProducts
        Inner products of the training rows in each block.
    y : ndarray of shape (n_rows,), dtype int
        Numbers of the classes.

    Returns
    -------
    weights : ndarray of shape (n_kernels,), dtype float64
        At least 0, with a sum of 1.

    References
    ----------
    Cortes, C., Mohri, M., Rostamizadeh, A. (2012). Algorithms for learning kernels based on
    centered alignment. Journal of Machine Learning Research 13.
    """
    n_rows, n_kernels = len(y), len(kernels)
    target = np.eye(y.max() + 1)[y]
    target -= target.mean(axis=0)
    products, with_target = np.zeros((n_kernels, n_kernels)), np.zeros(n_kernels)
    sums = np.zeros((n_kernels, n_rows))
    for rows in tiles(n_rows, n_rows):
        parts = _kernel_rows(kernels, blocks, rows)
        for one, part in enumerate(parts):
            sums[one, rows] = part.sum(axis=1)
            with_target[one] += np.vdot(target[rows], part @ target)
            products[one] += [np.vdot(part, other) for other in parts]
    # What centring the kernels on both sides would take away.
    totals = sums.sum(axis=1)
    products -= 2 / n_rows * sums @ sums.T - np.outer(totals, totals) / n_rows**2
    return alignment_weights(products, with_target)


def max_margin(
    kernels: Mapping[str, Kernel], blocks: Mapping[str, BlockProducts], y: np.ndarray
) -> np.ndarray:
    """Weights of the sum of kernels under which the classes lie far apart (EasyMKL).

    Each kernel weighs by the squared distance that it sees between the two nearest points of the
    convex hulls of two classes. The points are found for the sum of the kernels and a ridge of
    0.1, kernels brought to a diagonal of mean 1; there they are those of a support vector
    machine without bound. Over more than two classes, weights are averaged over the pairs.

    Parameters
    ----------
    kernels : mapping of str to Kernel
        The kernel of each block.
    blocks : mapping of str to BlockProducts
        Inner products of the training rows in each block.
    y : ndarray of shape (n_rows,), dtype int
        Numbers of the classes.

    Returns
    -------
    weights : ndarray of shape (n_kernels,), dtype float64
        At least 0, with a sum of 1; they act on the kernels as they are.

    References
    ----------
    Aiolli, F., Donini, M. (2015). EasyMKL: a scalable multiple kernel learning algorithm.
    Neurocomputing 169.
    """
    diagonals = [kernel_diagonal(kernels[name], block) for name, block in blocks.items()]
    scales = np.array([_inverse_of_mean(diagonal) for diagonal in diagonals])
    total = FusedKernel("sum", kernels, dict(zip(blocks, scales, strict=True)))
    nearest = _nearest_points(total.matrix(blocks, len(y)), y)
    distances = np.zeros((len(kernels), nearest.shape[1]))
    for rows in tiles(len(y), len(y)):
        for number, part in enumerate(_kernel_rows(kernels, blocks, rows)):
            distances[number] += nearest[rows].multiply(part @ nearest).sum(axis=0)
    distances = np.maximum(distances * scales[:, None], 0)
    totals = distances.sum(axis=0)
    equal = np.full_like(distances, 1 / len(kernels))
    shares = np.divide(distances, totals, out=equal, where=totals > 0)
    weights = shares.mean(axis=1) * scales
    return weights / weights.sum() if weights.any() else equal[:, 0]


def _kernel_rows(
    kernels: Mapping[str, Kernel], blocks: Mapping[str, BlockProducts], rows: slice
) -> list[np.ndarray]:
    """Values of each kernel in some rows, with all columns."""
    return [
        kernel_tile(kernels[name], block, rows, slice(0, len(block.present)))
        for name, block in blocks.items()
    ]


def _nearest_points(gram: np.ndarray, y: np.ndarray) -> sparse.csr_array:
    """Nearest points of each pair of classes: their difference as a sum of rows; uses up `gram`."""
    gram *= 1 - RIDGE
    gram.flat[:: len(y) + 1] += RIDGE
    svc = SVC(kernel="precomputed", C=_NO_BOUND, tol=_TOLERANCE, random_state=0)
    with config_context(assume_finite=True):
        svc.fit(gram, y)
    points = sparse.lil_array((len(y), len(svc.intercept_)))
    vectors = np.split(np.arange(len(svc.support_)), np.cumsum(svc.n_support_)[:-1])
    for pair, (first, second) in enumerate(combinations(range(len(vectors)), 2)):
        # The vectors of a class have one coefficient for each other class, in order.
        for own, other in ((first, second - 1), (second, first)):
            coefficients = svc.dual_coef_[other, vectors[own]]
            rows = svc.support_[vectors[own]]
            points[rows, pair] = coefficients / np.abs(coefficients).sum()
    return points.tocsr()


def _inverse_of_mean(diagonal: np.ndarray) -> float:
    there = diagonal[diagonal != 0]
    return 1 / np.abs(there).mean() if len(there) else 0.0
