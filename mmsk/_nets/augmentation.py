"""Small random changes of a batch of pictures, drawn for each picture, on the batch's device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional as F

GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601


@dataclass(frozen=True)
class PictureAugmentation:
    """Changes pictures as ImageAugmenter does, a batch at a time.

    Each attribute is the strength of one change, as in ImageAugmenter; 0 switches it off.

    Attributes
    ----------
    rotate : float
        Largest angle, in degrees.
    scale, crop : float
        Largest relative change of size, and share of each side that is cut away.
    shift : tuple of (float, float)
        Largest way to the side and up or down, as shares of width and height.
    flip : float
        Probability of a mirror image.
    color, noise : float
        Largest relative change of brightness, contrast and saturation; largest deviation.
    mask : tuple of (float, float)
        Widest strip of columns and of rows that is painted over, as shares of width and height.
    """

    rotate: float
    scale: float
    crop: float
    shift: tuple[float, float]
    flip: float
    color: float
    noise: float
    mask: tuple[float, float]

    def __call__(self, pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return changed copies of pictures (n, channels, height, width) on the scale 0..1."""
        draws = _Draws(len(pictures), generator)
        if self.rotate or self.scale or self.crop or self.flip or any(self.shift):
            pictures = self._moved(pictures, draws)
        if self.color:
            pictures = self._recolored(pictures, draws)
        if self.noise:
            pictures = pictures + draws.between(0, self.noise) * draws.normal(pictures.shape)
        pictures = pictures.clamp(0, 1)
        return self._masked(pictures, draws) if any(self.mask) else pictures

    def _moved(self, pictures: torch.Tensor, draws: _Draws) -> torch.Tensor:
        maps = self._maps(draws, pictures.shape[3] / pictures.shape[2])
        grid = F.affine_grid(maps, list(pictures.shape), align_corners=False)
        # By reflection, what comes into view from outside is the mirrored picture.
        return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)

    def _maps(self, draws: _Draws, aspect: float) -> torch.Tensor:
        """Affine maps (n, 2, 3) from places in the new picture to places in the old one.

        Both reach from -1 to 1, so that a turn has to know `aspect`, width through height.
        """
        angle = draws.between(-self.rotate, self.rotate).flatten() * (math.pi / 180)
        factor = draws.between(1 - self.scale, 1 + self.scale).flatten()
        share = draws.between(1 - self.crop, 1).flatten()
        mirror = 1 - 2 * (draws.between(0, 1).flatten() < self.flip).float()
        across, down = (
            draws.between(-1, 1).flatten() * (1 - share)
            + 2 * draws.between(-largest, largest).flatten()
            for largest in self.shift
        )
        cosine, sine = (part * share / factor for part in (angle.cos(), angle.sin()))
        rows = [mirror * cosine, -sine / aspect, across, mirror * sine * aspect, cosine, down]
        return torch.stack(rows, dim=1).view(-1, 2, 3)

    def _recolored(self, pictures: torch.Tensor, draws: _Draws) -> torch.Tensor:
        brightness, contrast, saturation = (
            draws.between(1 - self.color, 1 + self.color) for _ in range(3)
        )
        pictures = brightness * pictures
        grey = _grey(pictures)
        level = grey.mean(dim=(2, 3), keepdim=True)
        return level + contrast * (grey + saturation * (pictures - grey) - level)

    def _masked(self, pictures: torch.Tensor, draws: _Draws) -> torch.Tensor:
        height, width = pictures.shape[2:]
        columns = self._strip(self.mask[0], width, draws).view(-1, 1, 1, width)
        rows = self._strip(self.mask[1], height, draws).view(-1, 1, height, 1)
        level = pictures.mean(dim=(2, 3), keepdim=True)
        return torch.where(columns | rows, level, pictures)

    def _strip(self, widest: float, length: int, draws: _Draws) -> torch.Tensor:
        """Tell which of the places along a side lie in a strip of random width and place."""
        width = draws.between(0, widest).view(-1, 1) * length
        first = draws.between(0, 1).view(-1, 1) * (length - width)
        places = torch.arange(length, device=draws.device) + 0.5
        return (places >= first) & (places < first + width)


class _Draws:
    """Numbers from a generator, one per picture."""

    def __init__(self, n_pictures: int, generator: torch.Generator) -> None:
        self.n_pictures = n_pictures
        self.generator = generator
        self.device = generator.device

    def between(self, low: float, high: float) -> torch.Tensor:
        """Draw from a range, shape (n_pictures, 1, 1, 1)."""
        shape = (self.n_pictures, 1, 1, 1)
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.device)

    def normal(self, shape: torch.Size) -> torch.Tensor:
        """Draw from the normal distribution of variance 1."""
        return torch.randn(shape, generator=self.generator, device=self.device)


def _grey(pictures: torch.Tensor) -> torch.Tensor:
    if pictures.shape[1] == 1:
        return pictures
    weights = torch.tensor(GREY_WEIGHTS, device=pictures.device).view(1, 3, 1, 1)
    return (pictures * weights).sum(dim=1, keepdim=True)
