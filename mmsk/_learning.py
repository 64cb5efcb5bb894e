"""What the estimators have in common that train a network: parameters, and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from mmsk._validation import check_choice, check_number

if TYPE_CHECKING:
    from mmsk._nets.training import Training

# With fewer rows, those that early stopping holds out are missed more than they tell.
FEWEST_ROWS_STOPPED = 500
LARGEST_GRADIENT_NORM = 1.0


class LearnsInEpochs:
    """Mixin of the estimators that train a network, with the parameters that all of them have."""

    learning_rate: float
    weight_decay: float
    batch_size: int | str
    max_epochs: int
    early_stopping: bool | str
    validation_fraction: float
    n_iter_no_change: int
    random_state: int | np.random.RandomState | None

    def _check_training(self) -> None:
        """Raise ValueError for a parameter of training that is not accepted."""
        for name in ("max_epochs", "n_iter_no_change"):
            check_number(name, getattr(self, name), low=1, integer=True)
        if isinstance(self.batch_size, str):
            check_choice("batch_size", self.batch_size, ["auto"])
        else:
            check_number("batch_size", self.batch_size, low=1, integer=True)
        check_number("learning_rate", self.learning_rate, low=0, low_open=True)
        check_number("weight_decay", self.weight_decay, low=0)
        check_choice("early_stopping", self.early_stopping, ["auto", True, False])
        fraction = self.validation_fraction
        check_number("validation_fraction", fraction, low=0, low_open=True, high=0.9)

    def _how(self, n_rows: int, **other: Any) -> Training:
        """Return how to train on so many rows; `other` are further fields of Training."""
        from mmsk._nets.training import Training

        how = {
            "learning_rate": self.learning_rate,
            "weight_decay": self.weight_decay,
            "batch_size": self._rows_a_step(n_rows),
            "max_epochs": self.max_epochs,
            "n_iter_no_change": self.n_iter_no_change,
            "max_gradient_norm": LARGEST_GRADIENT_NORM,
        }
        return Training(**(how | other))

    def _rows_a_step(self, n_rows: int) -> int:
        """Few rows make several steps an epoch; many do not make small ones."""
        if isinstance(self.batch_size, str):
            return int(np.clip(n_rows // 8, 16, 256))
        return self.batch_size

    def _fraction_held_out(self, n_rows: int) -> float:
        stops = self.early_stopping
        if stops == "auto":
            stops = n_rows >= FEWEST_ROWS_STOPPED
        return self.validation_fraction if stops else 0.0

    def _draw_seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31))
