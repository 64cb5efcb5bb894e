"""Fusion by concatenation of scaled blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from mmsk._by_block import by_block
from mmsk._validation import check_choice
from mmsk.compose import FeatureBlocks
from mmsk.compose._stack import hstack_blocks
from mmsk.fusion._base import BaseFusion
from mmsk.fusion._scaling import SCALES, learn_scale


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
    scale : {"standard", "block"}, None or mapping of str to these, default="standard"
        ``"standard"``: columns of dense blocks get mean 0 and variance 1, then every block gets
        unit mean squared row norm. ``"block"``: only the latter, which keeps the proportions
        between the columns of a block, as those of histograms: ``MotionDescriptors`` want it. None:
        blocks are concatenated as they are. A mapping names blocks; those it leaves out are
        ``"standard"``.
    add_indicator : bool, default=False
        Whether the head is told what is missing, as with scikit-learn's ``SimpleImputer``: one
        column ``missingindicator__<block>`` for each block that some training row lacks, 1
        where the block is missing and 0 elsewhere. A block that is missing for the first time
        later has no column.

    Attributes
    ----------
    scales_ : dict of str to BlockScale
        Offset and factors of each block.
    indicated_blocks_ : list of str
        The blocks with a column of `add_indicator`.
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

    An indicator is neither centred nor scaled. The squared distance of two rows in a
    standardized block is 2 on average, that of a row without it to one with it only 1: the
    indicator adds the other 1.

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

    def __init__(
        self,
        scale: str | Mapping[str, str | None] | None = "standard",
        *,
        add_indicator: bool = False,
    ) -> None:
        self.scale = scale
        self.add_indicator = add_indicator

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        check_choice("add_indicator", self.add_indicator, [True, False])
        check_scale = partial(check_choice, choices=SCALES)
        scales = by_block("scale", self.scale, blocks.names, "standard", check_scale)
        self.scales_ = {
            name: learn_scale(block, blocks.present_in(name), scales[name])
            for name, block in blocks.items()
        }
        self.indicated_blocks_ = [
            name
            for name in blocks.names
            if self.add_indicator and not blocks.present_in(name).all()
        ]

    def _fuse(self, blocks: FeatureBlocks) -> Any:
        parts = [block for _, block in blocks.items()]
        maps: list[Callable[[Any], Any]] = [self.scales_[name].apply for name in blocks.names]
        present = blocks.present
        if self.indicated_blocks_:
            parts.append(self._indicator(blocks))
            maps.append(np.asarray)
            present = np.column_stack([present, np.ones(len(blocks), dtype=bool)])
        return hstack_blocks(parts, present, maps)

    def _indicator(self, blocks: FeatureBlocks) -> np.ndarray:
        missing = [~blocks.present_in(name) for name in self.indicated_blocks_]
        return np.stack(missing, axis=1).astype(np.float32)

    def _feature_names(self, blocks: FeatureBlocks) -> np.ndarray:
        indicators = [f"missingindicator__{name}" for name in self.indicated_blocks_]
        return np.append(super()._feature_names(blocks), np.array(indicators, dtype=object))
