"""Base of the fusions that a small network learns with the target."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Tags, check_random_state

from mmsk._device import resolve_device
from mmsk._validation import check_choice, check_number, check_target
from mmsk.compose import FeatureBlocks
from mmsk.fusion._base import BaseFusion
from mmsk.fusion._block_weights import is_classes
from mmsk.fusion._scaling import learn_scales

if TYPE_CHECKING:
    from mmsk._nets.batches import BlockRows

# With fewer rows, those that early stopping holds out are missed more than they tell.
FEWEST_ROWS_STOPPED = 500
LARGEST_GRADIENT_NORM = 1.0


class LearnedFusion(BaseFusion):
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
        for name in ("n_components", "max_epochs", "n_iter_no_change"):
            check_number(name, getattr(self, name), low=1, integer=True)
        if isinstance(self.batch_size, str):
            check_choice("batch_size", self.batch_size, ["auto"])
        else:
            check_number("batch_size", self.batch_size, low=1, integer=True)
        for name in ("dropout", "modality_dropout"):
            check_number(name, getattr(self, name), low=0, high=0.99)
        check_number("learning_rate", self.learning_rate, low=0, low_open=True)
        check_number("weight_decay", self.weight_decay, low=0)
        check_choice("early_stopping", self.early_stopping, ["auto", True, False])
        fraction = self.validation_fraction
        check_number("validation_fraction", fraction, low=0, low_open=True, high=0.9)

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        self._check_parameters()
        targets = self._encode(y, blocks)
        self.scales_ = learn_scales(blocks, "standard")
        self._seen = blocks.present.any(axis=0)
        self._train(blocks, targets)

    def _encode(self, y: Any, blocks: FeatureBlocks) -> np.ndarray:
        """Return class numbers, or real targets of mean 0 and variance 1."""
        y = check_target(type(self).__name__, y, blocks)
        if not is_classes(y):
            y = y.astype(np.float64)
            return ((y - y.mean()) / (y.std() or 1)).astype(np.float32)
        codes = LabelEncoder().fit_transform(y)
        if codes.max() == 0:
            raise ValueError(
                f"y holds 1 class, {y.tolist()[0]!r}: {type(self).__name__} learns from what "
                "tells two or more apart."
            )
        return codes

    def _train(self, blocks: FeatureBlocks, targets: np.ndarray) -> None:
        from mmsk._nets.state import to_arrays
        from mmsk._nets.supervised import train_supervised
        from mmsk._nets.training import Training

        device = resolve_device(self.device)
        how = Training(
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=self._batch_size(len(targets)),
            max_epochs=self.max_epochs,
            n_iter_no_change=self.n_iter_no_change,
            max_gradient_norm=LARGEST_GRADIENT_NORM,
        )
        stops = self.early_stopping
        if stops == "auto":
            stops = len(targets) >= FEWEST_ROWS_STOPPED
        network, self.history_ = train_supervised(
            self._make_network,
            self.n_components,
            self._rows(blocks, device).take,
            targets,
            how,
            validation_fraction=self.validation_fraction if stops else 0.0,
            seed=int(check_random_state(self.random_state).randint(2**31)),
            device=device,
        )
        self.n_epochs_ = len(self.history_["loss"])
        self.state_ = to_arrays(network[0])

    def _batch_size(self, n_rows: int) -> int:
        """Few rows make several steps an epoch; many do not make small ones."""
        if isinstance(self.batch_size, str):
            return int(np.clip(n_rows // 8, 16, 256))
        return self.batch_size

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
