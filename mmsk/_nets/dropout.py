"""Dropout that draws from a generator of its own and leaves torch's alone."""

from __future__ import annotations

import torch
from torch import nn


class _Drawing(nn.Module):
    """A module that draws, in training only, from the generator that `seed_dropout` gives it."""

    generator: torch.Generator | None = None

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    @property
    def _draws(self) -> bool:
        return self.training and self.probability > 0


class Dropout(_Drawing):
    """Make each value zero with this probability; the others grow, so that the mean stays."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Drop values of a tensor of any shape."""
        if not self._draws:
            return values
        kept = 1 - self.probability
        mask = torch.empty_like(values).bernoulli_(kept, generator=self.generator)
        return values * mask / kept


class ModalityDropout(_Drawing):
    """Take each block from each row with this probability, but never the last one."""

    def forward(self, present: torch.Tensor) -> torch.Tensor:
        """Drop from a mask of shape (n_rows, n_blocks) whose rows each have a block."""
        if not self._draws:
            return present
        draws = torch.rand(present.shape, generator=self.generator, device=present.device)
        draws = draws.masked_fill(~present, -1.0)
        # The block with the highest draw stays: where any does, it does so anyway.
        return (draws >= self.probability).scatter(1, draws.argmax(dim=1, keepdim=True), True)


def seed_dropout(network: nn.Module, generator: torch.Generator) -> None:
    """Let everything that draws within a network draw from this generator."""
    for module in network.modules():
        if isinstance(module, _Drawing):
            module.generator = generator
