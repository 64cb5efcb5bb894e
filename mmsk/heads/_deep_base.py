"""What the deep heads for classes and for numbers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from mmsk._compact import shape_of
from mmsk._device import resolve_device
from mmsk._learning import LearnsInEpochs
from mmsk._progress import epochs_told
from mmsk.compose import FeatureBlocks
from mmsk.compose._checked_blocks import checked_blocks
from mmsk.heads._checkpoint import read_checkpoint
from mmsk.heads._deep_inputs import learn_inputs
from mmsk.heads._deep_parameters import WITH_SHARES, check_parameters
from mmsk.heads._deep_split import split_rows

if TYPE_CHECKING:
    from mmsk._nets.batches import BlockRows

WIDTH_OF_PROJECTIONS = 128
Listener = Callable[[Any], Any]


def _has_shares(head: Any) -> bool:
    if head.fusion not in WITH_SHARES:
        raise AttributeError(
            f"fusion={head.fusion!r} gives blocks no shares: modality_weights is there for "
            f"{', '.join(map(repr, WITH_SHARES))}."
        )
    return True


class BaseDeepFusion(LearnsInEpochs, CallbackSupportMixin, TransformerMixin, BaseEstimator, ABC):
    """Base of the heads that are networks from blocks to predictions.

    A leaf says what its outputs are, encodes the target, and documents the parameters.
    """

    state_: dict[str, np.ndarray]
    history_: dict[str, list[float]]
    n_epochs_: int

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int],
        *,
        fusion: str,
        n_components: int | None,
        activation: str,
        dropout: float,
        modality_dropout: float,
        scale: str | None,
        optimizer: str,
        learning_rate: float,
        schedule: str,
        weight_decay: float,
        max_gradient_norm: float | None,
        batch_size: int | str,
        max_epochs: int,
        early_stopping: bool | str,
        validation_fraction: float,
        n_iter_no_change: int,
        precision: str,
        warm_start: bool,
        initial_weights: str | PathLike[str] | None,
        callbacks: Sequence[Listener] | None,
        random_state: int | np.random.RandomState | None,
        device: str,
        n_jobs: int | None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.fusion = fusion
        self.n_components = n_components
        self.activation = activation
        self.dropout = dropout
        self.modality_dropout = modality_dropout
        self.scale = scale
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.max_gradient_norm = max_gradient_norm
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.precision = precision
        self.warm_start = warm_start
        self.initial_weights = initial_weights
        self.callbacks = callbacks
        self.random_state = random_state
        self.device = device
        self.n_jobs = n_jobs

    @property
    @abstractmethod
    def _loss(self) -> str:
        """Name of the loss."""

    @property
    @abstractmethod
    def _n_outputs(self) -> int:
        """Number of outputs of the network."""

    @abstractmethod
    def _check_target(self, y: Any, blocks: FeatureBlocks) -> np.ndarray:
        """Return the target as an array that fits the rows."""

    @abstractmethod
    def _learn_target(self, y: np.ndarray, weight: np.ndarray, classes: Any) -> None:
        """Learn what encodes a target; `classes` are those announced for `partial_fit`."""

    @abstractmethod
    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Return what the network is to give for a target."""

    @abstractmethod
    def _weighed(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the weights of rows with those of their classes."""

    def _check_parameters(self) -> None:
        check_parameters(self)
        self._check_training()

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows with their targets.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features. An array is one block named ``features``.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_rows,), default=None
            Factors on the losses of the rows, at least 0. Rows of weight 0 are not looked at.

        Returns
        -------
        self : object
            The fitted head.

        Raises
        ------
        ValueError
            If a parameter, the rows or the targets are not valid; a row has no modality at all;
            a present row holds NaN or infinity; fewer rows than classes would be held out; or
            the loss does not stay finite.
        FileNotFoundError
            If there is no file `initial_weights`.
        """
        self._check_parameters()
        with epochs_told(self, self.max_epochs) as tell:
            return self._learn(X, y, sample_weight, self.warm_start, listeners=[tell])

    def _learn(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        continues: bool,
        *,
        one_pass: bool = False,
        classes: Any = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Learn from rows, from the weights so far where there are some and that is asked for."""
        continues = continues and hasattr(self, "state_")
        blocks = checked_blocks(self, X, reset=not continues)
        y = self._check_target(y, blocks)
        weight = _row_weights(sample_weight, blocks)
        if not continues:
            self._begin(blocks, y, weight, classes)
        seed = self._draw_seed()
        state = self.state_ if continues else self._first_state(seed)
        n_before, history = (self.n_epochs_, self.history_) if continues else (0, {})
        task = _Task(
            blocks,
            self._encode(y),
            self._weighed(y, weight),
            (seed + n_before) % 2**31,
            one_pass,
            listeners,
        )
        self.state_, losses = self._train(state, task)
        self.n_epochs_ = n_before + len(losses["loss"])
        self.history_ = {name: history.get(name, []) + new for name, new in losses.items()}
        return self

    def _begin(
        self, blocks: FeatureBlocks, y: np.ndarray, weight: np.ndarray, classes: Any
    ) -> None:
        """Learn what stays as it is however long training goes on."""
        self._learn_target(y, weight, classes)
        self.scales_, self._spreads = learn_inputs(blocks, self.scale, weight)
        self._seen = blocks.present[weight > 0].any(axis=0)

    def _first_state(self, seed: int) -> dict[str, np.ndarray]:
        from mmsk._nets.state import build_seeded, to_arrays

        state = to_arrays(build_seeded(partial(self._make_network, self._spreads), seed))
        if self.initial_weights is None:
            return state
        shapes = {name: value.shape for name, value in state.items()}
        return read_checkpoint(self.initial_weights, shapes)

    def _make_network(self, spreads: list[float] | None = None) -> Any:
        from mmsk._nets.deep_fusion import DeepFusion

        return DeepFusion(
            list(self.block_widths_.values()),
            self._n_outputs,
            fusion=self.fusion,
            n_components=self._width_of_projections(),
            hidden_layer_sizes=self.hidden_layer_sizes,
            activation=self.activation,
            dropout=self.dropout,
            modality_dropout=self.modality_dropout,
            spreads=spreads,
        )

    def _width_of_projections(self) -> int | None:
        if self.n_components is None and (self.fusion != "concat" or not self.hidden_layer_sizes):
            return WIDTH_OF_PROJECTIONS
        return self.n_components

    def _train(
        self, state: dict[str, np.ndarray], task: _Task
    ) -> tuple[dict[str, np.ndarray], dict[str, list[float]]]:
        from mmsk._nets.deep_training import train_outputs

        rows = np.flatnonzero(task.weight > 0)
        learned_from, held_out = (rows, rows[:0]) if task.one_pass else self._split(task, rows)
        device = resolve_device(self.device)
        return train_outputs(
            self._make_network,
            state,
            self._rows(task.blocks, device).hold().take,
            task.targets,
            task.weight / task.weight[rows].mean(),
            self._loss,
            self._how(
                len(learned_from),
                max_epochs=1 if task.one_pass else self.max_epochs,
                max_gradient_norm=self.max_gradient_norm,
                optimizer=self.optimizer,
                schedule=self.schedule,
                precision=self.precision,
                n_threads=effective_n_jobs(self.n_jobs),
            ),
            rows=learned_from,
            held_out=held_out,
            seed=task.seed,
            device=device,
            listeners=[*task.listeners, *(self.callbacks or ())],
        )

    def _split(self, task: _Task, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return split_rows(
            task.targets,
            rows,
            n_classes=self._n_outputs if self._loss == "classes" else 1,
            early_stopping=self.early_stopping,
            fraction=self.validation_fraction,
            seed=task.seed,
        )

    def _rows(self, blocks: FeatureBlocks, device: str) -> BlockRows:
        from mmsk._nets.batches import BlockRows

        parts = [block for _, block in blocks.items()]
        maps = [self.scales_[name].apply for name in blocks.names]
        return BlockRows(parts, blocks.present & self._seen, maps, device)

    def transform(self, X: Any) -> np.ndarray:
        """Compute what goes into the last layer: the fused features, for another head.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit; those of FeatureBlocks in any order.

        Returns
        -------
        features : ndarray of shape (n_rows, n_features_out), dtype float32
            The last hidden layer, or the fused blocks where there are no hidden layers.
        """
        return self._compute(X, "represent")

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the features that `transform` gives.

        Parameters
        ----------
        input_features : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        names : ndarray of str
            One name per feature.
        """
        check_is_fitted(self, "state_")
        prefix = type(self).__name__.lower()
        n_features = shape_of(self.state_, "output.weight")[1]
        return np.asarray([f"{prefix}{i}" for i in range(n_features)], dtype=object)

    @available_if(_has_shares)
    def modality_weights(self, X: Any) -> np.ndarray:
        """Share of each block in each fused row; with "weighted", "gated" and "attention".

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        shares : ndarray of shape (n_rows, n_blocks), dtype float32
            Rows sum to 1, a missing block has 0, in the order of `block_widths_`. A row that
            has only blocks which no training row had is all 0.
        """
        return self._compute(X, "shares")

    def _outputs(self, X: Any) -> np.ndarray:
        return self._compute(X, "forward")

    def _compute(self, X: Any, method: str) -> np.ndarray:
        from mmsk._nets.state import from_arrays
        from mmsk._nets.training import compute

        check_is_fitted(self, "state_")
        blocks = checked_blocks(self, X, reset=False)
        device = resolve_device(self.device)
        function = getattr(from_arrays(self._make_network, self.state_).to(device), method)
        rows = self._rows(blocks, device)
        return compute(function, rows.take, len(rows), effective_n_jobs(self.n_jobs))

    @property
    def n_iter_(self) -> int:
        """Number of epochs, by scikit-learn's name."""
        return self.n_epochs_

    @property
    def loss_curve_(self) -> list[float]:
        """Loss of each epoch, by scikit-learn's name."""
        return self.history_["loss"]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags


@dataclass(frozen=True)
class _Task:
    """What is learned from in one training."""

    blocks: FeatureBlocks
    targets: np.ndarray
    weight: np.ndarray
    seed: int
    one_pass: bool
    listeners: Sequence[Listener]


def _row_weights(sample_weight: Any, blocks: FeatureBlocks) -> np.ndarray:
    return _check_sample_weight(sample_weight, blocks, dtype=np.float64, ensure_non_negative=True)
