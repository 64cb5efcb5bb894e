"""Canonical components of whitened blocks, and what their projections say of each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import linalg

SMALLEST_COVARIANCE = 1e-10  # of whitened blocks; less is rounding


def canonical_coefficients(
    scores: Sequence[np.ndarray],
    gains: Sequence[np.ndarray],
    present: np.ndarray,
    n_components: int,
) -> list[np.ndarray]:
    """Coefficients of the scores by which the blocks vary together most.

    They are the leading eigenvectors of the symmetric matrix of the blocks
    ``gains[j] * (scores[j].T @ scores[k]) * gains[k] / sqrt(n_j * n_k)`` with zeros on the
    diagonal, where n_j rows have block j. A row that lacks one of two blocks adds nothing to what
    they share, as if it had the mean. So no pair counts for more than its rows tell, and with
    ones on the diagonal the matrix is positive semi-definite.

    Parameters
    ----------
    scores : sequence of ndarray of shape (n_rows, rank)
        Whitened scores of each block, 0 in rows that lack it.
    gains : sequence of ndarray of shape (rank,)
        For each component of a block its standard deviation over the regularised one.
    present : ndarray of shape (n_rows, n_blocks), dtype bool
        Which row has which block.
    n_components : int
        Most components to give.

    Returns
    -------
    coefficients : list of ndarray of shape (rank, n_given)
        One array per block, on such a scale that the regularised variances of the projections
        have a mean of 1 over the blocks that vary. Where no two blocks share anything, these are
        the principal components of each block. There is one component at least.
    """
    ends = np.cumsum([len(gain) for gain in gains])
    vectors = _leading(shared_covariances(scores, gains, present), n_components)
    if vectors.shape[1] > 0:
        vectors = vectors * np.sqrt(sum(len(gain) > 0 for gain in gains))
    else:
        n_given = min(n_components, max(1, *(len(gain) for gain in gains)))
        vectors = np.vstack([np.eye(len(gain), n_given) for gain in gains])
    parts = np.split(vectors, ends[:-1])
    return [gain[:, None] * part for gain, part in zip(gains, parts, strict=True)]


def shared_covariances(
    scores: Sequence[np.ndarray], gains: Sequence[np.ndarray], present: np.ndarray
) -> np.ndarray:
    """Return the lower triangle of the matrix, which is all that the solver reads."""
    counts = np.sqrt(np.maximum(1, present.sum(axis=0)))
    ends = np.cumsum([0, *(len(gain) for gain in gains)])
    shared = np.zeros((ends[-1], ends[-1]))
    for one, other in combinations(range(len(gains)), 2):
        products = gains[other][:, None] * (scores[other].T @ scores[one]) * gains[one]
        place = np.s_[ends[other] : ends[other + 1], ends[one] : ends[one + 1]]
        shared[place] = products / (counts[one] * counts[other])
    return shared


def _leading(shared: np.ndarray, n_components: int) -> np.ndarray:
    size = len(shared)
    if size == 0:
        return np.zeros((0, 0))
    values, vectors = linalg.eigh(shared, subset_by_index=[max(0, size - n_components), size - 1])
    return vectors[:, values > SMALLEST_COVARIANCE][:, ::-1]


class Relations(NamedTuple):
    """What the projections of the blocks say of each other, component by component.

    Attributes
    ----------
    correlations : ndarray of shape (n_components,)
        Mean correlation over the pairs of blocks that have rows in common; 0 where none has.
    slopes : ndarray of shape (n_blocks, n_blocks, n_components)
        ``slopes[j, k]`` times the projection of block j is the least-squares guess of that of
        block k; 0 where no row has both.
    """

    correlations: np.ndarray
    slopes: np.ndarray


def relate(projected: np.ndarray, present: np.ndarray) -> Relations:
    """Relate the projections of the training rows, each pair of blocks in the rows with both.

    Parameters
    ----------
    projected : ndarray of shape (n_rows, n_blocks, n_components)
        Projections of mean 0, and 0 in rows that lack the block.
    present : ndarray of shape (n_rows, n_blocks), dtype bool
        Which row has which block.

    Returns
    -------
    relations : Relations
        Correlations and slopes.
    """
    products = np.einsum("njc,nkc->jkc", projected, projected)
    squares = np.einsum("njc,nk->jkc", projected**2, present)
    correlations = _over(products, np.sqrt(squares * squares.swapaxes(0, 1)))
    varying = squares.any(axis=2)
    pairs = np.tril(varying & varying.T, -1)
    mean = correlations[pairs].sum(axis=0) / max(1, pairs.sum())
    return Relations(mean, _over(products, squares))


def guess_missing(projected: np.ndarray, present: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Guess the projections of missing blocks from those of the present ones.

    Parameters
    ----------
    projected : ndarray of shape (n_rows, n_blocks, n_components)
        Projections, 0 where the block is missing.
    present : ndarray of shape (n_rows, n_blocks), dtype bool
        Which row has which block.
    slopes : ndarray of shape (n_blocks, n_blocks, n_components)
        As `relate` finds them.

    Returns
    -------
    guesses : ndarray of shape (n_rows, n_blocks, n_components)
        For a missing block the mean of the guesses from each present block that was seen beside
        it in training; 0 for a present one.
    """
    guesses = np.einsum("njc,jkc->nkc", projected, slopes)
    n_guesses = present.astype(np.float64) @ slopes.any(axis=2)
    guesses /= np.maximum(1, n_guesses)[:, :, None]
    return np.where(present[:, :, None], 0, guesses)


def _over(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
