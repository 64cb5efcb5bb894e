"""Building a network and training it: for a target, or for what it can rebuild."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmsk._nets.state import build_seeded
from mmsk._nets.training import History, Loss, Take, Trainer, Training, hold_out

Network = TypeVar("Network", bound=nn.Module)


def train_network(
    make: Callable[[], Network],
    take: Take,
    targets: np.ndarray,
    loss: Loss,
    how: Training,
    *,
    validation_fraction: float,
    seed: int,
    device: str,
    weights: np.ndarray | None = None,
    **options: Any,
) -> tuple[Network, History]:
    """Build a network and train it.

    Parameters
    ----------
    make : callable
        Builds the network, which takes what `take` gives.
    take : callable
        Returns the rows at the places given, as the network takes them, on the device.
    targets : ndarray of shape (n_rows,) or (n_rows, n_outputs), dtype int64 or float32
        What to learn for each row.
    loss : callable
        Maps the outputs for some rows and their targets to one loss per row.
    how : Training
        Step size, batches, epochs.
    validation_fraction : float
        Share of the rows to hold out for early stopping; 0 trains on all.
    seed : int
        Seed of everything that is drawn.
    device : str
        Where to train.
    weights : ndarray of shape (n_rows,), default=None
        How much each row counts.
    **options
        Further options of the Trainer.

    Returns
    -------
    network : Module
        The trained network.
    history : dict of str to list of float
        The losses of each epoch.
    """
    network = build_seeded(make, seed)
    trainer = Trainer(
        network.to(device),
        take,
        torch.tensor(targets, device=device),
        loss,
        how,
        seed,
        weights=None if weights is None else _unit_mean(weights, device),
        **options,
    )
    rows, held_out = np.arange(len(targets)), np.arange(0)
    if validation_fraction > 0:
        rows, held_out = hold_out(targets, validation_fraction, seed)
    return network, trainer.run(rows, held_out)


def train_supervised(
    make: Callable[[], nn.Module],
    width: int,
    take: Take,
    targets: np.ndarray,
    how: Training,
    *,
    n_outputs: int | None = None,
    **options: Any,
) -> tuple[nn.Sequential, History]:
    """Build a network and a linear layer on its features, and train both.

    Parameters
    ----------
    make : callable
        Builds the network, which maps what `take` gives to shape (n_rows, width).
    width : int
        Number of features that the network gives.
    take : callable
        Returns the rows at the places given, as the network takes them, on the device.
    targets : ndarray of shape (n_rows,)
        Class numbers from 0 (integers), for cross-entropy; or real targets of about unit
        variance (floats), for the squared error.
    how : Training
        Step size, batches, epochs.
    n_outputs : int, default=None
        Number of classes, or 1 for a real target; None sees it from the targets.
    **options
        As for `train_network`; the network is the part ``"0"``, the linear layer ``"1"``.

    Returns
    -------
    trained : Sequential
        The network, and the linear layer.
    history : dict of str to list of float
        The losses of each epoch.
    """
    classes = targets.dtype.kind in "iu"
    if n_outputs is None:
        n_outputs = int(targets.max()) + 1 if classes else 1
    return train_network(
        lambda: with_linear_model(make(), width, n_outputs),
        take,
        targets.astype(np.int64 if classes else np.float32),
        cross_entropy if classes else squared_error,
        how,
        **options,
    )


def train_unsupervised(
    make: Callable[[], Network], take: Take, n_rows: int, how: Training, **options: Any
) -> tuple[Network, History]:
    """Build and train a network whose output is the loss of each row itself."""
    return train_network(make, take, np.zeros(n_rows), lambda losses, _: losses, how, **options)


def with_linear_model(network: nn.Module, width: int, n_outputs: int) -> nn.Sequential:
    """Put a linear layer behind a network that gives `width` features."""
    return nn.Sequential(network, nn.Linear(width, n_outputs))


def cross_entropy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Loss of each row, for class numbers."""
    return F.cross_entropy(outputs, targets, reduction="none")


def squared_error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Loss of each row, for one real target."""
    return (outputs.squeeze(1) - targets).square()


def _unit_mean(weights: np.ndarray, device: str) -> torch.Tensor:
    return torch.tensor(weights / weights.mean(), dtype=torch.float32, device=device)
