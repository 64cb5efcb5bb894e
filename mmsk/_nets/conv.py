"""Convolutional networks from scratch: of pictures to rows, and of rows back to pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmsk._nets.dropout import Dropout


def stack_pictures(pictures: Sequence[np.ndarray], device: str) -> torch.Tensor:
    """Stack 8-bit pictures of one size, with channels last, to float32 on the scale 0..1.

    Returns
    -------
    pictures : Tensor of shape (n, channels, height, width)
        On the device.
    """
    pixels = torch.from_numpy(np.stack(pictures)).to(device)
    return pixels.permute(0, 3, 1, 2).float() / 255


class Standardize(nn.Module):
    """Pictures on the scale 0..1 to mean 0 and variance 1 per channel.

    Parameters
    ----------
    mean, std : sequence of float
        One per channel. They are kept with the weights.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Scale pictures of shape (n, channels, height, width)."""
        # With channels last, convolutions on a CPU take two thirds of the time.
        return ((pictures - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


def calm_before_one(part: nn.Module, pictures: torch.Tensor) -> None:
    """Have normalizations not use the statistics of a batch of one, until training is set anew.

    Batches of an epoch differ by one row at most, so the others have two.
    """
    if len(pictures) == 1:
        part.eval()


class ConvStage(nn.Sequential):
    """Convolution of 3 x 3, batch normalization, rectifier.

    The statistics of the batch serve in training only; afterwards those collected there do, so
    that a row depends on its picture alone.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(
            nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()
        )


class Ending(nn.Sequential):
    """What a network ends with: a dense layer, a rectifier, dropout.

    Parameters
    ----------
    width : int
        Width of the rows that come.
    n_components : int
        Width of the rows that go.
    dropout : float
        Share of the components that are left out in training.
    """

    def __init__(self, width: int, n_components: int, dropout: float) -> None:
        super().__init__(nn.Linear(width, n_components), nn.ReLU(), Dropout(dropout))


class ConvNet(nn.Module):
    """A small network: stages of convolutions, each on half the size, and their mean at the end.

    ::

        picture -> stage -> halve -> stage -> ... -> mean over the map -> dense -> row

    Parameters
    ----------
    channels : sequence of int
        Channels that each stage gives.
    n_components : int
        Width of the rows.
    dropout : float
        Share of the components that are left out in training.
    mean, std : sequence of float
        Of each channel of the pictures, on the scale 0..1.
    """

    def __init__(
        self,
        channels: Sequence[int],
        n_components: int,
        dropout: float,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        self.standardize = Standardize(mean, std)
        self.stages = _stages(len(mean), channels)
        self.ending = Ending(channels[-1], n_components, dropout)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return rows (n, n_components) of pictures (n, channels, height, width)."""
        calm_before_one(self.stages, pictures)
        maps = self.stages(self.standardize(pictures))
        return self.ending(maps.mean(dim=(2, 3)))


class ConvAutoEncoder(nn.Module):
    """Pictures to rows that suffice to draw the pictures again; gives how well it does.

    ::

        picture -> stages -> dense -> row -> dense -> enlarge, stage -> ... -> picture

    Parameters
    ----------
    channels : sequence of int
        Channels that each stage gives; the way back takes them in reverse.
    n_components : int
        Width of the rows.
    height, width : int
        Size of the pictures in pixels.
    mean, std : sequence of float
        Of each channel of the pictures, on the scale 0..1.
    """

    def __init__(
        self,
        channels: Sequence[int],
        n_components: int,
        height: int,
        width: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        self.standardize = Standardize(mean, std)
        self.stages = _stages(len(mean), channels)
        # From the full size to that of the last stage.
        self.sizes = [(height, width)]
        for _ in channels[1:]:
            self.sizes.append(((self.sizes[-1][0] + 1) // 2, (self.sizes[-1][1] + 1) // 2))
        self.n_channels = channels[-1]
        n_values = self.n_channels * self.sizes[-1][0] * self.sizes[-1][1]
        self.to_row = nn.Linear(n_values, n_components)
        self.from_row = nn.Linear(n_components, n_values)
        self.back = nn.ModuleList(ConvStage(*pair) for pair in pairwise(reversed(channels)))
        self.to_picture = nn.Conv2d(channels[0], len(mean), 3, padding=1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of each picture drawn again, shape (n,).

        It is that of standardized pictures: drawing the mean picture has an error of about 1.
        """
        calm_before_one(self, pictures)
        drawn = self.decode(self.encode(pictures))
        return (drawn - self.standardize(pictures)).square().mean(dim=(1, 2, 3))

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return rows (n, n_components) of pictures (n, channels, height, width)."""
        return self.to_row(self.stages(self.standardize(pictures)).flatten(1))

    def decode(self, rows: torch.Tensor) -> torch.Tensor:
        """Return standardized pictures of rows (n, n_components)."""
        maps = F.relu(self.from_row(rows)).view(-1, self.n_channels, *self.sizes[-1])
        for stage, size in zip(self.back, reversed(self.sizes[:-1]), strict=True):
            maps = stage(F.interpolate(maps, size=size))
        return self.to_picture(maps)


def _stages(n_in: int, channels: Sequence[int]) -> nn.Sequential:
    stages: list[nn.Module] = []
    for place, n_out in enumerate(channels):
        if place > 0:
            stages.append(nn.MaxPool2d(2, ceil_mode=True))  # so a side of one pixel stays
        stages.append(ConvStage(n_in, n_out))
        n_in = n_out
    return nn.Sequential(*stages)
