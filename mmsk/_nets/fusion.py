"""Networks that fuse blocks: gates, attention over blocks, low-rank tensor products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import torch
from torch import nn
from torch.nn import functional as F

from mmsk._nets.batches import Batch, SparseRows
from mmsk._nets.dropout import Dropout, ModalityDropout

# Rows of scaled blocks have norm 1, whatever their width. From weights this small the network
# grows along what tells of the target, and hardly keeps anything of where it began.
INITIAL_BOUND = 0.05


class Projection(nn.Module):
    """Rows times a matrix, plus a constant; sparse rows are not made dense."""

    def __init__(self, width: int, n_components: int) -> None:
        super().__init__()
        self.weight = _small(width, n_components)
        self.bias = nn.Parameter(torch.zeros(n_components))

    def forward(self, rows: torch.Tensor | SparseRows) -> torch.Tensor:
        """Project rows to shape (n_rows, n_components)."""
        if not isinstance(rows, SparseRows):
            return torch.addmm(self.bias, rows, self.weight)
        product = F.embedding_bag(
            rows.columns, self.weight, rows.starts, mode="sum", per_sample_weights=rows.values
        )
        return product + self.bias


class Projections(nn.Module):
    """A projection of each block to one common width, and which of them count.

    Parameters
    ----------
    widths : sequence of int
        Widths of the blocks.
    n_components : int
        The common width.
    modality_dropout : float
        Chance in training that a block does not count in a row.
    """

    def __init__(self, widths: Sequence[int], n_components: int, modality_dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Projection(width, n_components) for width in widths)
        self.modality_dropout = ModalityDropout(modality_dropout)

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Give the projections, (n_rows, n_blocks, n_components), and the mask of what counts."""
        pairs = zip(self.blocks, batch.blocks, strict=True)
        projected = torch.stack([project(rows) for project, rows in pairs], dim=1)
        return projected, self.modality_dropout(batch.present)


class GatedUnit(nn.Module):
    """The gated multimodal unit: per component, a share for each block that is present.

    ``fused = sum_b z_b * h_b`` with ``h_b = tanh(x_b W_b + c_b)`` and
    ``z = softmax_b([h_1, ..., h_B] V + u)``, over the blocks that are present. For two blocks that
    is the unit of Arevalo et al. (2017), with gates that look at the projections instead of the
    raw blocks, so that a wide block needs one matrix and not one for each block.

    Parameters
    ----------
    widths : sequence of int
        Widths of the blocks.
    n_components : int
        Width of the fused rows.
    dropout, modality_dropout : float
        Chance in training that a component, or a whole block, is left out.
    """

    def __init__(
        self, widths: Sequence[int], n_components: int, dropout: float, modality_dropout: float
    ) -> None:
        super().__init__()
        self.project = Projections(widths, n_components, modality_dropout)
        self.gate = nn.Linear(len(widths) * n_components, len(widths) * n_components)
        self.dropout = Dropout(dropout)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Fuse a batch to shape (n_rows, n_components)."""
        return self.fuse(batch)[0]

    def fuse(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Give the fused rows, and of each row the mean share of each block."""
        projected, present = self.project(batch)
        hidden = self.dropout(torch.tanh(projected) * present.unsqueeze(2))
        scores = self.gate(hidden.flatten(1)).view_as(hidden)
        gates = shares(scores, present.unsqueeze(2), dim=1)
        return (gates * hidden).sum(dim=1), gates.mean(dim=2)


class BlockAttention(nn.Module):
    """A transformer layer over one token per block, pooled by attention.

    A token is the projection of a block plus what stands for the block itself. The layer (Vaswani
    et al. 2017, with the norms before its two parts) lets each token look at those of the blocks
    that are present; then a learned score gives the shares in which the tokens are summed.

    Parameters
    ----------
    widths : sequence of int
        Widths of the blocks.
    n_components : int
        Width of the tokens and of the fused rows, a multiple of `n_heads`.
    n_heads : int
        Number of attention heads.
    dropout, modality_dropout : float
        Chance in training that a component, or a whole block, is left out.
    """

    def __init__(
        self,
        widths: Sequence[int],
        n_components: int,
        n_heads: int,
        dropout: float,
        modality_dropout: float,
    ) -> None:
        super().__init__()
        self.project = Projections(widths, n_components, modality_dropout)
        self.of_block = _small(len(widths), n_components)
        self.attend = SelfAttention(n_components, n_heads)
        self.widen = nn.Linear(n_components, 2 * n_components)
        self.narrow = nn.Linear(2 * n_components, n_components)
        self.norms = nn.ModuleList(nn.LayerNorm(n_components) for _ in range(3))
        self.score = nn.Linear(n_components, 1)
        self.dropout = Dropout(dropout)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Fuse a batch to shape (n_rows, n_components)."""
        return self.fuse(batch)[0]

    def fuse(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Give the fused rows, and of each row the share of each block by attention rollout.

        A token is half of itself and half of what it attended to (Abnar and Zuidema 2020).
        """
        projected, present = self.project(batch)
        tokens = projected + self.of_block
        attended, attention = self.attend(self.norms[0](tokens), present)
        tokens = tokens + self.dropout(attended)
        hidden = self.dropout(F.gelu(self.widen(self.norms[1](tokens))))
        tokens = self.norms[2](tokens + self.dropout(self.narrow(hidden)))
        pooled = shares(self.score(tokens).squeeze(2), present, dim=1)
        rollout = (pooled + (pooled.unsqueeze(1) @ attention).squeeze(1)) / 2
        return (pooled.unsqueeze(2) * tokens).sum(dim=1), rollout


class SelfAttention(nn.Module):
    """Multi-head attention of tokens to those that are present."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(
        self, tokens: torch.Tensor, present: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Give what the tokens attend to, and the mean over heads of how much to which.

        Parameters
        ----------
        tokens : Tensor of shape (n_rows, n_tokens, width)
            The tokens.
        present : Tensor of shape (n_rows, n_tokens), dtype bool
            Which may be attended to.
        """
        heads = self.project(tokens).unflatten(2, (3, self.n_heads, -1))
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
        attention = shares(scores, present[:, None, None, :], dim=3)
        attended = (attention @ value).transpose(1, 2).flatten(2)
        return self.merge(attended), attention.mean(dim=1)


class TensorProduct(nn.Module):
    """The product of all blocks, each with a constant, through a tensor of low rank.

    ``fused = mean_r prod_b [h_b, 1] U_br`` with ``h_b = tanh(x_b W_b + c_b)`` (Liu et al. 2018). A
    block that is missing has ``h_b = 0``: its factor is its constant part, which begins as 1.

    Parameters
    ----------
    widths : sequence of int
        Widths of the blocks.
    n_components : int
        Width of the projections and of the fused rows.
    rank : int
        Number of products that are averaged.
    dropout, modality_dropout : float
        Chance in training that a component, or a whole block, is left out.
    """

    def __init__(
        self,
        widths: Sequence[int],
        n_components: int,
        rank: int,
        dropout: float,
        modality_dropout: float,
    ) -> None:
        super().__init__()
        self.rank = rank
        self.project = Projections(widths, n_components, modality_dropout)
        self.factors = nn.ModuleList(_factor(n_components, rank) for _ in widths)
        self.dropout = Dropout(dropout)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Fuse a batch to shape (n_rows, n_components)."""
        projected, present = self.project(batch)
        hidden = self.dropout(torch.tanh(projected) * present.unsqueeze(2))
        pairs = zip(self.factors, hidden.unbind(dim=1), strict=True)
        product = reduce(torch.mul, [factor(rows) for factor, rows in pairs])
        return product.unflatten(1, (self.rank, -1)).mean(dim=1)


def _small(*shape: int) -> nn.Parameter:
    return nn.Parameter(nn.init.uniform_(torch.empty(shape), -INITIAL_BOUND, INITIAL_BOUND))


def _factor(n_components: int, rank: int) -> nn.Linear:
    factor = nn.Linear(n_components, rank * n_components)
    nn.init.ones_(factor.bias)
    return factor


def shares(scores: torch.Tensor, present: torch.Tensor, dim: int) -> torch.Tensor:
    """Softmax over what is present; all zeros where nothing is."""
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~present, lowest).softmax(dim=dim) * present
