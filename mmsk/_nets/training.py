"""The one training loop: batches of rows, an optimizer, early stopping on rows held out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import nn

from mmsk._nets.dropout import seed_dropout
from mmsk._nets.optimizers import Optimizer, factor_of
from mmsk._nets.state import to_arrays
from mmsk._nets.threads import threads_of_torch

ROWS_PER_PASS = 512
# On a CPU the last bits of a row depend on how many rows pass together: multiples of 8 give equal
# bits, where fewer than 4 differ.
PADDED_TO = 8

Take: TypeAlias = Callable[[np.ndarray], Any]
Loss: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Augment: TypeAlias = Callable[[Any, torch.Generator], Any]
History: TypeAlias = dict[str, list[float]]


class Epoch(NamedTuple):
    """What a listener hears after each pass over the rows.

    Attributes
    ----------
    number : int
        The first is 1.
    history : dict of str to list of float
        The losses so far.
    network : Module
        The network as it is now; not to be changed.
    is_best : bool
        Whether the loss by which training is judged has never been lower.
    """

    number: int
    history: History
    network: nn.Module
    is_best: bool

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weights of the network as arrays of their own, by name."""
        return to_arrays(self.network)


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Attributes
    ----------
    learning_rate : float
        Step size.
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
    optimizer : {"adamw", "adam", "sgd"}
        How steps follow from gradients.
    schedule : {"constant", "cosine"}
        Whether the step size stays, or falls to zero over `max_epochs` by half a cosine
        (Loshchilov and Hutter 2017).
    precision : {"float32", "bfloat16"}
        Of the products in the network; weights, losses and steps are float32.
    n_threads : int
        Threads of torch. The last bits may depend on their number, never on the machine's.
    """

    learning_rate: float
    weight_decay: float
    batch_size: int
    max_epochs: int
    n_iter_no_change: int
    max_gradient_norm: float | None = None
    optimizer: str = "adamw"
    schedule: str = "constant"
    precision: str = "float32"
    n_threads: int = 1

    def share(self, progress: float) -> float:
        """Return the share of the step size when this share of all steps is done."""
        return 1.0 if self.schedule == "constant" else (1 + math.cos(math.pi * progress)) / 2


def hold_out(targets: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split rows at random so that both parts have alike targets, classes or real ones.

    Parameters
    ----------
    targets : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        What to be alike in; anything that can be sorted. Of several outputs, none counts.
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
    if targets.ndim == 1:
        order = order[np.argsort(targets[order], kind="stable")]
    # In the order of the targets, one row from the middle of each of so many equal stretches.
    places = ((np.arange(n_held_out) + 0.5) * n_rows / max(1, n_held_out)).astype(int)
    return np.delete(order, places), order[places]


class Trainer:
    """Trains a network in place.

    All draws come from `seed`, and on a CPU the same seed gives the same bits: torch uses as many
    threads as it is told, and its own generators are left alone.

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
        Seed of the order of the rows, of dropout and of what is augmented.
    weights : Tensor of shape (n_rows,), default=None
        How much each row counts; their mean should be 1, for steps of the usual size.
    augment : callable, default=None
        Changes the rows of a step, with draws from the generator that it gets.
    rates : mapping of str to float, default=None
        Factors on the step size of the weights whose names begin so; 0 freezes them. A module
        of frozen weights also has to keep its running statistics.
    listeners : sequence of callable
        Hear an `Epoch` after each pass.
    """

    def __init__(
        self,
        network: nn.Module,
        take: Take,
        targets: torch.Tensor,
        loss: Loss,
        how: Training,
        seed: int,
        *,
        weights: torch.Tensor | None = None,
        augment: Augment | None = None,
        rates: Mapping[str, float] | None = None,
        listeners: Sequence[Callable[[Epoch], Any]] = (),
    ) -> None:
        self.network = network
        self.take = take
        self.targets = targets
        self.loss = loss
        self.how = how
        self.seed = seed
        self.weights = weights
        self.augment = augment
        self.rates = rates or {}
        self.listeners = listeners

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
        best = _Best(self.network, keeps=len(held_out) > 0)
        self._freeze()
        generator = torch.Generator(self.targets.device).manual_seed(self.seed)
        seed_dropout(self.network, generator)
        with threads_of_torch(self.how.n_threads):
            try:
                self._run_epochs(rows, held_out, history, best, generator)
            except KeyboardInterrupt:
                n_epochs = len(history["loss"])
                warnings.warn(f"Interrupted after {n_epochs} epochs; what was learned is kept.")
        best.restore()
        self.network.eval()
        return history

    def _freeze(self) -> None:
        for name, weight in self.network.named_parameters():
            if factor_of(name, self.rates) == 0:
                weight.requires_grad_(False)

    def _run_epochs(
        self,
        rows: np.ndarray,
        held_out: np.ndarray,
        history: History,
        best: _Best,
        generator: torch.Generator,
    ) -> None:
        how = self.how
        order = np.random.default_rng(self.seed)
        optimizer = Optimizer(
            self.network, how.optimizer, how.learning_rate, how.weight_decay, self.rates
        )
        for epoch in range(how.max_epochs):
            step = partial(self._step, optimizer, generator)
            history["loss"].append(self._run_epoch(order.permutation(rows), epoch, step))
            self._check_finite(history["loss"])
            if len(held_out):
                history["validation_loss"].append(self._mean_loss(held_out))
                self._check_finite(history["validation_loss"])
            age = best.age_with(list(history.values())[-1][-1])
            for listener in self.listeners:
                listener(Epoch(epoch + 1, history, self.network, age == 0))
            if len(held_out) and age >= how.n_iter_no_change:
                break

    def _run_epoch(self, order: np.ndarray, epoch: int, step: Callable[..., float]) -> float:
        self.network.train()
        batches = np.array_split(order, math.ceil(len(order) / self.how.batch_size))
        total = 0.0
        for number, batch in enumerate(batches):
            share = self.how.share((epoch + number / len(batches)) / self.how.max_epochs)
            total += step(batch, share) * len(batch)
        return total / len(order)

    def _step(
        self, optimizer: Optimizer, generator: torch.Generator, rows: np.ndarray, share: float
    ) -> float:
        """Take one step and return the mean loss of the batch before it."""
        self.network.zero_grad()
        inputs = self.take(rows)
        if self.augment is not None:
            inputs = self.augment(inputs, generator)
        mean = self._losses(inputs, rows).mean()
        mean.backward()
        if self.how.max_gradient_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.how.max_gradient_norm)
        optimizer.step(share)
        return mean.item()

    def _mean_loss(self, rows: np.ndarray) -> float:
        self.network.eval()
        with torch.inference_mode():
            losses = (self._losses(self.take(part), part) for part in _passes(rows))
            return sum(part.sum().item() for part in losses) / len(rows)

    def _losses(self, inputs: Any, rows: np.ndarray) -> torch.Tensor:
        places = torch.from_numpy(rows)
        with computing_in(self.how.precision, self.targets.device):
            outputs = self.network(inputs)
        losses = self.loss(outputs.float(), self.targets[places])
        return losses if self.weights is None else losses * self.weights[places]

    def _check_finite(self, losses: list[float]) -> None:
        if not math.isfinite(losses[-1]):
            rate = self.how.learning_rate
            clipped = self.how.max_gradient_norm is not None
            raise ValueError(
                f"The loss became {losses[-1]} in epoch {len(losses)}: the steps are too large. "
                f"Lower learning_rate={rate:g}, for example to {rate / 10:g}"
                f"{'' if clipped else ', or set max_gradient_norm, for example to 1.0'}."
            )


def computing_in(precision: str, device: torch.device) -> AbstractContextManager:
    """Return a context in which the products of a network have this precision."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, getattr(torch, precision))


class _Best:
    """The weights with the lowest loss so far, kept where that is asked for."""

    def __init__(self, network: nn.Module, *, keeps: bool) -> None:
        self.network = network
        self.keeps = keeps
        self.loss = math.inf
        self.age = 0
        self.weights: dict[str, torch.Tensor] = {}

    def age_with(self, loss: float) -> int:
        """Keep the weights if their loss is the lowest; return for how long it has been."""
        self.age += 1
        if loss < self.loss:
            self.loss, self.age = loss, 0
            if self.keeps:
                state = self.network.state_dict()
                self.weights = {name: value.clone() for name, value in state.items()}
        return self.age

    def restore(self) -> None:
        """Put the weights that were kept, if any, back into the network."""
        if self.weights:
            self.network.load_state_dict(self.weights)


def compute(
    function: Callable[[Any], torch.Tensor], take: Take, n_rows: int, n_threads: int = 1
) -> np.ndarray:
    """Compute something of each row, some at a time, without gradients.

    A row gives the same bits whatever other rows there are.
    """
    with torch.inference_mode(), threads_of_torch(n_threads):
        parts = []
        for part in _passes(np.arange(n_rows)):
            padded = np.pad(part, (0, -len(part) % PADDED_TO), mode="edge") if n_rows else part
            parts.append(function(take(padded))[: len(part)].cpu())
        return torch.cat(parts).numpy()


def _passes(rows: np.ndarray) -> list[np.ndarray]:
    return np.array_split(rows, max(1, math.ceil(len(rows) / ROWS_PER_PASS)))
