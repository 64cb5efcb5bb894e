"""Blocks in their principal components, and the affine maps that lead there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.linalg import blas
from sklearn.utils.extmath import randomized_svd

from mmsk.compose._stack import present_chunks
from mmsk.fusion._scaling import learn_scale

SMALLEST_VARIANCE = 1e-10  # of the largest; less is rounding of float32 values


@dataclass(frozen=True)
class BlockProjection:
    """An affine map of one block to a few columns: block @ weights - offset.

    Attributes
    ----------
    weights : ndarray of shape (width, n_columns), dtype float64
        One column of weights per column of the result.
    offset : ndarray of shape (n_columns,), dtype float64
        What the mean of the training rows comes to; it is taken away.
    """

    weights: np.ndarray
    offset: np.ndarray

    def apply(self, block: Any) -> np.ndarray:
        """Return rows of a dense or CSR block projected, as float64."""
        return block @ self.weights - self.offset


@dataclass(frozen=True)
class WhitenedBlock:
    """A block of the training rows in its leading principal components.

    Attributes
    ----------
    scores : ndarray of shape (n_rows, rank), dtype float64
        Uncorrelated columns of mean 0 and variance 1 over the present rows; 0 in the others.
    variances : ndarray of shape (rank,), dtype float64
        Variances of the components before whitening, the largest first.
    whitening : BlockProjection
        The map to the scores, from the block or, where it has them, from its `axes`.
    axes : ndarray of shape (width, n_axes) or None
        What a sparse block was multiplied by first.
    """

    scores: np.ndarray
    variances: np.ndarray
    whitening: BlockProjection
    axes: np.ndarray | None = None

    def projection(self, coefficients: np.ndarray) -> BlockProjection:
        """Return the map of the raw block to ``scores @ coefficients``."""
        weights = self.whitening.weights @ coefficients
        if self.axes is not None:
            weights = self.axes @ weights
        return BlockProjection(weights, self.whitening.offset @ coefficients)


def whiten(
    block: Any, present: np.ndarray, scale: str, max_rank: int | None, random_state: Any
) -> WhitenedBlock:
    """Find the leading principal components of the present rows of a block.

    Parameters
    ----------
    block : {ndarray, CSR} of shape (n_rows, width)
        The block in the training rows.
    present : ndarray of shape (n_rows,), dtype bool
        The rows that count.
    scale : {"standard", "block"}
        "standard" gives each dense column variance 1 first.
    max_rank : int or None
        Most components to keep. None keeps all, but never those of less than 1e-10 of the
        largest variance.
    random_state : int, RandomState instance or None
        For the randomised SVD, which brings a sparse block to `max_rank` dense columns.

    Returns
    -------
    whitened : WhitenedBlock
        The components; none where the block does not vary or no row has it.
    """
    if not sparse.issparse(block):
        factor = learn_scale(block, present, scale).factor.astype(np.float64)
        return _whiten_dense(block, present, factor, max_rank)
    axes, reduced = _reduce_sparse(block, present, max_rank, random_state)
    dense = _whiten_dense(reduced, present, np.ones(reduced.shape[1]), None)
    return WhitenedBlock(dense.scores, dense.variances, dense.whitening, axes)


def _reduce_sparse(
    block: Any, present: np.ndarray, max_rank: int | None, random_state: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Principal axes of the uncentred rows, and the rows along them, 0 where missing."""
    rows = np.flatnonzero(present)
    rank = min(len(rows), block.shape[1], max_rank or block.shape[1])
    if rank == 0:
        return np.zeros((block.shape[1], 0)), np.zeros((len(present), 0))
    here = block if present.all() else block[rows]
    axes = randomized_svd(here, rank, random_state=random_state)[2].T
    reduced = np.zeros((len(present), rank))
    reduced[rows] = here @ axes
    return axes, reduced


def _whiten_dense(
    block: np.ndarray, present: np.ndarray, factor: np.ndarray, max_rank: int | None
) -> WhitenedBlock:
    sums = [part.sum(axis=0, dtype=np.float64) for _, part in present_chunks(block, present)]
    mean = np.sum(sums, axis=0) / max(1, present.sum())
    variances, axes = _principal_axes(_CentredBlock(block, present, mean, factor), max_rank)
    weights = factor[:, None] * axes / np.sqrt(variances)
    whitening = BlockProjection(weights, mean @ weights)
    scores = np.zeros((len(present), len(variances)))
    for rows, part in present_chunks(block, present):
        scores[rows] = whitening.apply(part)
    return WhitenedBlock(scores, variances, whitening)


@dataclass(frozen=True)
class _CentredBlock:
    """The present rows of a dense block, centred and scaled in float64, some at a time."""

    block: np.ndarray
    present: np.ndarray
    mean: np.ndarray
    factor: np.ndarray

    def by_rows(self) -> Iterator[np.ndarray]:
        for _, part in present_chunks(self.block, self.present):
            yield (part - self.mean) * self.factor

    def by_columns(self) -> Iterator[np.ndarray]:
        rows = np.flatnonzero(self.present)
        for where, part in present_chunks(self.block.T, np.ones(len(self.mean), dtype=bool)):
            yield (part.T[rows] - self.mean[where]) * self.factor[where]


def _principal_axes(centred: _CentredBlock, max_rank: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Variances along the principal axes, and these, from the smaller matrix of products."""
    n_rows, width = int(centred.present.sum()), len(centred.mean)
    if width <= n_rows:
        return _leading(_sum_of_products(centred.by_rows(), width) / n_rows, max_rank)
    products = _sum_of_products((part.T for part in centred.by_columns()), n_rows)
    variances, left = _leading(products / max(1, n_rows), max_rank)
    axes = np.vstack([part.T @ left for part in centred.by_columns()])
    return variances, axes / np.sqrt(n_rows * variances)


def _sum_of_products(parts: Iterable[np.ndarray], size: int) -> np.ndarray:
    """Sum ``part.T @ part`` in place: the lower triangle alone, which takes half the time."""
    total = np.zeros((size, size), order="F")
    for part in parts:
        if part.size == 0:  # BLAS refuses it
            continue
        total = blas.dsyrk(1.0, part.T, beta=1.0, c=total, lower=True, overwrite_c=True)
    return total


def _leading(products: np.ndarray, max_rank: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest eigenvalues that are more than rounding, with their eigenvectors.

    Only the lower triangle of the matrix is read.
    """
    size = len(products)
    rank = size if max_rank is None else min(size, max_rank)
    if rank == 0:
        return np.zeros(0), np.zeros((size, 0))
    values, vectors = linalg.eigh(products, subset_by_index=[size - rank, size - 1])
    kept = values > max(0.0, SMALLEST_VARIANCE * values[-1])
    return values[kept][::-1], vectors[:, kept][:, ::-1]
