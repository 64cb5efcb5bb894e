"""Fusion by concatenation of scaled blocks."""

from __future__ import annotations

from typing import Any

from mmsk._validation import check_choice
from mmsk.compose import FeatureBlocks
from mmsk.compose._stack import hstack_blocks
from mmsk.fusion._base import BaseFusion
from mmsk.fusion._scaling import learn_scale


class ConcatFusion(BaseFusion):
    """Put the blocks side by side, scaled so that none drowns another.

    A VGG block with 4,096 columns in 0..521 beside a text block of 300 columns in -1.6..1.6
    would decide every distance between rows alone. By default each dense column is
    standardized, and each block as a whole is brought to rows of unit mean squared norm, so
    that all blocks weigh the same, whatever their units and widths. Sparse blocks are not
    centred and stay sparse.

    A missing block becomes zeros: after standardizing, that is the mean of the training rows. A
    block that no training row has says nothing later either: it stays zeros.

    Parameters
    ----------
    scale : {"standard", "block"} or None, default="standard"
        ``"standard"``: columns of dense blocks get mean 0 and variance 1, then every block gets
        unit mean squared row norm. ``"block"``: only the latter, which keeps the proportions
        between the columns of a block. None: blocks are concatenated as they are.

    Attributes
    ----------
    scales_ : dict of str to BlockScale
        Offset and factors of each block.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    See Also
    --------
    WeightedFusion : The same with a weight for each block.

    Notes
    -----
    Time and memory are linear in the size of the blocks. The result is sparse if a block is;
    dense columns beside it then take 8 bytes a cell instead of 4.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import ConcatFusion, FeatureBlocks
    >>> blocks = FeatureBlocks({
    ...     "image": np.array([[0.0, 521.0], [310.0, 0.0], [np.nan, np.nan]]),
    ...     "text": np.array([[-1.6], [1.6], [0.4]]),
    ... })
    >>> ConcatFusion().fit_transform(blocks).round(2)
    array([[-0.71,  0.71, -1.31],
           [ 0.71, -0.71,  1.11],
           [ 0.  ,  0.  ,  0.2 ]], dtype=float32)
    """

    def __init__(self, scale: str | None = "standard") -> None:
        self.scale = scale

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        check_choice("scale", self.scale, ["standard", "block", None])
        self.scales_ = {
            name: learn_scale(block, blocks.present_in(name), self.scale)
            for name, block in blocks.items()
        }

    def _fuse(self, blocks: FeatureBlocks) -> Any:
        maps = [self.scales_[name].apply for name in blocks.names]
        return hstack_blocks([block for _, block in blocks.items()], blocks.present, maps)
