"""Scaling of blocks, so that none drowns another by its unit or its width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from mmsk.compose._stack import present_chunks


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

    def apply(self, block: Any) -> Any:
        """Return rows of the block scaled, as float32."""
        if sparse.issparse(block):
            data = block.data.astype(np.float32) * self.factor[block.indices]
            return type(block)((data, block.indices, block.indptr), shape=block.shape)
        values = block if self.offset is None else block - self.offset
        return np.multiply(values, self.factor, dtype=np.float32, casting="same_kind")


def learn_scale(block: Any, present: np.ndarray, scale: str | None) -> BlockScale:
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
        return _from_the_mean(block, present, scale)
    norm = np.sqrt(_sum_of_squares(block, present) / present.sum())
    return BlockScale(None, np.full(width, 1 / norm if norm > 0 else 1, dtype=np.float32))


def _from_the_mean(block: np.ndarray, present: np.ndarray, scale: str) -> BlockScale:
    mean, deviation = _moments(block, present)
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


def _moments(block: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column, in float64 and in two passes over chunks."""
    count, parts = present.sum(), present_chunks
    mean = sum(part.sum(axis=0, dtype=np.float64) for _, part in parts(block, present)) / count
    square = sum(((part - mean) ** 2).sum(axis=0) for _, part in parts(block, present)) / count
    return mean, np.sqrt(square)


def _sum_of_squares(block: Any, present: np.ndarray) -> float:
    parts = (part for _, part in present_chunks(block, present))
    values = (part.data if sparse.issparse(part) else part for part in parts)
    return float(sum(np.square(value, dtype=np.float64).sum() for value in values))
