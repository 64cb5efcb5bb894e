"""Base of the transformers from FeatureBlocks to FeatureBlocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted

from mmsk.compose._feature_blocks import FeatureBlocks


class BlockTransformer(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Base of a transformer whose results are blocks again; a leaf sets `_names_out` in fit."""

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of all columns, each as ``block__feature``.

        Parameters
        ----------
        input_features : ignored
            Present for scikit-learn's convention; names come from the blocks seen in fit.

        Returns
        -------
        names : ndarray of str
            One name per column of the concatenation.
        """
        check_is_fitted(self)
        return self._names_out

    def _contained(self, blocks: FeatureBlocks) -> Any:
        """Return the blocks, or after ``set_output`` all of them as an array, missing ones NaN."""
        if _get_output_config("transform", self)["dense"] == "default":
            return blocks
        array = blocks._dense(blocks.dtype)
        widths = list(blocks.widths.values())
        array[~np.repeat(blocks.present, widths, axis=1)] = np.nan
        return array

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags
