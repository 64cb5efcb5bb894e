"""What late fusion of classes and of real targets share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from mmsk._by_block import given_weights
from mmsk._progress import as_fit_task
from mmsk._validation import check_choice, check_n_jobs, check_target
from mmsk.compose import FeatureBlocks
from mmsk.compose._checked_blocks import checked_blocks
from mmsk.fusion._scaling import SCALES
from mmsk.heads._block_head import BlockTask, features_of, fit_weighted, said_out_of_fold
from mmsk.heads._combination import combine, stacked
from mmsk.heads._folds import folds_of
from mmsk.heads._heads_by_block import check_head, heads_by_block, is_head, is_pair
from mmsk.heads._say import Say


class BaseLateFusion(CallbackSupportMixin, _BaseComposition):
    """Base of the heads that fit one head per block and combine what these say.

    A leaf gives its rules, the default heads, what a head says of rows, the prior, and the score
    of what a head says.
    """

    _kind: ClassVar[str]
    _rules: ClassVar[list[str]]
    _default_head: ClassVar[Any]
    _default_final: ClassVar[Any]

    @property
    @abstractmethod
    def _say(self) -> Say:
        """Function from a fitted head and rows to what the head says of them."""

    @abstractmethod
    def _check_target(self, y: np.ndarray) -> np.ndarray:
        """Check the target, which is finite and 1-D, and learn what holds for all blocks."""

    @abstractmethod
    def _prior_of(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return what is said of a row where no head has a say, of shape (n_outputs,)."""

    @abstractmethod
    def _score_of(self, y: np.ndarray, said: np.ndarray, weight: np.ndarray | None) -> float:
        """Score of what a head says, 0 at chance and 1 at best."""

    def _check_what_heads_say(self) -> None:
        """Check that the fitted heads can say what the combination needs."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add those of the heads: ``estimator__C`` of one head for all blocks;
            ``image`` and ``image__C`` of a list of heads.

        Returns
        -------
        params : dict of str to object
            The values by name.
        """
        if isinstance(self.estimator, list):
            return self._get_params("estimator", deep=deep)
        return super().get_params(deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters by the names that `get_params` gives.

        Parameters
        ----------
        **params : object
            Such as ``combination="product"`` or ``estimator__C=10.0``; with a list of heads also
            ``image=SVC()``, ``image="drop"`` and ``image__C=10.0``.

        Returns
        -------
        self : object
            The same head.
        """
        self._set_params("estimator", **params)
        return self

    @as_fit_task
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit a head on each block, and learn how to combine them.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features. An array is one block named ``features``.
        y : array-like of shape (n_rows,)
            Targets.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, at least 0, for every head that takes them in ``fit``. Heads of
            blocks learn nothing from rows of weight 0.

        Returns
        -------
        self : object
            The fitted head.

        Raises
        ------
        ValueError
            If a parameter is not accepted, a row has no modality at all, a present row holds NaN
            or infinity, or no block has rows to learn from.
        """
        blocks = checked_blocks(self, X, reset=True)
        heads = self._check_parameters(blocks.names)
        y, weight = self._check_targets(blocks, y, sample_weight)
        self.prior_ = self._prior_of(y, weight)
        tasks = {
            name: BlockTask(head, blocks[name], blocks.present_in(name), y, weight, self.scale)
            for name, head in heads.items()
        }
        self._fit_heads(tasks)
        self._check_what_heads_say()
        self._learn_combination([tasks[name] for name in self.estimators_], y, weight)
        return self

    def _check_parameters(self, names: list[str]) -> dict[str, Any]:
        """Check the parameters and return the unfitted head of each block."""
        check_choice("combination", self.combination, self._rules)
        check_choice("scale", self.scale, SCALES)
        check_n_jobs(self.n_jobs)
        if isinstance(self.weights, str):
            check_choice("weights", self.weights, ["score"])
        else:
            self._given_weights(names)
        check_head("final_estimator", self._final, self._kind)
        heads = heads_by_block(self._head, names, self._kind)
        if isinstance(self.estimator, list):
            self._validate_names([name for name, _ in self.estimator])
        return heads

    @property
    def _head(self) -> Any:
        return self._default_head if self.estimator is None else self.estimator

    @property
    def _final(self) -> Any:
        return self._default_final if self.final_estimator is None else self.final_estimator

    def _heads(self) -> list[Any]:
        """All heads, fitted ones where there are; what is none is refused in fit."""
        if hasattr(self, "estimators_"):
            return list(self.estimators_.values())
        if isinstance(self._head, list):
            return [pair[1] for pair in self._head if is_pair(pair) and is_head(pair[1])]
        return [self._head] if is_head(self._head) else []

    def _check_targets(
        self, blocks: FeatureBlocks, y: Any, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray | None]:
        y = check_target(type(self).__name__, y, blocks, warn=True)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, blocks, dtype=np.float64, ensure_non_negative=True
            )
        return self._check_target(y), sample_weight

    def _given_weights(self, names: list[str]) -> dict[str, float]:
        return given_weights(self.weights, names, ["score"])

    def _fit_heads(self, tasks: dict[str, BlockTask]) -> None:
        fitted = Parallel(n_jobs=self.n_jobs)(delayed(task.fit)() for task in tasks.values())
        heads = {name: head for name, head in zip(tasks, fitted, strict=True) if head is not None}
        if not heads:
            rows = "rows of more than one class" if self._kind == "classifier" else "rows"
            raise ValueError(
                f"There is nothing to learn from: no block has {rows}. Only rows that have the "
                "block and a weight above 0 count."
            )
        self.scales_ = {name: scale for name, (scale, _) in heads.items() if scale is not None}
        self.estimators_ = {name: estimator for name, (_, estimator) in heads.items()}

    def _learn_combination(
        self, tasks: list[BlockTask], y: np.ndarray, weight: np.ndarray | None
    ) -> None:
        if self.combination == "stacking":
            said = self._said_out_of_fold(tasks, y)
            self._with_gaps = np.isnan(said).all(axis=2).any(axis=1)
            features = stacked(said, self.prior_, self._with_gaps)
            self.final_estimator_ = fit_weighted(clone(self._final), features, y, weight)
        elif self.combination == "weighted" and isinstance(self.weights, str):
            self.weights_ = self._learned_weights(self._said_out_of_fold(tasks, y), y, weight)
        elif self.combination == "weighted":
            given = self._given_weights(list(self.block_widths_))
            self.weights_ = {name: given[name] for name in self.estimators_}

    def _said_out_of_fold(self, tasks: list[BlockTask], y: np.ndarray) -> np.ndarray:
        folds = folds_of(self.cv, y, classifier=self._kind == "classifier")
        return said_out_of_fold(tasks, folds, self._say, len(self.prior_), self.n_jobs)

    def _learned_weights(
        self, said: np.ndarray, y: np.ndarray, weight: np.ndarray | None
    ) -> dict[str, float]:
        scores = {}
        for name, of_head in zip(self.estimators_, said, strict=True):
            rows = ~np.isnan(of_head).all(axis=1)
            weight_of_rows = None if weight is None else weight[rows]
            scores[name] = max(0.0, self._score_of(y[rows], of_head[rows], weight_of_rows))
        return scores if any(scores.values()) else dict.fromkeys(scores, 1.0)

    def _said(self, X: Any) -> np.ndarray:
        """Return what each head says of each row, of shape (n_heads, n_rows, n_outputs)."""
        check_is_fitted(self)
        blocks = checked_blocks(self, X, reset=False)
        said = np.full((len(self.estimators_), len(blocks), len(self.prior_)), np.nan)
        for of_head, (name, estimator) in zip(said, self.estimators_.items(), strict=True):
            present = blocks.present_in(name)
            if present.any():
                features = features_of(blocks[name], present, self.scales_.get(name))
                of_head[present] = self._say(estimator, features)
        return said

    def _combined(self, X: Any) -> np.ndarray:
        """Return what the heads say together, of shape (n_rows, n_outputs)."""
        said = self._said(X)
        if self.combination == "weighted":
            return combine(said, "mean", self.prior_, np.array(list(self.weights_.values())))
        return combine(said, self.combination, self.prior_)

    def _stacked(self, X: Any) -> np.ndarray:
        return stacked(self._said(X), self.prior_, self._with_gaps)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = all(get_tags(head).input_tags.sparse for head in self._heads())
        tags.target_tags.required = True
        return tags
