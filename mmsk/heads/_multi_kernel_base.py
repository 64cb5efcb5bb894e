"""Kernels of blocks, fused into one: what any head with several kernels shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from mmsk._by_block import by_block, given_weights
from mmsk._validation import check_choice, check_number
from mmsk.compose import FeatureBlocks
from mmsk.compose._checked_blocks import checked_blocks
from mmsk.fusion._scaling import check_gamma, learn_scales
from mmsk.heads._block_products import (
    BlockRows,
    products_with,
    products_with_themselves,
    tiles,
)
from mmsk.heads._fused_kernel import FusedKernel, scale_gamma
from mmsk.heads._gram import KERNELS, Kernel
from mmsk.heads._kernel_weights import best_aligned, max_margin
from mmsk.heads._svm_decision import values_of

LEARNED = {"alignment": best_aligned, "easymkl": max_margin}
WORDS = ("uniform", *LEARNED)


class BaseMultiKernel(CallbackSupportMixin, BaseEstimator, ABC):
    """Base of heads whose kernel is fused from one kernel per block.

    A leaf has the parameters that are checked here, and solves on the kernel matrix.
    """

    @property
    @abstractmethod
    def _model(self) -> Any:
        """The fitted scikit-learn model."""

    def _check_kernel_parameters(self) -> None:
        check_choice("combination", self.combination, ["sum", "product"])
        if self.combination == "product" and self.kernel != "rbf":
            raise ValueError(
                f"kernel={self.kernel!r} is not 'rbf', the only one that combination='product' "
                "takes. Use combination='sum'."
            )
        if self.combination == "product" and isinstance(self.gamma, Mapping):
            raise ValueError(
                f"gamma={self.gamma!r} differs between blocks, but combination='product' has one "
                "for all. Use weights, which multiply it."
            )
        if isinstance(self.weights, str):
            check_choice("weights", self.weights, WORDS)
        check_number("degree", self.degree, low=0, integer=True)
        check_number("coef0", self.coef0)
        check_choice("scale", self.scale, ["centred", "block", "standard", None])
        check_number("max_gram_mib", self.max_gram_mib, low=0)
        check_number("reuse_mib", self.reuse_mib, low=0)

    def _check_memory(self, n_rows: int) -> None:
        needed = 8 * n_rows**2 / 2**20
        if needed > self.max_gram_mib:
            raise ValueError(
                f"The kernel matrix of {n_rows:,} rows needs {needed:,.1f} MiB, but "
                f"max_gram_mib={self.max_gram_mib:g}. Raise it, or use an SVM head behind "
                "WeightedFusion, which does without the matrix."
            )

    def _learn_kernel(self, blocks: FeatureBlocks, codes: np.ndarray) -> np.ndarray:
        """Learn scales, weights and kernel, and return the kernel matrix of the rows."""
        names = blocks.names
        self.scales_ = learn_scales(blocks, self.scale)
        weights = dict.fromkeys(names, 1.0)
        if not isinstance(self.weights, str):
            weights = given_weights(self.weights, names, WORDS)
        weights = {n: w if blocks.present_in(n).any() else 0.0 for n, w in weights.items()}
        rows = self._rows(blocks, [name for name in names if weights[name] > 0])
        kernels = self._own_kernels(rows, names)
        products = products_with_themselves(rows, kernels, self.reuse_mib)
        if isinstance(self.weights, str) and self.weights in LEARNED:
            learned = len(rows) * LEARNED[self.weights](kernels, products, codes)
            weights |= zip(rows, learned.tolist(), strict=True)
        self.weights_ = weights
        self.kernel_ = self._fused(rows, kernels)
        return self.kernel_.matrix(products, len(blocks))

    def _rows(self, blocks: FeatureBlocks, names: Iterable[str]) -> dict[str, BlockRows]:
        return {
            name: BlockRows.scaled(blocks[name], blocks.present_in(name), self.scales_[name])
            for name in names
        }

    def _own_kernels(self, rows: dict[str, BlockRows], names: list[str]) -> dict[str, Kernel]:
        kinds = by_block("kernel", self.kernel, names, "rbf", _check_kernel)
        gammas = by_block("gamma", self.gamma, names, "scale", check_gamma)
        return {
            name: self._kernel(kinds[name], gammas[name], [(part, 1.0)], *part.values.shape)
            for name, part in rows.items()
        }

    def _kernel(
        self, kind: str, gamma: Any, parts: list[tuple[BlockRows, float]], n_rows: int, width: int
    ) -> Kernel:
        number = scale_gamma(parts, n_rows, width) if gamma == "scale" else float(gamma)
        return Kernel(kind, number, self.degree, float(self.coef0))

    def _fused(self, rows: dict[str, BlockRows], kernels: dict[str, Kernel]) -> FusedKernel:
        weights = {name: weight for name, weight in self.weights_.items() if weight > 0}
        if not weights:
            raise ValueError(f"weights={self.weights!r} leaves no block with a weight above 0.")
        if self.combination == "product":
            parts = [(rows[name], weight) for name, weight in weights.items()]
            n_rows = len(parts[0][0].present)
            one = self._kernel("rbf", self.gamma, parts, n_rows, self.n_features_in_)
            kernels = dict.fromkeys(weights, one)
        return FusedKernel(self.combination, {name: kernels[name] for name in weights}, weights)

    def _keep_support(self, blocks: FeatureBlocks, support: np.ndarray) -> None:
        """Keep the support vectors in the blocks that have a weight."""
        vectors = blocks[support].select(list(self.kernel_.weights))
        self.support_vectors_, self.support_present_ = dict(vectors.items()), vectors.present

    def _decision_values(self, X: Any) -> np.ndarray:
        """Values for each pair of classes, of shape (n_rows, n_pairs)."""
        check_is_fitted(self)
        blocks = checked_blocks(self, X, reset=False)
        vectors = FeatureBlocks(self.support_vectors_, present=self.support_present_)
        rows, columns = (self._rows(side, vectors.names) for side in (blocks, vectors))
        products = products_with(rows, columns, self.kernel_.kernels)
        values = np.empty((len(blocks), len(self._model.intercept_)))
        for some in tiles(len(blocks), len(vectors)):
            similarities = self.kernel_.tile(products, some, slice(0, len(vectors)))
            values[some] = values_of(self._model, similarities)
        return values

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _check_kernel(name: str, value: Any) -> None:
    check_choice(name, value, KERNELS)
