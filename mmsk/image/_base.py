"""What extractors of pictures share: the reader, and pictures of one size."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import PIL.Image

from mmsk._validation import check_number
from mmsk.extraction import CellExtractor
from mmsk.image._reader import ImageReader


def check_reader(reader: Any) -> None:
    """Raise ValueError unless `reader` is None or an ImageReader with good parameters."""
    if reader is None:
        return
    if not isinstance(reader, ImageReader):
        raise ValueError(f"reader={reader!r} is not an ImageReader or None.")
    reader.check_parameters()


def read_pixels(reader: ImageReader | None, cell: Any, target_size: int | None) -> np.ndarray:
    """Read one cell with `reader`, None being the default one; shape (height, width, 3)."""
    return (ImageReader() if reader is None else reader).read(cell, target_size).pixels


def channel_values(
    name: str, value: Any, n_channels: int = 3, **limits: Any
) -> tuple[float, ...] | None:
    """Return one number per channel of a parameter, or raise ValueError.

    Parameters
    ----------
    name : str
        Name of the parameter.
    value : float, sequence of float or None
        One number serves for all channels; None stays.
    n_channels : int
        How many there are.
    **limits
        Of each number, as `check_number` takes them.
    """
    if value is None:
        return None
    values = (value,) * n_channels if np.ndim(value) == 0 else tuple(value)
    if len(values) != n_channels:
        several = "" if n_channels == 1 else f" or {n_channels} numbers, one per channel"
        raise ValueError(f"{name}={value!r} is not a number{several}.")
    for number in values:
        check_number(name, number, **limits)
    return tuple(float(number) for number in values)


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resample a picture, smoothing it where it shrinks.

    Parameters
    ----------
    pixels : ndarray of shape (any, any, 3), dtype uint8
        The picture.
    height, width : int
        New size in pixels; the proportions change where they differ.

    Returns
    -------
    pixels : ndarray of shape (height, width, 3), dtype uint8
        The picture itself where it has that size.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    picture = PIL.Image.fromarray(pixels)
    return np.asarray(picture.resize((width, height), PIL.Image.Resampling.BILINEAR))


def regions(values: np.ndarray, grid: int) -> Iterator[np.ndarray]:
    """Cut a picture into grid x grid regions, row by row."""
    for strip in np.array_split(values, grid, axis=0):
        yield from np.array_split(strip, grid, axis=1)


class DescriptorExtractor(CellExtractor):
    """Base of the classical descriptors: one picture, resized to a square, to one row.

    A leaf gives `_describe` and has the parameters `image_size` and `reader`.
    """

    _strings_are = "paths"

    image_size: int
    reader: ImageReader | None

    @abstractmethod
    def _describe(self, pixels: np.ndarray) -> np.ndarray:
        """Compute the row of one picture, uint8 of shape (image_size, image_size, 3)."""

    def _check_parameters(self) -> None:
        check_number("image_size", self.image_size, low=1, integer=True)
        check_reader(self.reader)

    def _prepare(self, cell: Any) -> np.ndarray:
        pixels = read_pixels(self.reader, cell, self.image_size)
        return resized(pixels, self.image_size, self.image_size)

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        return np.stack([self._describe(pixels) for pixels in samples]).astype(np.float32)
