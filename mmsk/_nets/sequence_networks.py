"""Networks of a whole sequence: one that maps it to a row, one that rebuilds it from the row."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from mmsk._nets.dropout import Dropout
from mmsk._nets.recurrent import CELLS, reordered, reversing
from mmsk._nets.sequences import FramePooling, Sequences


class WordVectors(nn.Module):
    """Numbers of words to vectors that are learned; the vector of number 0 stays zero.

    Parameters
    ----------
    n_words : int
        How many numbers there are, with 0.
    width : int
        Width of the vectors.
    dropout : float
        Chance in training that a value is left out.
    """

    def __init__(self, n_words: int, width: int, dropout: float) -> None:
        super().__init__()
        self.vectors = nn.Embedding(n_words, width, padding_idx=0)
        self.dropout = Dropout(dropout)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Map numbers of shape (n_rows, length) to vectors (n_rows, length, width)."""
        return self.dropout(self.vectors(words))


class SequenceNetwork(nn.Module):
    """Layers over a sequence, pooled over time and brought to the width of the row.

    Parameters
    ----------
    enter : Module
        Maps the values of `Sequences` to frames: `WordVectors`, or Identity for frames.
    layers : Recurrent or TemporalConvolutions
        Maps frames to frames.
    pooling : {"attention", "mean", "max", "last"}
        How the frames become one row.
    n_components : int
        Width of the row.
    dropout : float
        Chance in training that a pooled value is left out.
    bounded : bool
        Whether the values of the row are brought between -1 and 1, by the hyperbolic tangent.
    """

    def __init__(
        self,
        enter: nn.Module,
        layers: Any,
        pooling: str,
        n_components: int,
        *,
        dropout: float,
        bounded: bool,
    ) -> None:
        super().__init__()
        self.enter = enter
        self.layers = layers
        self.pool = FramePooling(pooling, layers.width, layers.n_backward)
        self.dropout = Dropout(dropout)
        self.narrow = nn.Linear(layers.width, n_components)
        self.bounded = bounded

    def forward(self, sequences: Sequences) -> torch.Tensor:
        """Map sequences to rows of shape (n_rows, n_components)."""
        present = sequences.present
        frames = self.layers(self.enter(sequences.values), present)
        row = self.narrow(self.dropout(self.pool(frames, present)))
        return torch.tanh(row) if self.bounded else row


class SequenceRebuilder(nn.Module):
    """An encoder, and a recurrent layer that rebuilds the sequence from the code alone.

    As in Srivastava et al. (2015), the last frame is rebuilt first, and no frame that was
    rebuilt is an input: everything that is known of the sequence went through the code.

    Parameters
    ----------
    encode : SequenceNetwork
        Maps sequences to codes of shape (n_rows, n_components).
    n_components : int
        Width of the codes.
    hidden_size : int
        Width of the layer's state.
    width : int
        Width of the frames, or number of the words.
    cell : {"lstm", "gru"}
        Kind of layer.
    """

    def __init__(
        self, encode: nn.Module, n_components: int, hidden_size: int, width: int, cell: str
    ) -> None:
        super().__init__()
        self.encode = encode
        self.unroll = CELLS[cell](n_components, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, width)

    def forward(self, sequences: Sequences) -> torch.Tensor:
        """Return how badly each sequence is rebuilt, shape (n_rows,).

        For frames the mean squared error of a value, for words the mean cross-entropy of one.
        """
        present = sequences.present
        errors = self._errors(self.rebuild(sequences), sequences.values) * present
        return errors.sum(dim=1) / sequences.lengths

    def rebuild(self, sequences: Sequences) -> torch.Tensor:
        """Rebuild sequences to shape (n_rows, length, width), in their own order."""
        present = sequences.present
        codes = self.encode(sequences).unsqueeze(1).expand(-1, present.shape[1], -1)
        return reordered(self.out(self.unroll(codes)[0]), reversing(present))

    def _errors(self, rebuilt: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        if values.is_floating_point():
            return (rebuilt - values).square().mean(dim=2)
        return F.cross_entropy(rebuilt.transpose(1, 2), values, reduction="none")
