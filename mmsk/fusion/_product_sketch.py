"""Count sketches of the products of blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import fft, sparse

from mmsk.compose import FeatureBlocks
from mmsk.fusion._scaling import BlockScale

# What a Fourier transform of float64 leaves of a zero, relative to the norm of its row.
ROUNDING = 1e-12


class ProductSketch:
    """Sketch of the products of all pairs of blocks, of which rows are computed when asked for.

    It stands for an array where rows are taken a few at a time, and so is never whole in memory.
    scikit-learn's PolynomialCountSketch would hash column after column in Python and keep all
    rows at once; here a block is hashed by one sparse product.

    Parameters
    ----------
    blocks : FeatureBlocks
        The blocks; missing ones count as zeros.
    scales : mapping of str to BlockScale
        What is done to each block first.
    hashes, signs : mapping of str to ndarray of shape (width,)
        The place in the sketch of each feature of each block, and the sign that it gets there.
    n_components : int
        Size of the sketch.

    Attributes
    ----------
    shape : tuple of int
        Rows and size of the sketch.
    """

    def __init__(
        self,
        blocks: FeatureBlocks,
        scales: Mapping[str, BlockScale],
        hashes: Mapping[str, np.ndarray],
        signs: Mapping[str, np.ndarray],
        n_components: int,
    ) -> None:
        self.shape = (len(blocks), n_components)
        self._blocks = blocks
        self._scales = scales
        self._hashing = {
            name: _hashing(hashes[name], signs[name], n_components) for name in blocks.names
        }

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Return some rows, in float64; (a + b + c + ...) so far times the next block."""
        blocks, n_components = self._blocks[rows], self.shape[1]
        shape = (len(blocks), n_components // 2 + 1)
        so_far, pairs = np.zeros(shape, dtype=complex), np.zeros(shape, dtype=complex)
        for name, block in blocks.items():
            present = np.flatnonzero(blocks.present_in(name))
            scaled = self._scales[name].apply(block[present]).astype(np.float64)
            hashed = scaled @ self._hashing[name]
            spectra = fft.rfft(hashed.toarray() if sparse.issparse(hashed) else hashed, axis=1)
            pairs[present] += so_far[present] * spectra
            so_far[present] += spectra
        products = fft.irfft(pairs, n=n_components, axis=1)
        products[np.abs(products) < ROUNDING * norms(products)] = 0
        return products


def norms(rows: np.ndarray) -> np.ndarray:
    """Norm of each row, as a column."""
    return np.linalg.norm(rows, axis=1, keepdims=True)


def _hashing(hashes: np.ndarray, signs: np.ndarray, n_components: int) -> sparse.csr_array:
    ends = np.arange(len(hashes) + 1)
    shape = (len(hashes), n_components)
    return sparse.csr_array((signs.astype(np.float64), hashes, ends), shape=shape)
