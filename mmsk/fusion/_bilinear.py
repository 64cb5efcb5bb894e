"""Fusion by compact bilinear pooling: products of blocks in a sketch of fixed size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from mmsk._validation import check_choice, check_number
from mmsk.compose import FeatureBlocks
from mmsk.compose._stack import hstack_blocks
from mmsk.fusion._base import BaseFusion
from mmsk.fusion._product_sketch import ProductSketch, norms
from mmsk.fusion._scaling import SCALES, learn_scales


class BilinearFusion(BaseFusion):
    """Put beside the scaled blocks a sketch of the products of their features, pair by pair.

    Sometimes no block tells anything alone: whether a mild text is meant or ironic shows in how
    it goes with the voice. A linear head then needs the product of every feature of one block
    with every feature of another, which are millions. Compact bilinear pooling sketches them in
    `n_components` numbers without computing them: the inner product of two rows of the sketch
    is, in the mean over seeds, the sum over all pairs of blocks of the products of the blocks'
    inner products, and its error falls with the square root of `n_components`.

    A missing block becomes zeros, and so do its products; the other blocks, and the products of
    those pairs that a row has, stay. A block that no training row has says nothing later either.

    Parameters
    ----------
    n_components : int, default=512
        Size of the sketch, for all pairs together. More of it is more exact; wide blocks and
        many pairs want more.
    include_blocks : bool, default=True
        Whether the scaled blocks themselves are put before the sketch, as ConcatFusion gives
        them, so that what one block tells alone is kept exactly. False leaves the sketch alone,
        which is dense and narrow whatever the blocks, and zeros where a row has a single block.
    normalize : bool, default=False
        Whether the sketch gets signed square roots and then rows of unit norm, as in the papers:
        few large products then decide less, but inner products are no longer those above.
    scale : {"standard", "block"} or None, default="standard"
        As in ConcatFusion; products are those of the scaled blocks.
    random_state : int, RandomState or None, default=None
        Seed of the hashes; None draws others at each fit.

    Attributes
    ----------
    hashes_ : dict of str to ndarray of shape (width,), dtype int64
        The place in the sketch of each feature of each block.
    signs_ : dict of str to ndarray of shape (width,), dtype int8
        The sign, 1 or -1, with which each feature is added to its place.
    scales_ : dict of str to BlockScale
        Offset and factors of each block.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    Raises
    ------
    ValueError
        In fit, if a parameter is not accepted, or a single block has no other to be multiplied
        with and `include_blocks` is False. With it, a single block is given as ConcatFusion does.

    See Also
    --------
    ConcatFusion : The blocks alone.
    sklearn.kernel_approximation.PolynomialCountSketch : The same for powers of one matrix.

    Notes
    -----
    Each block is hashed into a vector of length `n_components`; the circular convolution of two
    such vectors is the count sketch of their outer product, and is a product of their Fourier
    transforms. Per row that costs the stored cells, and ``n_components * log(n_components)`` per
    block; the number of pairs costs nothing more. Rows are sketched a few at a time, and sparse
    blocks stay sparse: above its input and the result, the fusion takes little memory. With
    `include_blocks` the result is sparse if a block is, and then takes 8 bytes a cell of the
    sketch instead of 4.

    Features that say nothing of each other across blocks make the sketch noisier, not wrong:
    reduce wide blocks before, as ``TfidfEmbedder(n_components=100)`` does.

    References
    ----------
    Pham, N., Pagh, R. (2013). Fast and scalable polynomial kernels via explicit feature maps.
    Proceedings of KDD.

    Gao, Y., Beijbom, O., Zhang, N., Darrell, T. (2016). Compact bilinear pooling. Proceedings
    of CVPR.

    Fukui, A., Park, D. H., Yang, D., Rohrbach, A., Darrell, T., Rohrbach, M. (2016). Multimodal
    compact bilinear pooling for visual question answering and visual grounding. Proceedings of
    EMNLP.

    Examples
    --------
    Each block is a coin, and the class is whether they agree, so that neither tells anything:

    >>> import numpy as np
    >>> from mmsk import BilinearFusion, ConcatFusion, FeatureBlocks
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> coins = np.random.default_rng(0).choice([-1.0, 1.0], size=(200, 2))
    >>> blocks = FeatureBlocks({"text": coins[:, :1], "voice": coins[:, 1:]})
    >>> y = coins[:, 0] == coins[:, 1]
    >>> for fusion in [ConcatFusion(), BilinearFusion(16, random_state=0)]:
    ...     model = make_pipeline(fusion, LogisticRegression()).fit(blocks, y)
    ...     print(type(fusion).__name__, bool(model.score(blocks, y) > 0.9))
    ConcatFusion False
    BilinearFusion True
    """

    def __init__(
        self,
        n_components: int = 512,
        include_blocks: bool = True,
        normalize: bool = False,
        scale: str | None = "standard",
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.include_blocks = include_blocks
        self.normalize = normalize
        self.scale = scale
        self.random_state = random_state

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        check_choice("scale", self.scale, SCALES)
        check_choice("include_blocks", self.include_blocks, [True, False])
        check_choice("normalize", self.normalize, [True, False])
        check_number("n_components", self.n_components, low=1, integer=True)
        if len(blocks.names) == 1 and not self.include_blocks:
            raise ValueError(
                f"include_blocks=False leaves products of blocks alone, but {blocks.names[0]!r} is "
                "the only block. Give two blocks or more, or set include_blocks=True."
            )
        random = check_random_state(self.random_state)
        self.scales_ = learn_scales(blocks, self.scale)
        self.hashes_, self.signs_ = {}, {}
        for name, width in blocks.widths.items():
            self.hashes_[name] = random.randint(self.n_components, size=width, dtype=np.int64)
            self.signs_[name] = 2 * random.randint(2, size=width, dtype=np.int8) - np.int8(1)

    def _feature_names(self, blocks: FeatureBlocks) -> np.ndarray:
        products = "*".join(blocks.names)
        names = [f"{products}__{place}" for place in range(self._n_products(blocks))]
        if self.include_blocks:
            names = [*super()._feature_names(blocks), *names]
        return np.array(names, dtype=object)

    def _fuse(self, blocks: FeatureBlocks) -> Any:
        parts: list[Any] = []
        maps: list[Callable] = []
        present = blocks.present[:, :0]
        if self.include_blocks:
            parts += [block for _, block in blocks.items()]
            maps += [self.scales_[name].apply for name in blocks.names]
            present = blocks.present
        if self._n_products(blocks):
            hashed = self.scales_, self.hashes_, self.signs_, self.n_components
            parts.append(ProductSketch(blocks, *hashed))
            maps.append(_signed_roots if self.normalize else np.asarray)
            present = np.column_stack([present, blocks.present.sum(axis=1) > 1])
        return hstack_blocks(parts, present, maps)

    def _n_products(self, blocks: FeatureBlocks) -> int:
        return self.n_components if len(blocks.names) > 1 else 0


def _signed_roots(products: np.ndarray) -> np.ndarray:
    roots = np.sign(products) * np.sqrt(np.abs(products))
    return np.divide(roots, norms(roots), out=roots, where=roots != 0)
