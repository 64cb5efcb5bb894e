"""Training of a network that gives the outputs themselves, from arrays to arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmsk._nets.state import from_arrays, to_arrays
from mmsk._nets.supervised import cross_entropy
from mmsk._nets.training import Epoch, History, Loss, Take, Trainer, Training


def train_outputs(
    make: Callable[[], nn.Module],
    arrays: Mapping[str, np.ndarray],
    take: Take,
    targets: np.ndarray,
    weight: np.ndarray,
    loss: str,
    how: Training,
    *,
    rows: np.ndarray,
    held_out: np.ndarray,
    seed: int,
    device: str,
    listeners: Sequence[Callable[[Epoch], None]],
) -> tuple[dict[str, np.ndarray], History]:
    """Train a network from given weights.

    Parameters
    ----------
    make : callable
        Builds the network, which maps what `take` gives to shape (n_rows, n_outputs).
    arrays : mapping of str to ndarray
        The weights to begin with.
    take : callable
        Returns the rows at the places given, as the network takes them, on the device.
    targets : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Class numbers, 0 and 1 for each label, or real targets of about unit variance.
    weight : ndarray of shape (n_rows,)
        Factors on the losses of the rows.
    loss : {"classes", "labels", "numbers"}
        Cross-entropy of one class, mean of those of yes and no for each label, or mean squared
        error.
    how : Training
        Step size, batches, epochs.
    rows, held_out : ndarray of int
        Places of the rows to learn from, and to judge by.
    seed : int
        Seed of the order of the rows and of dropout.
    device : str
        Where to train.
    listeners : sequence of callable
        Hear of each epoch.

    Returns
    -------
    arrays : dict of str to ndarray
        The trained weights.
    history : dict of str to list of float
        The losses of each epoch.
    """
    network = from_arrays(make, arrays).requires_grad_(True).to(device)
    trainer = Trainer(
        network,
        take,
        torch.tensor(targets, dtype=DTYPES[loss], device=device),
        LOSSES[loss],
        how,
        seed,
        weights=torch.tensor(weight, dtype=torch.float32, device=device),
        listeners=listeners,
    )
    history = trainer.run(rows, held_out)
    return to_arrays(network), history


def _of_labels(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(outputs, targets, reduction="none").mean(dim=1)


def _of_numbers(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (outputs - targets).square().mean(dim=1)


LOSSES: dict[str, Loss] = {"classes": cross_entropy, "labels": _of_labels, "numbers": _of_numbers}
DTYPES = {"classes": torch.int64, "labels": torch.float32, "numbers": torch.float32}
