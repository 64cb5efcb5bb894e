"""Base of the fusions: FeatureBlocks, a prefixed DataFrame or a matrix in, a 2-D matrix out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from mmsk.compose import FeatureBlocks
from mmsk.compose._to_blocks import to_blocks

MOST_ROWS_NAMED = 10


class BaseFusion(TransformerMixin, BaseEstimator, ABC):
    """Base of every transformer from FeatureBlocks to a 2-D matrix.

    A leaf gives `_fit` and `_fuse`, which get FeatureBlocks whose present rows are finite and in
    which every row has at least one modality, and `_feature_names`.
    """

    @abstractmethod
    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        """Check the parameters and learn from the blocks."""

    @abstractmethod
    def _fuse(self, blocks: FeatureBlocks) -> Any:
        """Fuse blocks that fit those seen in fit."""

    def _feature_names(self, blocks: FeatureBlocks) -> np.ndarray:
        """Names of the output features; those of the concatenation unless a leaf says else."""
        return blocks.get_feature_names_out()

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the fusion from the training rows.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features. An array is one block named ``features``.
        y : array-like of shape (n_rows,), default=None
            Targets, for fusions that learn from them.

        Returns
        -------
        self : object
            The fitted fusion.

        Raises
        ------
        ValueError
            If a row has no modality at all, or a present row holds NaN or infinity.
        """
        blocks = to_blocks(self, X, reset=True)
        _check_rows(blocks)
        self.block_widths_ = blocks.widths
        self._fit(blocks, y)
        self._names_out = self._feature_names(blocks)
        return self

    def transform(self, X: Any) -> Any:
        """Fuse the blocks of each row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks, of the same widths, as in fit; in any order where they have names.

        Returns
        -------
        fused : ndarray or CSR of shape (n_rows, n_features_out), dtype float32
            The fused features.

        Raises
        ------
        ValueError
            If the blocks are not those of fit, a row has no modality at all, or a present row
            holds NaN or infinity.
        """
        check_is_fitted(self)
        blocks = to_blocks(self, X, reset=False)
        _check_rows(blocks)
        if blocks.widths != self.block_widths_:
            raise ValueError(
                f"{type(self).__name__} was fitted on the blocks {_listed(self.block_widths_)}, "
                f"but got {_listed(blocks.widths)}."
            )
        if blocks.names != list(self.block_widths_):
            blocks = blocks.select(list(self.block_widths_))
        return self._fuse(blocks)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the fused features.

        Parameters
        ----------
        input_features : ignored
            Present for scikit-learn's convention; names come from the blocks seen in fit.

        Returns
        -------
        names : ndarray of str
            One name per output column.
        """
        check_is_fitted(self)
        return self._names_out

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _check_rows(blocks: FeatureBlocks) -> None:
    lost = np.flatnonzero(~blocks.present.any(axis=1))
    if len(lost) and blocks.names:
        raise ValueError(
            f"{_rows(lost)} no modality at all: every block is missing (NaN). Drop such rows, or "
            "fill one of their cells."
        )
    for name, block in blocks.items():
        values = block.data if sparse.issparse(block) else block[blocks.present_in(name)]
        # A sum is finite only if all its terms are; the exact look is for bad data alone.
        if values.size and not np.isfinite(values.sum(dtype=np.float64)):
            _refuse_bad_values(name, block, blocks)


def _refuse_bad_values(name: str, block: Any, blocks: FeatureBlocks) -> None:
    if sparse.issparse(block):
        where = np.flatnonzero(~np.isfinite(block.data))
        row = np.searchsorted(block.indptr, where, side="right") - 1
        column = block.indices[where]
    else:
        row, column = np.nonzero(~np.isfinite(block) & blocks.present_in(name)[:, None])
    if len(row) == 0:
        return
    feature = blocks.feature_names[name][column[0]]
    raise ValueError(
        f"Block {name!r} contains NaN or infinity: row {row[0]}, feature {feature!r}, and "
        f"{len(row) - 1} more values. A missing modality is a row of nothing but NaN; fill single "
        "gaps before fusion, for example with SimpleImputer."
    )


def _rows(rows: np.ndarray) -> str:
    named = ", ".join(map(str, rows[:MOST_ROWS_NAMED]))
    if len(rows) == 1:
        return f"Row {named} has"
    return f"Rows {named}{', ...' if len(rows) > MOST_ROWS_NAMED else ''} have"


def _listed(widths: dict[str, int]) -> str:
    return ", ".join(f"{name!r} ({width} columns)" for name, width in widths.items())
