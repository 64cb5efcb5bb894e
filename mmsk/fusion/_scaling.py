"""Scaling of blocks, so that none drowns another by its unit or its width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from mmsk.compose import FeatureBlocks
from mmsk.compose._stack import present_chunks

SCALES = ("standard", "block", None)  # what most fusions and heads offer


@dataclass(frozen=True)
class BlockScale:
    """An affine map of one block: (block - offset) * factor.

    Attributes
    ----------
    offset : ndarray of shape (width,), of the block's dtype, or None
        Subtracted first; None leaves the zeros of a sparse block alone.
    factor : ndarray of shape (width,), dtype float32
        Multiplied with each column.
    """

    offset: np.ndarray | None
    factor: np.ndarray

    def apply(self, block: Any, dtype: Any = np.float32) -> Any:
        """Return rows of the block scaled, as float32 unless another dtype is asked for."""
        if sparse.issparse(block):
            data = block.data.astype(dtype) * self.factor[block.indices]
            return type(block)((data, block.indices, block.indptr), shape=block.shape)
        values = block if self.offset is None else block - self.offset
        return np.multiply(values, self.factor, dtype=dtype, casting="same_kind")


def learn_scale(
    block: Any, present: np.ndarray, scale: str | None, weight: np.ndarray | None = None
) -> BlockScale:
    """Learn the scale of one block from its present rows.

    Parameters
    ----------
    block : {ndarray, CSR} of shape (n_rows, width)
        The block in the training rows.
    present : ndarray of shape (n_rows,), dtype bool
        The rows that count.
    scale : {"standard", "centred", "block", None}
        "standard" gives each dense column mean 0 and variance 1, "centred" only mean 0; then, as
        "block" does alone, the whole block is divided so that its rows have a mean squared norm
        of 1. Columns ("standard") or blocks ("centred") that do not vary and blocks that no row
        has become zeros.
    weight : ndarray of shape (n_rows,), default=None
        How much each row counts, above 0 where it is present; None counts all alike.

    Returns
    -------
    scale : BlockScale
        The map to apply in training and later.
    """
    width = block.shape[1]
    if scale is None:
        return BlockScale(None, np.ones(width, dtype=np.float32))
    if not present.any():
        return BlockScale(None, np.zeros(width, dtype=np.float32))
    if scale in ("standard", "centred") and not sparse.issparse(block):
        return _from_the_mean(block, present, scale, weight)
    norm = np.sqrt(_mean_square_norm(block, present, weight))
    return BlockScale(None, np.full(width, 1 / norm if norm > 0 else 1, dtype=np.float32))


def learn_scales(blocks: FeatureBlocks, scale: str | None) -> dict[str, BlockScale]:
    """Learn the scale of each block from the rows that have it."""
    return {
        name: learn_scale(block, blocks.present_in(name), scale) for name, block in blocks.items()
    }


def gamma_of_scale(block: Any, present: np.ndarray, scale: BlockScale) -> float:
    """Gamma of SVC's "scale" for one block: 1 / (width * variance), 1 where it does not vary."""
    total = squares = 0.0
    for _, part in present_chunks(block, present):
        scaled = scale.apply(part)
        values = scaled.data if sparse.issparse(scaled) else scaled
        total += values.sum(dtype=np.float64)
        squares += np.square(values, dtype=np.float64).sum()
    return gamma_of_sums(total, squares, present.sum(), block.shape[1])


def gamma_of_sums(total: float, squares: float, n_rows: int, width: int) -> float:
    """Gamma of SVC's "scale", from the sum of all values and the sum of their squares."""
    norm = squares / n_rows
    spread = norm - total**2 / (n_rows**2 * max(1, width))  # width * variance
    # Below this it differs from zero by rounding alone.
    return float(1 / spread) if spread > 1e-12 * norm else 1.0


def _from_the_mean(
    block: np.ndarray, present: np.ndarray, scale: str, weight: np.ndarray | None
) -> BlockScale:
    mean, deviation = _moments(block, present, weight)
    # Below this a column differs from its mean by rounding alone.
    rounding = max(10 * np.finfo(block.dtype).eps, present.sum() * np.finfo(np.float64).eps)
    varying = deviation > rounding * np.abs(mean)
    if scale == "centred":
        norm = np.linalg.norm(deviation[varying])
        factor = np.full(len(mean), 1 / norm if norm > 0 else 0)
    else:
        factor = np.where(varying, 1 / np.where(varying, deviation, 1), 0)
        factor /= np.sqrt(max(1, varying.sum()))
    return BlockScale(mean.astype(block.dtype), factor.astype(np.float32))


def _moments(
    block: np.ndarray, present: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column, in float64 and in two passes over chunks."""
    total, parts = _total(present, weight), present_chunks
    sums = (_sum(part, weight, rows) for rows, part in parts(block, present))
    mean = np.asarray(sum(sums)) / total
    squares = (_sum((part - mean) ** 2, weight, rows) for rows, part in parts(block, present))
    return mean, np.sqrt(np.asarray(sum(squares)) / total)


def _mean_square_norm(block: Any, present: np.ndarray, weight: np.ndarray | None) -> float:
    total = 0.0
    for rows, part in present_chunks(block, present):
        values = part.data if sparse.issparse(part) else part
        squares = np.square(values, dtype=np.float64)
        if weight is not None:
            stored = np.diff(part.indptr) if sparse.issparse(part) else part.shape[1]
            squares = squares.ravel() * np.repeat(weight[rows], stored)
        total += squares.sum()
    return float(total / _total(present, weight))


def _total(present: np.ndarray, weight: np.ndarray | None) -> float:
    return float(present.sum() if weight is None else weight[present].sum())


def _sum(part: np.ndarray, weight: np.ndarray | None, rows: Any) -> np.ndarray:
    # Not by BLAS, whose last bits depend on where in memory the rows are.
    values = part if weight is None else weight[rows, None] * part
    return values.sum(axis=0, dtype=np.float64)
