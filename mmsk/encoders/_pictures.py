"""What encoders of pictures share: pictures of one size, and how bright they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image

from mmsk._validation import check_choice, check_number
from mmsk.image import ImageReader
from mmsk.image._base import check_reader, read_pixels, resized

if TYPE_CHECKING:
    import torch


class ReadsPictures:
    """Mixin of the encoders whose network sees pictures of one size, in colour or grey."""

    image_size: int | Sequence[int] | None
    color_space: str
    reader: ImageReader | None

    def _check_pictures(self) -> None:
        check_choice("color_space", self.color_space, ["rgb", "grey"])
        check_reader(self.reader)
        self._size()

    def _size(self) -> tuple[int, int]:
        """Height and width of what the network sees."""
        size: Any = self.image_size
        if isinstance(size, Sequence) and len(size) == 2 and not isinstance(size, str):
            for length in size:
                check_number("image_size", length, low=1, integer=True)
            return size[0], size[1]
        check_number("image_size", size, low=1, integer=True)
        return size, size

    def _n_channels(self) -> int:
        return 3 if self.color_space == "rgb" else 1

    def _read(self, cell: Any) -> np.ndarray:
        """Read a picture, uint8 of shape (height, width, channels)."""
        height, width = self._size()
        pixels = resized(read_pixels(self.reader, cell, max(height, width)), height, width)
        if self.color_space == "rgb":
            return pixels
        return np.asarray(PIL.Image.fromarray(pixels).convert("L"))[:, :, np.newaxis]

    def _batch(self, samples: list[np.ndarray], device: str) -> torch.Tensor:
        from mmsk._nets.conv import stack_pictures

        return stack_pictures(samples, device)


def channel_statistics(
    pictures: list[np.ndarray],
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel over all pictures, on the scale 0..1.

    Parameters
    ----------
    pictures : list of ndarray of shape (height, width, channels), dtype uint8
        The pictures.

    Returns
    -------
    mean, std : tuple of float
        The deviation is at least one of 255 levels, so that one can divide by it.
    """
    totals = np.zeros((2, pictures[0].shape[2]))
    for picture in pictures:
        values = picture.reshape(-1, picture.shape[2]).astype(float)
        totals += values.sum(axis=0), np.einsum("ij,ij->j", values, values)
    mean, square = totals / (len(pictures) * pictures[0].shape[0] * pictures[0].shape[1])
    std = np.sqrt((square - np.square(mean)).clip(1))
    return tuple((mean / 255).tolist()), tuple((std / 255).tolist())
