"""Fusion by concatenation of scaled and weighted blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils import Tags

from mmsk._by_block import given_weights
from mmsk._validation import check_choice, check_target
from mmsk.compose import FeatureBlocks
from mmsk.fusion._block_weights import alignment_of_block, score_of_block
from mmsk.fusion._concat import ConcatFusion
from mmsk.fusion._scaling import BlockScale

LEARNED = {"score": score_of_block, "alignment": alignment_of_block}


class WeightedFusion(ConcatFusion):
    """Put the blocks side by side, scaled and each multiplied by its weight.

    Weights are given, or learned from the training rows: a block that says more about the
    target gets more say in every distance and inner product. In a kernel of the fused rows a
    block counts by the square of its weight.

    A missing block becomes zeros: after standardizing, that is the mean of the training rows. A
    block that no training row has says nothing later either: it stays zeros.

    Parameters
    ----------
    weights : mapping of str to float, sequence of float, "score" or "alignment", \
default="score"
        A mapping names blocks; those it leaves out keep weight 1. A sequence has one weight per
        block, in order. ``"score"`` learns the square of the weight in proportion to the
        cross-validated score of a ridge model on the block alone, above chance.
        ``"alignment"`` does so in proportion to the centred alignment of the block's linear
        kernel with the target's, which is cheaper. Learned squares have a mean of 1.
    scale : {"standard", "block"}, None or mapping of str to these, default="standard"
        As in ConcatFusion; weights act on the scaled blocks.
    add_indicator : bool, default=False
        As in ConcatFusion: a column that says what is missing, multiplied by the weight of its
        block.

    Attributes
    ----------
    weights_ : dict of str to float
        The weight of each block.
    scales_ : dict of str to BlockScale
        Offset and factors of each block, weight included.
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
    ConcatFusion : All blocks weigh the same.

    Notes
    -----
    ``"score"`` fits three ridge models per block; ``"alignment"`` makes one Gram matrix of at
    most 2,000 rows per block. Learned weights count only rows that have the block.

    References
    ----------
    Cortes, C., Mohri, M., Rostamizadeh, A. (2012). Algorithms for learning kernels based on
    centered alignment. Journal of Machine Learning Research 13.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import FeatureBlocks, WeightedFusion
    >>> generator = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> blocks = FeatureBlocks({
    ...     "telling": y[:, None] + 0.1 * generator.normal(size=(60, 1)),
    ...     "noise": generator.normal(size=(60, 1)),
    ... })
    >>> fusion = WeightedFusion("alignment").fit(blocks, y)
    >>> fusion.weights_["telling"] > 5 * fusion.weights_["noise"]
    True
    >>> WeightedFusion({"noise": 0}).fit_transform(blocks)[:, 1].any()
    np.False_
    """

    def __init__(
        self,
        weights: Mapping[str, float] | Sequence[float] | str = "score",
        scale: str | Mapping[str, str | None] | None = "standard",
        *,
        add_indicator: bool = False,
    ) -> None:
        super().__init__(scale, add_indicator=add_indicator)
        self.weights = weights

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        super()._fit(blocks, y)
        if isinstance(self.weights, str):
            check_choice("weights", self.weights, list(LEARNED))
            self.weights_ = self._learn(blocks, y)
        else:
            self.weights_ = given_weights(self.weights, blocks.names, list(LEARNED))
        self.scales_ = {
            name: BlockScale(scale.offset, scale.factor * np.float32(self.weights_[name]))
            for name, scale in self.scales_.items()
        }

    def _indicator(self, blocks: FeatureBlocks) -> np.ndarray:
        weights = [self.weights_[name] for name in self.indicated_blocks_]
        return super()._indicator(blocks) * np.array(weights, dtype=np.float32)

    def _learn(self, blocks: FeatureBlocks, y: Any) -> dict[str, float]:
        y = check_target(f"weights={self.weights!r}", y, blocks, ", or give the weights")
        squares = np.array(
            [self._telling(blocks[name], blocks.present_in(name), name, y) for name in blocks.names]
        )
        mean = squares.mean() if len(squares) else 0.0
        squares = squares / mean if mean > 0 else np.ones(len(squares))
        return dict(zip(blocks.names, np.sqrt(squares).tolist(), strict=True))

    def _telling(self, block: Any, present: np.ndarray, name: str, y: np.ndarray) -> float:
        if not present.all():
            block, y = block[np.flatnonzero(present)], y[present]
        return LEARNED[str(self.weights)](self.scales_[name].apply(block), y)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = isinstance(self.weights, str)
        return tags
