"""Sequences of unequal lengths as one tensor, padded at the end, and pooled over time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from mmsk._nets.fusion import shares

POOLINGS = ("attention", "mean", "max", "last")


class Sequences(NamedTuple):
    """Some sequences, side by side.

    ::

        values     a0 a1 a2 a3 a4      lengths  5       present  1 1 1 1 1
                   b0 b1  0  0  0               2                1 1 0 0 0

    Attributes
    ----------
    values : Tensor of shape (n_rows, length, width), dtype float32, or (n_rows, length), int64
        Frames, or the numbers of words; zeros behind the end of a sequence.
    lengths : Tensor of shape (n_rows,), dtype int64
        Number of frames of each, at least 1.
    """

    values: torch.Tensor
    lengths: torch.Tensor

    @property
    def present(self) -> torch.Tensor:
        """Mask of shape (n_rows, length): which frames are there."""
        places = torch.arange(self.values.shape[1], device=self.values.device)
        return places < self.lengths.unsqueeze(1)


def padded(values: np.ndarray, lengths: np.ndarray, device: str) -> Sequences:
    """Put sequences side by side.

    Parameters
    ----------
    values : ndarray of shape (n_frames, width), dtype float32, or (n_frames,), dtype int64
        The frames of all sequences, one sequence after the other; or the numbers of words.
    lengths : ndarray of shape (n_rows,), dtype int64
        Number of frames of each sequence, at least 1.
    device : str
        Where the tensors go.
    """
    # In memory of torch: sums in matrix products may depend on how the memory is aligned.
    kind = torch.float32 if values.ndim == 2 else torch.int64
    table = torch.zeros((len(lengths), int(lengths.max()), *values.shape[1:]), dtype=kind)
    sequences = Sequences(table, torch.from_numpy(lengths))
    table.numpy()[sequences.present.numpy()] = values
    return Sequences(*(part.to(device) for part in sequences))


class FramePooling(nn.Module):
    """All frames of a sequence to one row: no frame behind its end counts.

    Parameters
    ----------
    pooling : {"attention", "mean", "max", "last"}
        ``"attention"`` weights the frames by learned scores, a perceptron of one hidden layer
        (Yang et al. 2016).
    width : int
        Width of the frames.
    n_backward : int, default=0
        How many of the last values of a frame were computed from the end to the start; of these
        the first frame is the last one.
    """

    def __init__(self, pooling: str, width: int, n_backward: int = 0) -> None:
        super().__init__()
        self.pooling = pooling
        self.n_backward = n_backward
        if pooling == "attention":
            self.look = nn.Linear(width, width)
            self.score = nn.Linear(width, 1, bias=False)

    def forward(self, frames: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Pool frames of shape (n_rows, length, width) to (n_rows, width)."""
        if self.pooling == "last":
            return self._last(frames, present)
        if self.pooling == "max":
            lowest = torch.finfo(frames.dtype).min
            return frames.masked_fill(~present.unsqueeze(2), lowest).amax(dim=1)
        weights = self._weights(frames, present)
        return (weights.unsqueeze(1) @ frames).squeeze(1)

    def _last(self, frames: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        last = present.sum(dim=1) - 1
        rows = torch.arange(len(frames), device=frames.device)
        n_forward = frames.shape[2] - self.n_backward
        return torch.cat([frames[rows, last, :n_forward], frames[:, 0, n_forward:]], dim=1)

    def _weights(self, frames: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        """Share of each frame, shape (n_rows, length)."""
        if self.pooling == "mean":
            return present / present.sum(dim=1, keepdim=True).to(frames.dtype)
        scores = self.score(torch.tanh(self.look(frames))).squeeze(2)
        return shares(scores, present, dim=1)
