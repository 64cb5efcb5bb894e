"""Optimizers by torch's fused kernels, without torch's optimizer classes.

Those take the same steps, but making one imports torch's compiler: 1.8 s and 160 MB in every
process that trains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import nn
from torch.optim.adam import adam
from torch.optim.sgd import sgd

MOMENTUM = 0.9


class Optimizer:
    """Changes the weights of a network; matrices decay, vectors (constants, norms) do not.

    Parameters
    ----------
    network : Module
        Whose weights to change: those that ask for gradients.
    kind : {"adamw", "adam", "sgd"}
        ``"adamw"`` decays the weights beside the gradient (Loshchilov and Hutter 2019), ``"adam"``
        through it (Kingma and Ba 2015), and so does ``"sgd"``, which has Nesterov's momentum.
    learning_rate : float
        Step size.
    weight_decay : float
        Decay towards zero per step, as a share of the step size.
    rates : mapping of str to float, default=None
        Factors on the step size of the weights whose names begin so; of several beginnings the
        longest counts.
    """

    def __init__(
        self,
        network: nn.Module,
        kind: str,
        learning_rate: float,
        weight_decay: float,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self._change = CHANGES[kind]
        groups: dict[tuple[float, float], list[torch.Tensor]] = {}
        for name, weight in network.named_parameters():
            if weight.requires_grad:
                decay = weight_decay if weight.ndim > 1 else 0.0
                groups.setdefault((factor_of(name, rates or {}), decay), []).append(weight)
        self.groups = [_Group(weights, *key) for key, weights in groups.items()]

    @torch.no_grad()
    def step(self, share: float = 1.0) -> None:
        """Take one step along the gradients, of this share of the step size."""
        for group in self.groups:
            self._change(group, share * self.learning_rate * group.factor)


def factor_of(name: str, rates: Mapping[str, float]) -> float:
    """Return the factor on the step size of the weight of this name."""
    beginnings = [beginning for beginning in rates if name.startswith(beginning)]
    return rates[max(beginnings, key=len)] if beginnings else 1.0


class _Group:
    """Weights with one step size and one decay, and what the steps so far leave behind."""

    def __init__(self, weights: list[torch.Tensor], factor: float, weight_decay: float) -> None:
        self.weights = weights
        self.factor = factor
        self.weight_decay = weight_decay
        self.means = [torch.zeros_like(weight) for weight in weights]
        self.squares = [torch.zeros_like(weight) for weight in weights]
        self.steps = [torch.zeros((), device=weight.device) for weight in weights]

    def gradients(self) -> list[torch.Tensor]:
        """Return the gradient of each weight; zeros where the loss does not depend on it."""
        pairs = [(weight, weight.grad) for weight in self.weights]
        return [torch.zeros_like(weight) if grad is None else grad for weight, grad in pairs]


def _adam(group: _Group, learning_rate: float, decoupled: bool) -> None:
    adam(
        group.weights,
        group.gradients(),
        group.means,
        group.squares,
        [],
        group.steps,
        fused=True,
        decoupled_weight_decay=decoupled,
        amsgrad=False,
        beta1=0.9,
        beta2=0.999,
        lr=learning_rate,
        weight_decay=group.weight_decay,
        eps=1e-8,
        maximize=False,
    )


def _sgd(group: _Group, learning_rate: float) -> None:
    sgd(
        group.weights,
        group.gradients(),
        list(group.means),
        fused=True,
        weight_decay=group.weight_decay,
        momentum=MOMENTUM,
        lr=learning_rate,
        dampening=0.0,
        nesterov=True,
        maximize=False,
    )


CHANGES: dict[str, Callable[[_Group, float], None]] = {
    "adamw": partial(_adam, decoupled=True),
    "adam": partial(_adam, decoupled=False),
    "sgd": _sgd,
}
