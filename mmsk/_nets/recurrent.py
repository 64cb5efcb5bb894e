"""Recurrent layers over sequences of unequal lengths."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from mmsk._nets.dropout import Dropout

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU}


class Recurrent(nn.Module):
    """Layers of LSTM (Hochreiter and Schmidhuber 1997) or GRU (Cho et al. 2014).

    Sequences are padded at their end, which what runs forward never sees. What runs backward
    gets each sequence reversed within its own length::

        forward     b0 b1  0  0  0
        backward    b1 b0  0  0  0

    That computes what packing does, in a third to a half of the time on a CPU.

    Parameters
    ----------
    width_in : int
        Width of the frames.
    hidden_size : int
        Width of the state of each direction.
    n_layers : int
        Number of layers.
    cell : {"lstm", "gru"}
        Kind of layer.
    bidirectional : bool
        Whether each layer also runs backward.
    dropout : float
        Chance in training that a value between two layers is left out.
    """

    def __init__(
        self,
        width_in: int,
        hidden_size: int,
        *,
        n_layers: int,
        cell: str,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.n_backward = hidden_size if bidirectional else 0
        self.width = hidden_size + self.n_backward
        widths = [width_in] + [self.width] * (n_layers - 1)

        def layers() -> nn.ModuleList:
            return nn.ModuleList(
                CELLS[cell](width, hidden_size, batch_first=True) for width in widths
            )

        self.forward_layers = layers()
        self.backward_layers = layers() if bidirectional else None
        self.dropout = Dropout(dropout)

    def forward(self, frames: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Map frames (n_rows, length, width_in) to states (n_rows, length, width).

        The states behind the end of a sequence mean nothing.
        """
        order = None if self.backward_layers is None else reversing(present)
        for place, layer in enumerate(self.forward_layers):
            frames = frames if place == 0 else self.dropout(frames)
            states = layer(frames)[0]
            if self.backward_layers is not None and order is not None:
                backward = self.backward_layers[place](reordered(frames, order))[0]
                states = torch.cat([states, reordered(backward, order)], dim=2)
            frames = states
        return frames


def reversing(present: torch.Tensor) -> torch.Tensor:
    """Order of shape (n_rows, length) that reverses each row up to its end; its own inverse."""
    places = torch.arange(present.shape[1], device=present.device)
    return torch.where(present, present.sum(dim=1, keepdim=True) - 1 - places, places)


def reordered(frames: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Bring the frames of each row into an order."""
    return frames.gather(1, order.unsqueeze(2).expand(-1, -1, frames.shape[2]))
