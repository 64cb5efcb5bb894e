"""The one training loop: batches of rows, AdamW, early stopping on rows held out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from mmsk._nets.adamw import AdamW
from mmsk._nets.dropout import seed_dropout
from mmsk._nets.threads import one_thread

ROWS_PER_PASS = 512

Take: TypeAlias = Callable[[np.ndarray], Any]
Loss: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
History: TypeAlias = dict[str, list[float]]


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes
    ----------
    learning_rate : float
        Step size of AdamW.
    weight_decay : float
        Decay of matrices towards zero, as a share of the step size; vectors do not decay.
    batch_size : int
        Most rows per step. Batches of an epoch differ by one row at most.
    max_epochs : int
        Most passes over the rows.
    n_iter_no_change : int
        Passes without a lower loss of the rows held out after which training ends.
    max_gradient_norm : float or None
        Gradients of a greater norm, over all weights, are scaled down to it.
    """

    learning_rate: float
    weight_decay: float
    batch_size: int
    max_epochs: int
    n_iter_no_change: int
    max_gradient_norm: float | None = None


def hold_out(targets: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split rows at random so that both parts have alike targets, classes or real ones.

    Parameters
    ----------
    targets : ndarray of shape (n_rows,)
        What to be alike in; anything that can be sorted.
    fraction : float
        Share of the rows to hold out: at least one row, and never all.
    seed : int
        Draws the rows.

    Returns
    -------
    rows, held_out : ndarray of int
        The two parts.
    """
    n_rows = len(targets)
    n_held_out = min(n_rows - 1, max(1, round(fraction * n_rows)))
    order = np.random.default_rng(seed).permutation(n_rows)
    order = order[np.argsort(targets[order], kind="stable")]
    # In the order of the targets, one row from the middle of each of so many equal stretches.
    places = ((np.arange(n_held_out) + 0.5) * n_rows / max(1, n_held_out)).astype(int)
    return np.delete(order, places), order[places]


class Trainer:
    """Trains a network in place.

    All draws come from `seed`, and on a CPU the same seed gives the same bits: torch uses one
    thread, and its own generators are left alone.

    Parameters
    ----------
    network : Module
        Takes what `take` gives, and is on the device of `targets`.
    take : callable
        Returns the rows at the places given, as the network takes them, on its device.
    targets : Tensor of shape (n_rows, ...)
        One target per row.
    loss : callable
        Maps the outputs for some rows and their targets to one loss per row.
    how : Training
        Step size, batches, epochs.
    seed : int
        Seed of the order of the rows and of dropout.
    """

    def __init__(
        self,
        network: nn.Module,
        take: Take,
        targets: torch.Tensor,
        loss: Loss,
        how: Training,
        seed: int,
    ) -> None:
        self.network = network
        self.take = take
        self.targets = targets
        self.loss = loss
        self.how = how
        self.seed = seed

    def run(self, rows: np.ndarray, held_out: np.ndarray) -> History:
        """Train on rows, and keep the weights with the lowest loss on those held out.

        Where no rows are held out, the last weights are kept. Ctrl-C ends training with a
        warning, and keeps what was learned.

        Parameters
        ----------
        rows, held_out : ndarray of int
            Places of the rows to learn from, and to judge by; the latter may be empty.

        Returns
        -------
        history : dict of str to list of float
            ``"loss"`` of each epoch, the mean over its steps, and ``"validation_loss"`` after
            it where rows are held out.

        Raises
        ------
        ValueError
            If the loss does not stay finite.
        """
        names = ["loss", "validation_loss"] if len(held_out) else ["loss"]
        history: History = {name: [] for name in names}
        best = _Best(self.network)
        with one_thread():
            try:
                self._run_epochs(rows, held_out, history, best)
            except KeyboardInterrupt:
                n_epochs = len(history["loss"])
                warnings.warn(f"Interrupted after {n_epochs} epochs; what was learned is kept.")
        best.restore()
        self.network.eval()
        return history

    def _run_epochs(
        self, rows: np.ndarray, held_out: np.ndarray, history: History, best: _Best
    ) -> None:
        seed_dropout(self.network, torch.Generator(self.targets.device).manual_seed(self.seed))
        generator = np.random.default_rng(self.seed)
        optimizer = AdamW(self.network, self.how.learning_rate, self.how.weight_decay)
        for _ in range(self.how.max_epochs):
            history["loss"].append(self._run_epoch(generator.permutation(rows), optimizer))
            self._check_finite(history["loss"])
            if len(held_out):
                history["validation_loss"].append(self._mean_loss(held_out))
                self._check_finite(history["validation_loss"])
                if best.age_with(history["validation_loss"][-1]) >= self.how.n_iter_no_change:
                    break

    def _run_epoch(self, order: np.ndarray, optimizer: AdamW) -> float:
        self.network.train()
        batches = np.array_split(order, math.ceil(len(order) / self.how.batch_size))
        return sum(self._step(batch, optimizer) * len(batch) for batch in batches) / len(order)

    def _step(self, rows: np.ndarray, optimizer: AdamW) -> float:
        """Take one step and return the mean loss of the batch before it."""
        self.network.zero_grad()
        mean = self._losses(rows).mean()
        mean.backward()
        if self.how.max_gradient_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.how.max_gradient_norm)
        optimizer.step()
        return mean.item()

    def _mean_loss(self, rows: np.ndarray) -> float:
        self.network.eval()
        with torch.inference_mode():
            return sum(self._losses(part).sum().item() for part in _passes(rows)) / len(rows)

    def _losses(self, rows: np.ndarray) -> torch.Tensor:
        return self.loss(self.network(self.take(rows)), self.targets[torch.from_numpy(rows)])

    def _check_finite(self, losses: list[float]) -> None:
        if not math.isfinite(losses[-1]):
            rate = self.how.learning_rate
            raise ValueError(
                f"The loss became {losses[-1]} in epoch {len(losses)}: the steps are too large. "
                f"Lower learning_rate={rate:g}, for example to {rate / 10:g}."
            )


class _Best:
    """The weights with the lowest loss so far."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.loss = math.inf
        self.age = 0
        self.weights: dict[str, torch.Tensor] = {}

    def age_with(self, loss: float) -> int:
        """Keep the weights if their loss is the lowest; return for how long it has been."""
        self.age += 1
        if loss < self.loss:
            self.loss, self.age = loss, 0
            state = self.network.state_dict()
            self.weights = {name: value.clone() for name, value in state.items()}
        return self.age

    def restore(self) -> None:
        """Put the weights that were kept, if any, back into the network."""
        if self.weights:
            self.network.load_state_dict(self.weights)


def compute(function: Callable[[Any], torch.Tensor], take: Take, n_rows: int) -> np.ndarray:
    """Compute something of each row, some at a time, without gradients and on one thread."""
    with torch.inference_mode(), one_thread():
        parts = [function(take(part)).cpu() for part in _passes(np.arange(n_rows))]
        return torch.cat(parts).numpy()


def _passes(rows: np.ndarray) -> list[np.ndarray]:
    return np.array_split(rows, max(1, math.ceil(len(rows) / ROWS_PER_PASS)))
