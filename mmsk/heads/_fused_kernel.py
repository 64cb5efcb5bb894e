"""One kernel over several blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from mmsk.fusion._scaling import gamma_of_sums
from mmsk.heads._block_products import BlockProducts, BlockRows, tiles
from mmsk.heads._gram import Kernel


@dataclass(frozen=True)
class FusedKernel:
    """A kernel of rows with several blocks.

    Attributes
    ----------
    combination : {"sum", "product"}
        ``"sum"``: the sum of the blocks' kernels, each times its weight. ``"product"``: the
        product of the blocks' RBF kernels, each to the power of its weight.
    kernels : mapping of str to Kernel
        The kernel of each block that has a say; with ``"product"`` the same for all.
    weights : mapping of str to float
        Their weights, above 0.
    """

    combination: str
    kernels: Mapping[str, Kernel]
    weights: Mapping[str, float]

    def matrix(self, blocks: Mapping[str, BlockProducts], n_rows: int) -> np.ndarray:
        """Kernel values of rows with themselves, from their inner products in each block."""
        values = np.empty((n_rows, n_rows))
        for rows in tiles(n_rows, n_rows):
            columns, below = slice(rows.start, n_rows), slice(rows.stop, n_rows)
            values[rows, columns] = self.tile(blocks, rows, columns)
            values[below, rows] = values[rows, below].T
        return values

    def tile(self, blocks: Mapping[str, BlockProducts], rows: slice, columns: slice) -> np.ndarray:
        """Kernel values of some rows with some columns, from their inner products."""
        weights = self.weights.items()
        if self.combination == "sum":
            return _total(
                _times(kernel_tile(self.kernels[name], blocks[name], rows, columns), weight)
                for name, weight in weights
            )
        # As of one matrix of all blocks side by side, each times the root of its weight.
        products = _total(_times(blocks[name].tile(rows, columns), w) for name, w in weights)
        row_norms = _total(w * blocks[name].row_norms[rows] for name, w in weights)
        column_norms = _total(w * blocks[name].column_norms[columns] for name, w in weights)
        kernel = next(iter(self.kernels.values()))
        return kernel.values(products, row_norms, column_norms)


def kernel_tile(kernel: Kernel, block: BlockProducts, rows: slice, columns: slice) -> np.ndarray:
    """Kernel values of some rows with some columns of one block; 0 where either lacks it."""
    products = block.tile(rows, columns)
    values = kernel.values(products, block.row_norms[rows], block.column_norms[columns])
    block.erase_missing(values, rows, columns)
    return values


def kernel_diagonal(kernel: Kernel, block: BlockProducts) -> np.ndarray:
    """Kernel values of the rows of one block with themselves; 0 where they lack it."""
    if kernel.name == "rbf":
        return block.present.astype(np.float64)
    norms = block.row_norms
    return np.where(block.present, kernel.values(norms[:, None], norms, norms).ravel(), 0)


def scale_gamma(parts: Iterable[tuple[BlockRows, float]], n_rows: int, width: int) -> float:
    """Return what SVC's ``gamma="scale"`` stands for on blocks side by side.

    Parameters
    ----------
    parts : iterable of BlockRows and float
        The blocks, each times the root of its weight; zeros where a row lacks one.
    n_rows, width : int
        Numbers of rows and of columns.

    Returns
    -------
    gamma : float
        ``1 / (width * variance)``, or 1 where the values do not vary beyond rounding.
    """
    sums = [(weight**0.5 * part.sums[0], weight * part.sums[1]) for part, weight in parts]
    total, squares = np.sum(sums, axis=0)
    return gamma_of_sums(total, squares, n_rows, width)


def _times(values: np.ndarray, weight: float) -> np.ndarray:
    return values if weight == 1 else np.multiply(values, weight, out=values)


def _total(parts: Iterable[np.ndarray]) -> np.ndarray:
    parts = iter(parts)
    total = next(parts)
    for part in parts:
        total += part
    return total
