"""Base of the fusions that a small network learns with the target."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import Tags

from mmsk._device import resolve_device
from mmsk._learning import LearnsInEpochs
from mmsk._targets import encode_target
from mmsk._validation import check_number
from mmsk.compose import FeatureBlocks
from mmsk.fusion._base import BaseFusion
from mmsk.fusion._scaling import learn_scales

if TYPE_CHECKING:
    from mmsk._nets.batches import BlockRows


class LearnedFusion(LearnsInEpochs, BaseFusion):
    """Base of a fusion by a network that is trained with a linear model of the target behind it.

    A leaf gives `_make_network`, checks its own parameters, and documents them all.
    """

    def __init__(
        self,
        n_components: int,
        *,
        dropout: float,
        modality_dropout: float,
        learning_rate: float,
        weight_decay: float,
        batch_size: int | str,
        max_epochs: int,
        early_stopping: bool | str,
        validation_fraction: float,
        n_iter_no_change: int,
        random_state: int | np.random.RandomState | None,
        device: str,
    ) -> None:
        self.n_components = n_components
        self.dropout = dropout
        self.modality_dropout = modality_dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.device = device

    @abstractmethod
    def _make_network(self) -> Any:
        """Build the network for blocks of the widths seen in fit."""

    def _check_parameters(self) -> None:
        check_number("n_components", self.n_components, low=1, integer=True)
        for name in ("dropout", "modality_dropout"):
            check_number(name, getattr(self, name), low=0, high=0.99)
        self._check_training()

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        self._check_parameters()
        target = encode_target(type(self).__name__, y, blocks)
        self.scales_ = learn_scales(blocks, "standard")
        self._seen = blocks.present.any(axis=0)
        self._train(blocks, target.values)

    def _train(self, blocks: FeatureBlocks, targets: np.ndarray) -> None:
        from mmsk._nets.state import to_arrays
        from mmsk._nets.supervised import train_supervised

        device = resolve_device(self.device)
        network, self.history_ = train_supervised(
            self._make_network,
            self.n_components,
            self._rows(blocks, device).hold().take,
            targets,
            self._how(len(targets)),
            validation_fraction=self._fraction_held_out(len(targets)),
            seed=self._draw_seed(),
            device=device,
        )
        self.n_epochs_ = len(self.history_["loss"])
        self.state_ = to_arrays(network[0])

    def _rows(self, blocks: FeatureBlocks, device: str) -> BlockRows:
        from mmsk._nets.batches import BlockRows

        parts = [block for _, block in blocks.items()]
        maps = [self.scales_[name].apply for name in blocks.names]
        return BlockRows(parts, blocks.present & self._seen, maps, device)

    def _fuse(self, blocks: FeatureBlocks) -> np.ndarray:
        return self._compute(blocks, lambda network, batch: network(batch))

    def _shares(self, X: Any) -> np.ndarray:
        return self._compute(self._checked(X), lambda network, batch: network.fuse(batch)[1])

    def _compute(self, blocks: FeatureBlocks, function: Callable[[Any, Any], Any]) -> np.ndarray:
        from mmsk._nets.state import from_arrays
        from mmsk._nets.training import compute

        device = resolve_device(self.device)
        network = from_arrays(self._make_network, self.state_).to(device)
        rows = self._rows(blocks, device)
        return compute(lambda batch: function(network, batch), rows.take, len(rows))

    def _feature_names(self, blocks: FeatureBlocks) -> np.ndarray:
        prefix = type(self).__name__.lower()
        return np.asarray([f"{prefix}{i}" for i in range(self.n_components)], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
