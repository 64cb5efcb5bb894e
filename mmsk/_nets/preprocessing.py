"""Bringing a picture to the size that a network takes."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import interpolate

WIDEST_ASPECT = 8


def resize_and_crop(
    pixels: np.ndarray, resize_size: int, crop_size: int, interpolation: str
) -> np.ndarray:
    """Resize a picture with antialiasing and cut a square from its centre.

    ::

        +--------------+        +----------+       +------+
        |              |  --->  |   :  :   | --->  |      |   crop_size
        |              |        +----------+       +------+
        +--------------+   shorter side = resize_size

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3), dtype uint8
        The picture.
    resize_size : int
        Length of the shorter side after resizing, in pixels; at least `crop_size`.
    crop_size : int
        Side of the square, in pixels.
    interpolation : {"bilinear", "bicubic"}
        How pixels are resampled.

    Returns
    -------
    square : ndarray of shape (crop_size, crop_size, 3), dtype uint8
        The same values as torchvision's ``resize`` and ``center_crop`` of a uint8 tensor.
    """
    pixels = _without_far_ends(pixels)
    height, width = pixels.shape[:2]
    shorter = min(height, width)
    size = (resize_size * height // shorter, resize_size * width // shorter)
    # torch takes no read-only arrays, which decoders and callers give.
    pixels = np.require(pixels, requirements=["C", "W"])
    # The axis of pictures comes before the others are turned: only so does torch see channels
    # last, which is twice as fast and leaves the crop in one piece per row.
    tensor = torch.from_numpy(pixels)[None].permute(0, 3, 1, 2)
    resized = interpolate(tensor, size=size, mode=interpolation, antialias=True)
    top, left = (round((length - crop_size) / 2) for length in size)
    square = resized[0].permute(1, 2, 0).numpy()[top : top + crop_size, left : left + crop_size]
    return square.copy()  # a view would keep the whole resized picture


def _without_far_ends(pixels: np.ndarray) -> np.ndarray:
    """Keep the middle of a very long picture, which else would grow without bound."""
    height, width = pixels.shape[:2]
    longest = WIDEST_ASPECT * min(height, width)
    top, left = (max(0, (length - longest) // 2) for length in (height, width))
    return pixels[top : top + longest, left : left + longest]
