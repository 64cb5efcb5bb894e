"""Base of the fusions: FeatureBlocks, a prefixed DataFrame or a matrix in, a 2-D matrix out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from mmsk._output import contain_sparse
from mmsk._progress import as_fit_task
from mmsk.compose import FeatureBlocks
from mmsk.compose._checked_blocks import checked_blocks


class BaseFusion(CallbackSupportMixin, TransformerMixin, BaseEstimator, ABC):
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

    @as_fit_task
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
        blocks = checked_blocks(self, X, reset=True)
        self._fit(blocks, y)
        self._names_out = self._feature_names(blocks)
        return self

    def transform(self, X: Any) -> Any:
        """Fuse the blocks of each row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks, of the same widths, as in fit; those of FeatureBlocks in any order.

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
        fused = self._fuse(self._checked(X))
        index = X.index if isinstance(X, pd.DataFrame) else None
        return contain_sparse(fused, self, index) if sparse.issparse(fused) else fused

    def _checked(self, X: Any) -> FeatureBlocks:
        """Return blocks that fit those seen in fit, with finite rows."""
        check_is_fitted(self)
        return checked_blocks(self, X, reset=False)

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
