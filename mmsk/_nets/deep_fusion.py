"""Networks of the deep heads: blocks are fused, go through hidden layers, and give outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import torch
from torch import nn

from mmsk._nets.batches import Batch
from mmsk._nets.dropout import Dropout
from mmsk._nets.fusion import BlockAttention, GatedUnit, Projections, TensorProduct, shares

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "gelu": nn.GELU,
}
MOST_HEADS = 4  # of attention; fewer where they do not divide the width
RANK = 4  # of the tensor product


class DeepFusion(nn.Module):
    """A fusion of blocks, hidden layers, and a linear layer that gives the outputs.

    Parameters
    ----------
    widths : sequence of int
        Widths of the blocks.
    n_outputs : int
        Number of outputs.
    fusion : {"concat", "weighted", "gated", "attention", "tensor", "joint"}
        How blocks become one vector.
    n_components : int or None
        Width to which each block is projected; None, for ``"concat"`` alone, feeds the blocks to
        the first hidden layer.
    hidden_layer_sizes : sequence of int
        Widths of the hidden layers.
    activation : str
        Name of the function behind each hidden layer.
    dropout, modality_dropout : float
        Chance in training that a value, or a whole block, is left out.
    spreads : sequence of float, default=None
        Of each block, the norm that its rows have on average: first weights are drawn so that
        its projections begin alike. None, for weights that are replaced, draws nothing.
    """

    def __init__(
        self,
        widths: Sequence[int],
        n_outputs: int,
        *,
        fusion: str,
        n_components: int | None,
        hidden_layer_sizes: Sequence[int],
        activation: str,
        dropout: float,
        modality_dropout: float,
        spreads: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        sizes = list(hidden_layer_sizes)
        if n_components is None:
            width = sizes.pop(0)
            fuse: Any = FirstLayer(widths, width, activation, dropout, modality_dropout)
        else:
            common = widths, n_components, dropout, modality_dropout
            fuse, width = _make_fusion(fusion, *common, activation)
        if spreads is not None:
            _begin_alike(fuse.project, spreads)
        self.fuse = fuse
        self.hidden = _hidden_layers(width, sizes, activation, dropout)
        self.output = nn.Linear(sizes[-1] if sizes else width, n_outputs)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Give the outputs, of shape (n_rows, n_outputs)."""
        return self.output(self.represent(batch))

    def represent(self, batch: Batch) -> torch.Tensor:
        """Give what goes into the last layer."""
        return self.hidden(self.fuse(batch))

    def shares(self, batch: Batch) -> torch.Tensor:
        """Give the share of each block in each fused row; for fusions that have them."""
        fuse: Any = self.fuse
        return fuse.fuse(batch)[1]


class FirstLayer(nn.Module):
    """The first hidden layer of a network on the concatenated blocks.

    Its product with the concatenation is the sum of its products with the blocks, so that sparse
    blocks stay sparse. A block that is missing adds nothing, not even its constant.
    """

    def __init__(
        self,
        widths: Sequence[int],
        n_components: int,
        activation: str,
        dropout: float,
        modality_dropout: float,
    ) -> None:
        super().__init__()
        self.project = Projections(widths, n_components, modality_dropout)
        self.activate = _activated(activation, dropout)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Map a batch to shape (n_rows, n_components)."""
        present = self.project.modality_dropout(batch.present)
        parts = zip(self.project.blocks, batch.blocks, present.split(1, dim=1), strict=True)
        products = [project(rows) * here for project, rows, here in parts]
        return self.activate(reduce(torch.add, products))


class Projected(nn.Module):
    """Blocks projected to one width and activated, in one of the ways to bring them together."""

    def __init__(
        self,
        widths: Sequence[int],
        n_components: int,
        dropout: float,
        modality_dropout: float,
        activation: str,
    ) -> None:
        super().__init__()
        self.project = Projections(widths, n_components, modality_dropout)
        self.activate = _activated(activation, dropout)

    def hidden(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Give the activated projections, zeros where a block is missing, and what is present."""
        projected, present = self.project(batch)
        return self.activate(projected) * present.unsqueeze(2), present


class Concatenated(Projected):
    """All projections side by side."""

    def forward(self, batch: Batch) -> torch.Tensor:
        """Fuse a batch to shape (n_rows, n_blocks * n_components)."""
        return self.hidden(batch)[0].flatten(1)


class WeightedSum(Projected):
    """The projections, summed by one learned share for each block.

    Shares are a softmax over the blocks that a row has.
    """

    def __init__(self, widths: Sequence[int], *arguments: object) -> None:
        super().__init__(widths, *arguments)  # type: ignore[arg-type]
        self.scores = nn.Parameter(torch.zeros(len(widths)))

    def forward(self, batch: Batch) -> torch.Tensor:
        """Fuse a batch to shape (n_rows, n_components)."""
        return self.fuse(batch)[0]

    def fuse(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Give the fused rows, and of each row the share of each block."""
        hidden, present = self.hidden(batch)
        of_blocks = shares(self.scores.expand(present.shape), present, dim=1)
        return (of_blocks.unsqueeze(2) * hidden).sum(dim=1), of_blocks


class JointSpace(Projected):
    """One encoder for all blocks, into a space that they share; the mean over what is present.

    ``fused = mean_b e(h_b)`` with one network ``e`` of two layers: whatever tells the same is
    brought to the same place, from whichever block (Ngiam et al. 2011).
    """

    def __init__(
        self,
        widths: Sequence[int],
        n_components: int,
        dropout: float,
        modality_dropout: float,
        activation: str,
    ) -> None:
        super().__init__(widths, n_components, dropout, modality_dropout, activation)
        self.encode = nn.Sequential(
            nn.Linear(n_components, n_components),
            _activated(activation, dropout),
            nn.Linear(n_components, n_components),
        )

    def forward(self, batch: Batch) -> torch.Tensor:
        """Fuse a batch to shape (n_rows, n_components)."""
        hidden, present = self.hidden(batch)
        n_present = present.sum(dim=1, keepdim=True).clamp(min=1)
        return (self.encode(hidden) * present.unsqueeze(2)).sum(dim=1) / n_present


def _make_fusion(
    fusion: str,
    widths: Sequence[int],
    n_components: int,
    dropout: float,
    modality_dropout: float,
    activation: str,
) -> tuple[nn.Module, int]:
    """Return a fusion with projections, and the width of its rows."""
    chances = dropout, modality_dropout
    if fusion == "gated":
        return GatedUnit(widths, n_components, *chances), n_components
    if fusion == "attention":
        n_heads = math.gcd(n_components, MOST_HEADS)
        return BlockAttention(widths, n_components, n_heads, *chances), n_components
    if fusion == "tensor":
        return TensorProduct(widths, n_components, RANK, *chances), n_components
    own = {"concat": Concatenated, "weighted": WeightedSum, "joint": JointSpace}[fusion]
    width = n_components * (len(widths) if fusion == "concat" else 1)
    return own(widths, n_components, *chances, activation), width


def _hidden_layers(
    width: int, sizes: Sequence[int], activation: str, dropout: float
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size in sizes:
        layers += [nn.Linear(width, size), _activated(activation, dropout)]
        width = size
    return nn.Sequential(*layers)


def _activated(activation: str, dropout: float) -> nn.Sequential:
    return nn.Sequential(ACTIVATIONS[activation](), Dropout(dropout))


def _begin_alike(project: Projections, spreads: Sequence[float]) -> None:
    """Draw the weights of projections so that those of all blocks begin with one variance."""
    for block, spread in zip(project.blocks, spreads, strict=True):
        nn.init.uniform_(block.get_parameter("weight"), -1 / spread, 1 / spread)
