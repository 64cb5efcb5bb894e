"""Fusion by canonical correlation analysis."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmsk._validation import check_choice, check_number
from mmsk.compose import FeatureBlocks
from mmsk.compose._stack import present_chunks
from mmsk.fusion._base import BaseFusion
from mmsk.fusion._canonical import canonical_coefficients, guess_missing, relate
from mmsk.fusion._principal import BlockProjection, WhitenedBlock, whiten


class CCAFusion(BaseFusion):
    r"""Project the blocks to where they vary together: regularised CCA of two or more blocks.

    What a picture and its caption have in common is kept, what only one of them shows is
    dropped. That helps where the blocks tell the same in different ways: few columns then say
    what thousands said, heads need fewer labels (`y` is not used, so unlabelled rows serve as
    well), and either block can stand in for the other. Where the target hides in what is *not*
    shared, it is lost, and ConcatFusion is the better choice.

    A missing block is guessed from the present ones. Component by component, its projection
    becomes the least-squares regression on the projection of a present block, learned from the
    training rows that have both, or the mean of these over several present blocks. For two blocks
    without shrinkage that is the canonical correlation times the other block's projection. A
    block that no training row has beside the present ones becomes zeros, the mean.

    Parameters
    ----------
    n_components : int, default=32
        Most components to keep, those that vary together most first. There are never more than
        the blocks share; for two blocks, than the narrower one has columns.
    shrinkage : float, default=0.5
        In [0, 1]: how far each block's covariance is drawn to a multiple of the identity. 0 is
        plain CCA, which finds perfect correlations in any noise as soon as the blocks have
        as many columns as rows. 1 is partial least squares: directions of large covariance.
        Worth a search: small values find what is shared beneath a large variation of its own,
        large ones are safer with few rows.
    output : {"concat", "mean"}, default="concat"
        ``"concat"``: the projections of all blocks side by side. ``"mean"``: their mean, one
        column per component, which is what the blocks agree on.
    scale : {"standard", "block"}, default="standard"
        ``"standard"``: columns of dense blocks get variance 1 first, whatever their units.
        ``"block"`` keeps the proportions between the columns of a block, as is right for columns
        that are principal components or LSA already. Without effect on sparse blocks.
    max_rank : int or None, default=256
        Each block is first reduced to its leading principal components, at most so many. Fewer
        are quicker and regularise further; what lies beyond is not seen. None keeps all.
    random_state : int, RandomState instance or None, default=None
        For the randomised SVD that reduces sparse blocks; without effect on dense ones. An int
        gives the same result in every fit.

    Attributes
    ----------
    projections_ : dict of str to BlockProjection
        Weights and offset of each block, in units of the raw block.
    correlations_ : ndarray of shape (n_components,)
        Correlation of the projections in the training rows, for more than two blocks the mean
        over their pairs. Optimistic if there are few rows; 0 for a single block.
    slopes_ : ndarray of shape (n_blocks, n_blocks, n_components)
        ``slopes_[j, k]`` times the projection of block j guesses that of a missing block k. As
        optimistic as the correlations.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    See Also
    --------
    ConcatFusion : Keeps everything of every block.
    sklearn.cross_decomposition.PLSSVD : Two blocks with ``shrinkage=1``.

    Notes
    -----
    With the covariance :math:`C_{jk}` of two blocks, and
    :math:`D_k = (1 - s)\, C_{kk} + s\, v_k I` for the shrinkage :math:`s` and the mean variance
    :math:`v_k` of the principal components kept, the weights solve

    .. math:: \sum_{k \ne j} C_{jk} w_k = \lambda D_j w_j, \qquad
        \sum_j w_j^\top D_j w_j = \text{number of blocks},

    which is multiset CCA (the sum of correlations under one constraint [1]_). Among its relatives
    it is chosen because it is one eigenproblem, is canonical ridge [2]_ for two blocks whatever
    the shrinkage (MAXVAR or GCCA is not), and equals MAXVAR without shrinkage. A block that
    shares little in a component gets small weights there. The sign of a component makes its
    largest weight positive.

    Within a block all rows that have it count; the covariance of two blocks counts those with
    both, over the geometric mean of the rows of each, so that a pair seldom seen together weighs
    little. Blocks that share nothing, and a single block, come to their own principal components.

    For n rows, a block of width p costs n p min(n, p) + min(n, p)^3 and min(n, p)^2 numbers of
    memory, a sparse one a randomised SVD; then the ranks r of the blocks n r^2 for each pair and
    (sum of r)^3. Of raw blocks only some rows at a time are copied, sparse ones never become
    dense. The result is always dense.

    References
    ----------
    .. [1] Kettenring, J. R. (1971). Canonical analysis of several sets of variables. Biometrika
       58(3).
    .. [2] Vinod, H. D. (1976). Canonical ridge and econometrics of joint production. Journal of
       Econometrics 4(2).

    Examples
    --------
    Two blocks that have one of their three columns in common, up to noise:

    >>> import numpy as np
    >>> from mmsk import CCAFusion, FeatureBlocks
    >>> generator = np.random.default_rng(0)
    >>> image, text = generator.normal(size=(2, 200, 3))
    >>> image[:, 0] = text[:, 2] + 0.5 * generator.normal(size=200)
    >>> fusion = CCAFusion(n_components=2).fit(FeatureBlocks({"image": image, "text": text}))
    >>> fusion.correlations_.round(1)
    array([0.9, 0.1])
    >>> fusion.get_feature_names_out().tolist()
    ['image__cca0', 'image__cca1', 'text__cca0', 'text__cca1']

    Without the text, its projection follows that of the image:

    >>> image_alone = FeatureBlocks({"image": image[:2], "text": np.full((2, 3), np.nan)})
    >>> fused = fusion.transform(image_alone)
    >>> (fused[:, 2] / fused[:, 0]).round(2)
    array([0.88, 0.88], dtype=float32)
    """

    def __init__(
        self,
        n_components: int = 32,
        *,
        shrinkage: float = 0.5,
        output: str = "concat",
        scale: str = "standard",
        max_rank: int | None = 256,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.shrinkage = shrinkage
        self.output = output
        self.scale = scale
        self.max_rank = max_rank
        self.random_state = random_state

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        self._check_parameters()
        whitened = [self._whiten(block, blocks.present_in(name)) for name, block in blocks.items()]
        scores = [each.scores for each in whitened]
        gains = [_gain(each.variances, self.shrinkage) for each in whitened]
        solved = canonical_coefficients(scores, gains, blocks.present, self.n_components)
        projections = [each.projection(part) for each, part in zip(whitened, solved, strict=True)]
        self.projections_ = dict(zip(blocks.names, _with_signs(projections), strict=True))
        projected = [score @ part for score, part in zip(scores, solved, strict=True)]
        self.correlations_, self.slopes_ = relate(np.stack(projected, axis=1), blocks.present)

    def _check_parameters(self) -> None:
        check_number("n_components", self.n_components, low=1, integer=True)
        check_number("shrinkage", self.shrinkage, low=0, high=1)
        check_choice("output", self.output, ["concat", "mean"])
        check_choice("scale", self.scale, ["standard", "block"])
        if self.max_rank is not None:
            check_number("max_rank", self.max_rank, low=1, integer=True)

    def _whiten(self, block: Any, present: np.ndarray) -> WhitenedBlock:
        return whiten(block, present, self.scale, self.max_rank, self.random_state)

    def _fuse(self, blocks: FeatureBlocks) -> np.ndarray:
        fused = np.zeros((*blocks.present.shape, len(self.correlations_)), dtype=np.float32)
        for place, (name, block) in enumerate(blocks.items()):
            for rows, part in present_chunks(block, blocks.present_in(name)):
                fused[rows, place] = self.projections_[name].apply(part)
        gaps = np.flatnonzero(~blocks.present.all(axis=1))
        fused[gaps] += guess_missing(fused[gaps], blocks.present[gaps], self.slopes_)
        return (
            fused.mean(axis=1) if self.output == "mean" else np.hstack(list(fused.swapaxes(0, 1)))
        )

    def _feature_names(self, blocks: FeatureBlocks) -> np.ndarray:
        names = [f"cca{number}" for number in range(len(self.correlations_))]
        if self.output == "concat":
            names = [f"{block}__{name}" for block in blocks.names for name in names]
        return np.asarray(names, dtype=object)


def _gain(variances: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return standard deviations over the shrunk ones."""
    shrunk = (1 - shrinkage) * variances + shrinkage * variances.sum() / max(1, len(variances))
    return np.sqrt(variances / shrunk)


def _with_signs(projections: list[BlockProjection]) -> list[BlockProjection]:
    weights = np.vstack([projection.weights for projection in projections])
    largest = np.abs(weights).argmax(axis=0)
    signs = np.where(weights[largest, np.arange(weights.shape[1])] < 0, -1, 1)
    return [BlockProjection(each.weights * signs, each.offset * signs) for each in projections]
