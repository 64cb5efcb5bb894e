"""Fusion by a weighted sum of kernels, one per block, as explicit features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.kernel_approximation import Nystroem
from sklearn.utils import Tags, check_random_state

from mmsk._by_block import by_block, given_weights
from mmsk._validation import check_choice, check_number, check_target
from mmsk.compose import FeatureBlocks
from mmsk.compose._stack import present_chunks
from mmsk.fusion._base import BaseFusion
from mmsk.fusion._block_weights import rows_to_align, target_columns
from mmsk.fusion._kernel_alignment import weights_of_maps
from mmsk.fusion._scaling import SCALES, check_gamma, gamma_of_scale, learn_scales

KERNELS = ["rbf", "poly", "linear", "cosine"]
RULES = ["alignment", "uniform"]


class KernelFusion(BaseFusion):
    """Map each block by a kernel of its own, weigh the kernels, and put the maps side by side.

    The inner product of two fused rows is the weighted sum of the blocks' kernels, so that a
    linear head on them is a multiple kernel machine, whose cost grows with the rows and not with
    their square. Each block has its own notion of likeness, and blocks that say more about the
    target have more say. Kernels are approximated by a few training rows, the landmarks
    (Nystroem).

    A missing block becomes zeros: it adds nothing to any inner product. A block that no training
    row has gives no features.

    Parameters
    ----------
    kernel : {"rbf", "poly", "linear", "cosine"} or mapping of str to str, default="rbf"
        The kernel of every block, or of each by its name; blocks that a mapping leaves out keep
        ``"rbf"``. Polynomials are ``(gamma * <a, b> + 1) ** degree``.
    n_components : int, default=200
        Landmarks per block, and so its number of features; at most as many as there are training
        rows with the block. More of them are closer to the exact kernel.
    weights : {"alignment", "uniform"}, mapping of str to float or sequence of float, \
default="alignment"
        The factor of each kernel in the sum. ``"alignment"`` learns those whose sum is best
        aligned with the target's kernel (``alignf``); it may give 0 to a block that adds
        nothing to the others. ``"uniform"`` gives the same to all. In both, they sum to 1. A
        mapping names blocks; those it leaves out get 1. A sequence has one weight per block, in
        order.
    gamma : "scale", float or mapping of str to {"scale", float}, default="scale"
        The factor in ``"rbf"`` and ``"poly"`` of every block, or of each by its name; the larger,
        the more local. ``"scale"`` is ``1 / (width * variance)`` of the scaled block, as in SVC,
        and what a mapping leaves out gets.
    degree : int, default=3
        Degree of ``"poly"``.
    scale : {"standard", "block"} or None, default="standard"
        As in ConcatFusion; kernels are those of the scaled blocks.
    random_state : int, RandomState or None, default=None
        Seed of the choice of landmarks; None draws others at each fit.

    Attributes
    ----------
    weights_ : dict of str to float
        The weight of each block's kernel.
    maps_ : dict of str to Nystroem
        The fitted map of each scaled block that a training row has.
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
        In fit, if a parameter is not accepted or does not fit the blocks, or weights are to be
        learned without `y`.

    See Also
    --------
    WeightedFusion : The same for linear kernels, exact and without landmarks.
    sklearn.kernel_approximation.Nystroem : The map of one block.

    Notes
    -----
    Fitting decomposes one matrix of ``n_components ** 2`` per block. Weights are learned from at
    most 2,000 rows, on kernels centred over the rows that have the block, so that which rows
    lack it has no say. Fusing a row costs its stored cells times `n_components`, and the square
    of `n_components`, per block, a few rows at a time; landmarks of sparse blocks stay sparse,
    the result is dense.

    References
    ----------
    Williams, C. K. I., Seeger, M. (2001). Using the Nystroem method to speed up kernel machines.
    Advances in Neural Information Processing Systems 13.

    Cortes, C., Mohri, M., Rostamizadeh, A. (2012). Algorithms for learning kernels based on
    centered alignment. Journal of Machine Learning Research 13.

    Examples
    --------
    A ring around a disc in one block, noise in the other:

    >>> import numpy as np
    >>> from mmsk import FeatureBlocks, KernelFusion
    >>> from sklearn.datasets import make_circles
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> rings, y = make_circles(200, noise=0.1, factor=0.4, random_state=0)
    >>> noise = np.random.default_rng(0).normal(size=(200, 2))
    >>> blocks = FeatureBlocks({"rings": rings, "noise": noise})
    >>> fusion = KernelFusion(n_components=50, random_state=0)
    >>> model = make_pipeline(fusion, LogisticRegression()).fit(blocks, y)
    >>> bool(model.score(blocks, y) > 0.95)
    True
    >>> bool(model[0].weights_["rings"] > 0.9)
    True
    """

    def __init__(
        self,
        kernel: str | Mapping[str, str] = "rbf",
        n_components: int = 200,
        weights: str | Mapping[str, float] | Sequence[float] = "alignment",
        gamma: str | float | Mapping[str, Any] = "scale",
        degree: int = 3,
        scale: str | None = "standard",
        random_state: Any = None,
    ) -> None:
        self.kernel = kernel
        self.n_components = n_components
        self.weights = weights
        self.gamma = gamma
        self.degree = degree
        self.scale = scale
        self.random_state = random_state

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        check_choice("scale", self.scale, SCALES)
        check_number("n_components", self.n_components, low=1, integer=True)
        check_number("degree", self.degree, low=1, integer=True)
        if isinstance(self.weights, str):
            check_choice("weights", self.weights, RULES)
        check_kernel = partial(check_choice, choices=KERNELS)
        kernels = by_block("kernel", self.kernel, blocks.names, "rbf", check_kernel)
        gammas = by_block("gamma", self.gamma, blocks.names, "scale", check_gamma)
        random = check_random_state(self.random_state)
        self.scales_, self.maps_ = learn_scales(blocks, self.scale), {}
        for name, block in blocks.items():
            present = blocks.present_in(name)
            if present.any() and block.shape[1]:
                landmarks = random.permutation(np.flatnonzero(present))[: self.n_components]
                nystroem = Nystroem(kernels[name], gamma=gammas[name], degree=self.degree)
                if gammas[name] == "scale":
                    nystroem.gamma = gamma_of_scale(block, present, self.scales_[name])
                self.maps_[name] = self._fit_map(nystroem, name, block[landmarks])
        self.weights_ = self._weights(blocks, y)

    def _fit_map(self, nystroem: Nystroem, name: str, landmarks: Any) -> Nystroem:
        # All rows given are landmarks, whatever the seed; None would draw from the global state.
        nystroem.set_params(n_components=landmarks.shape[0], random_state=0)
        return nystroem.fit(self._scaled(name, landmarks))

    def _weights(self, blocks: FeatureBlocks, y: Any) -> dict[str, float]:
        if not isinstance(self.weights, str):
            return given_weights(self.weights, blocks.names, RULES)
        if self.weights == "uniform":
            return dict.fromkeys(blocks.names, 1 / len(blocks.names))
        y = check_target(f"weights={self.weights!r}", y, blocks, ", or give the weights")
        return dict.fromkeys(blocks.names, 0.0) | self._aligned(blocks, y)

    def _aligned(self, blocks: FeatureBlocks, y: np.ndarray) -> dict[str, float]:
        """Weights of the blocks that have a map, by centred alignment of the maps' kernels."""
        rows = rows_to_align(len(y))
        blocks, target = blocks[rows], target_columns(y[rows])
        features = self._features(blocks, dict.fromkeys(blocks.names, 1.0))
        maps = [
            (features[:, columns], blocks.present_in(name))
            for name, columns in self._columns().items()
        ]
        return dict(zip(self.maps_, weights_of_maps(maps, target).tolist(), strict=True))

    def _fuse(self, blocks: FeatureBlocks) -> np.ndarray:
        return self._features(blocks, self.weights_)

    def _features(self, blocks: FeatureBlocks, weights: Mapping[str, float]) -> np.ndarray:
        columns = self._columns()
        width = sum(place.stop - place.start for place in columns.values())
        features = np.zeros((len(blocks), width), dtype=np.float32)
        for name, place in columns.items():
            root, present = np.sqrt(weights[name]), blocks.present_in(name)
            for rows, part in present_chunks(blocks[name], present, place.stop - place.start):
                if part.shape[0]:
                    mapped = self.maps_[name].transform(self._scaled(name, part))
                    features[rows, place] = root * mapped
        return features

    def _scaled(self, name: str, rows: Any) -> Any:
        # In float64: the map divides by small eigenvalues, which float32 holds by rounding alone.
        return self.scales_[name].apply(rows).astype(np.float64)

    def _columns(self) -> dict[str, slice]:
        """Where the features of each map stand."""
        widths = [nystroem.components_.shape[0] for nystroem in self.maps_.values()]
        ends = np.cumsum(widths, dtype=int)
        return {
            name: slice(int(end) - width, int(end))
            for name, width, end in zip(self.maps_, widths, ends, strict=True)
        }

    def _feature_names(self, blocks: FeatureBlocks) -> np.ndarray:
        names = [
            f"{name}__{self.maps_[name].kernel}{number}"
            for name, place in self._columns().items()
            for number in range(place.stop - place.start)
        ]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = isinstance(self.weights, str) and self.weights == "alignment"
        return tags
