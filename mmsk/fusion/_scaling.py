"""Scaling of blocks, so that none drowns another by its unit or its width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

CELLS_AT_A_TIME = 2**20


@dataclass(frozen=True)
class BlockScale:
    """An affine map of one block: (block - offset) * factor.

    Attributes
    ----------
    offset : ndarray of shape (width,), dtype float32, or None
        Subtracted first; None leaves the zeros of a sparse block alone.
    factor : ndarray of shape (width,), dtype float32
        Multiplied with each column.
    """

    offset: np.ndarray | None
    factor: np.ndarray

    def apply(self, block: Any, present: np.ndarray) -> Any:
        """Return the scaled block as float32, zeros (empty rows) where it is missing."""
        if sparse.issparse(block):
            data = block.data.astype(np.float32) * self.factor[block.indices]
            scaled = type(block)((data, block.indices, block.indptr), shape=block.shape)
            return scaled if present.all() else _without_rows(scaled, ~present)
        scaled = np.empty(block.shape, dtype=np.float32)
        step = max(1, CELLS_AT_A_TIME // max(1, block.shape[1]))
        for first in range(0, len(block), step):
            part = slice(first, first + step)
            values = block[part] if self.offset is None else block[part] - self.offset
            np.multiply(values, self.factor, out=scaled[part], casting="same_kind")
        scaled[~present] = 0
        return scaled


def learn_scale(block: Any, present: np.ndarray, scale: str | None) -> BlockScale:
    """Learn the scale of one block from its present rows.

    Parameters
    ----------
    block : {ndarray, CSR} of shape (n_rows, width)
        The block in the training rows.
    present : ndarray of shape (n_rows,), dtype bool
        The rows that count.
    scale : {"standard", "block", None}
        "standard" gives each dense column mean 0 and variance 1; then, as "block" does alone,
        the whole block is divided so that its rows have a mean squared norm of 1.

    Returns
    -------
    scale : BlockScale
        The map to apply in training and later.
    """
    width = block.shape[1]
    if scale is None or not present.any():
        return BlockScale(None, np.ones(width, dtype=np.float32))
    if scale == "standard" and not sparse.issparse(block):
        mean, deviation = _moments(block, present)
        varying = deviation > 10 * np.finfo(np.float32).eps * np.abs(mean)
        factor = np.where(varying, 1 / np.where(varying, deviation, 1), 0)
        norm = np.sqrt(max(1, varying.sum()))
        return BlockScale(mean.astype(np.float32), (factor / norm).astype(np.float32))
    norm = np.sqrt(_sum_of_squares(block, present) / present.sum())
    return BlockScale(None, np.full(width, 1 / norm if norm > 0 else 1, dtype=np.float32))


def _moments(block: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column, in float64 and in two passes over chunks."""
    count = present.sum()
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in _chunks(block, present)) / count
    square = sum(((part - mean) ** 2).sum(axis=0) for part in _chunks(block, present)) / count
    return mean, np.sqrt(square)


def _sum_of_squares(block: Any, present: np.ndarray) -> float:
    if sparse.issparse(block):
        return float(np.square(block.data, dtype=np.float64).sum())
    return float(sum(np.square(part, dtype=np.float64).sum() for part in _chunks(block, present)))


def _chunks(block: np.ndarray, present: np.ndarray) -> list[np.ndarray] | Any:
    step = max(1, CELLS_AT_A_TIME // max(1, block.shape[1]))
    for first in range(0, len(block), step):
        part = block[first : first + step]
        here = present[first : first + step]
        yield part if here.all() else part[here]


def _without_rows(block: Any, rows: np.ndarray) -> Any:
    keep = sparse.diags_array((~rows).astype(block.dtype), format="csr")
    kept = type(block)(keep @ block)
    kept.eliminate_zeros()
    return kept
