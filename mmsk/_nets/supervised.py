"""Training a network that gives features, with a linear model of the target behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmsk._nets.state import build_seeded
from mmsk._nets.training import History, Take, Trainer, Training, hold_out


def train_supervised(
    make: Callable[[], nn.Module],
    width: int,
    take: Take,
    targets: np.ndarray,
    how: Training,
    *,
    validation_fraction: float,
    seed: int,
    device: str,
    weights: np.ndarray | None = None,
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
    validation_fraction : float
        Share of the rows to hold out for early stopping; 0 trains on all.
    seed : int
        Seed of everything that is drawn.
    device : str
        Where to train.
    weights : ndarray of shape (n_rows,), default=None
        How much each row counts.
    **options
        Further options of the Trainer; the network is its part ``"0"``, the linear layer ``"1"``.

    Returns
    -------
    trained : Sequential
        The network, and the linear layer.
    history : dict of str to list of float
        The losses of each epoch.
    """
    classes = targets.dtype.kind in "iu"
    n_outputs = int(targets.max()) + 1 if classes else 1
    trained = build_seeded(lambda: nn.Sequential(make(), nn.Linear(width, n_outputs)), seed)
    trainer = Trainer(
        trained.to(device),
        take,
        torch.tensor(targets, dtype=torch.int64 if classes else torch.float32, device=device),
        _cross_entropy if classes else _squared_error,
        how,
        seed,
        weights=None if weights is None else _unit_mean(weights, device),
        **options,
    )
    rows, held_out = np.arange(len(targets)), np.arange(0)
    if validation_fraction > 0:
        rows, held_out = hold_out(targets, validation_fraction, seed)
    return trained, trainer.run(rows, held_out)


def _unit_mean(weights: np.ndarray, device: str) -> torch.Tensor:
    return torch.tensor(weights / weights.mean(), dtype=torch.float32, device=device)


def _cross_entropy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(outputs, targets, reduction="none")


def _squared_error(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (outputs.squeeze(1) - targets).square()
