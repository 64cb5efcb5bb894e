"""Temporal convolutional network: stacked dilated convolutions over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from mmsk._nets.dropout import Dropout


class TemporalConvolutions(nn.Module):
    """Residual blocks of convolutions whose dilation doubles from block to block.

    The generic network of Bai et al. (2018): two convolutions a block, each with its weights
    normalized, a ReLU and dropout of whole channels; plus what came in. A value looks back over
    ``1 + 2 (kernel_size - 1) (2**n_blocks - 1)`` frames at most, and never ahead, so that what
    lies behind the end of a sequence is never seen.

    Parameters
    ----------
    width_in : int
        Width of the frames.
    widths : sequence of int
        Number of channels of each block.
    kernel_size : int
        Frames that a convolution looks at.
    dropout : float
        Chance in training that a channel is left out.
    """

    n_backward = 0

    def __init__(
        self, width_in: int, widths: Sequence[int], *, kernel_size: int, dropout: float
    ) -> None:
        super().__init__()
        self.width = widths[-1]
        self.blocks = nn.ModuleList(
            TemporalBlock(before, after, kernel_size, 2**place, dropout)
            for place, (before, after) in enumerate(pairwise([width_in, *widths]))
        )

    def forward(self, frames: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Map frames (n_rows, length, width_in) to (n_rows, length, width).

        The values behind the end of a sequence mean nothing.
        """
        channels = frames.transpose(1, 2)
        for block in self.blocks:
            channels = block(channels)
        return channels.transpose(1, 2)


class TemporalBlock(nn.Module):
    """Two dilated causal convolutions, and what came in added."""

    def __init__(
        self, width_in: int, width: int, kernel_size: int, dilation: int, dropout: float
    ) -> None:
        super().__init__()
        normalized = nn.utils.parametrizations.weight_norm
        self.reach = (kernel_size - 1) * dilation
        self.convolutions = nn.ModuleList(
            normalized(nn.Conv1d(before, width, kernel_size, dilation=dilation))
            for before in (width_in, width)
        )
        self.match = nn.Identity() if width_in == width else nn.Conv1d(width_in, width, 1)
        self.dropout = Dropout(dropout)

    def forward(self, channels: torch.Tensor) -> torch.Tensor:
        """Map channels (n_rows, width_in, length) to (n_rows, width, length)."""
        hidden = channels
        for convolve in self.convolutions:
            hidden = torch.relu(convolve(F.pad(hidden, (self.reach, 0))))
            kept = self.dropout(hidden.new_ones(*hidden.shape[:2], 1))
            hidden = hidden * kept
        return torch.relu(hidden + self.match(channels))
