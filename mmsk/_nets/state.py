"""Networks from seeds and arrays, and back: fitted estimators keep arrays, never modules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from mmsk._compact import expand

Network = TypeVar("Network", bound=nn.Module)

_drawing = threading.Lock()


def build_seeded(make: Callable[[], Network], seed: int) -> Network:
    """Build a network with weights drawn from `seed`, leaving torch's generators as they were."""
    with _drawing, torch.random.fork_rng(devices=[]):
        # torch.manual_seed would also seed the GPUs.
        torch.default_generator.manual_seed(seed)
        return make()


def to_arrays(network: nn.Module) -> dict[str, np.ndarray]:
    """Return the weights of a network as arrays of its own, by their names."""
    return {name: value.cpu().numpy().copy() for name, value in network.state_dict().items()}


def from_arrays(make: Callable[[], Network], arrays: Mapping[str, np.ndarray]) -> Network:
    """Build a network with weights from `to_arrays`, ready to compute features.

    Parameters
    ----------
    make : callable
        Builds the network; nothing is drawn for weights that are replaced.
    arrays : mapping of str to ndarray
        The weights, as they were or compact; they are copied, so they may be read-only.

    Returns
    -------
    network : Module
        In evaluation mode, on the CPU, without gradients.
    """
    with torch.device("meta"):
        network = make()
    state = {name: torch.tensor(value) for name, value in expand(arrays).items()}
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)
