"""The reader of pictures: any accepted cell to 8-bit RGB pixels, or a ReadError."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np
import PIL.Image
from PIL import ImageColor
from PIL.JpegImagePlugin import JpegImageFile
from sklearn.base import BaseEstimator

from mmsk._files import is_source, open_cell
from mmsk._validation import check_number
from mmsk.exceptions import ReadError
from mmsk.image._formats import decoding_error, open_picture
from mmsk.image._pixels import array_to_rgb, picture_to_rgb
from mmsk.image._quiet import quiet_decoder
from mmsk.samples import Image

# A PIL picture given as a cell decodes itself at first use, which no two threads may do at once.
_given_picture = threading.Lock()


class ImageReader(BaseEstimator):
    """Read pictures from files, bytes, Pillow pictures and arrays, within limits.

    Accepted cells: a path (str or Path), bytes, a binary file object, a ``PIL.Image.Image``, or
    an array of shape (height, width), (height, width, 1), (height, width, 3) or
    (height, width, 4) holding integers in 0..255, bool, or floats in [0, 1]. Accepted formats:
    JPEG, PNG, GIF, WebP, TIFF, BMP and PPM; the content decides, not the name.

    What a picture becomes: turned upright by its EXIF orientation; the first frame or page of
    several; grey, palette and CMYK converted to RGB; transparent pixels composed on
    `background`; 16-bit grey divided by 65535; 32-bit TIFF scaled by the range that its tags
    declare. Colour profiles are ignored.

    Parameters
    ----------
    max_pixels : int, default=100_000_000
        Largest width x height, checked before anything is decoded. It bounds memory: 3 bytes per
        pixel are read, a few times that while they are converted.
    max_bytes : int, default=500_000_000
        Largest file, in bytes.
    root : str or path, default=None
        Folder from which relative paths start and which no path may leave. None reads any file.
    background : str or tuple of 3 int, default="white"
        Colour behind transparent pixels: a name or hex code that Pillow knows, or (red, green,
        blue) in 0..255.

    Notes
    -----
    A damaged file is an error, never a picture that is grey in part. Only where a program sets
    Pillow's own ``PIL.ImageFile.LOAD_TRUNCATED_IMAGES``, Pillow fills what is missing.

    More than 16 MiB of metadata (EXIF, profiles, texts, layers), or more than 100,000 pieces of
    them, are an error, too: Pillow reads them whole, however large the picture is. WebP is the
    exception, of which `max_bytes` bounds all.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.image import ImageReader
    >>> reader = ImageReader()
    >>> reader.read(np.zeros((48, 64), dtype=np.uint8))
    Image(height=48, width=64)
    >>> reader.read(np.full((2, 2, 4), [0, 0, 0, 0.0])).pixels[0, 0]
    array([255, 255, 255], dtype=uint8)
    >>> reader.read(b"<html>")
    Traceback (most recent call last):
        ...
    mmsk.exceptions.ReadError: not an image; accepted are JPEG, PNG, GIF, WebP, TIFF, BMP, PPM
    """

    def __init__(
        self,
        max_pixels: int = 100_000_000,
        max_bytes: int = 500_000_000,
        root: str | os.PathLike | None = None,
        background: str | tuple[int, int, int] = "white",
    ) -> None:
        self.max_pixels = max_pixels
        self.max_bytes = max_bytes
        self.root = root
        self.background = background

    def check_parameters(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""
        check_number("max_pixels", self.max_pixels, low=1, integer=True)
        check_number("max_bytes", self.max_bytes, low=1, integer=True)
        _colour(self.background)

    def read(self, cell: Any, target_size: int | None = None) -> Image:
        """Read one cell.

        Parameters
        ----------
        cell : path, bytes, binary file object, PIL.Image.Image or ndarray
            The picture.
        target_size : int, default=None
            Pixels that the caller needs along the shorter side. A JPEG of at least four times
            that size is decoded at 1/2, 1/4 or 1/8 of its size, so that at least twice
            `target_size` is left; about 3 times faster on large photographs. None decodes all.

        Returns
        -------
        image : Image
            The pixels, uint8 of shape (height, width, 3).

        Raises
        ------
        ReadError
            If the cell is no accepted picture, is damaged, or is over a limit.
        ValueError
            If a parameter of the reader is not accepted.
        """
        self.check_parameters()
        background = _colour(self.background)
        if isinstance(cell, np.ndarray):
            self._check_size(cell.shape[1::-1])
            return Image(array_to_rgb(cell, background))
        with quiet_decoder():
            if isinstance(cell, PIL.Image.Image):
                return Image(self._read_picture(cell, background))
            if is_source(cell):
                return Image(self._read_file(cell, target_size, background))
        raise ReadError(
            f"not a picture: {type(cell).__name__}; accepted are a path, bytes, a binary file "
            "object, a PIL.Image.Image or an array",
            "check",
        )

    def _read_file(
        self, cell: Any, target_size: int | None, background: tuple[int, int, int]
    ) -> np.ndarray:
        with open_cell(cell, root=self.root, max_bytes=self.max_bytes) as file:
            picture, name = open_picture(file)
            self._check_size(picture.size)
            if target_size is not None and isinstance(picture, JpegImageFile):
                picture.draft(None, (2 * target_size, 2 * target_size))
            return _decoded(picture, background, name)

    def _read_picture(
        self, picture: PIL.Image.Image, background: tuple[int, int, int]
    ) -> np.ndarray:
        self._check_size(picture.size)
        with _given_picture:
            return _decoded(picture, background, picture.format)

    def _check_size(self, size: tuple[int, ...]) -> None:
        width, height = (*size, 1, 1)[:2]
        if width < 1 or height < 1:
            raise ReadError(f"empty picture of {width} x {height} pixels", "check")
        if width * height > self.max_pixels:
            raise ReadError(
                f"{width:,} x {height:,} = {width * height:,} pixels, over "
                f"max_pixels={self.max_pixels:,}",
                "check",
            )


def _decoded(
    picture: PIL.Image.Image, background: tuple[int, int, int], name: str | None
) -> np.ndarray:
    try:
        picture.load()
        return picture_to_rgb(picture, background, name)
    except ReadError:
        raise
    except Exception as error:
        raise decoding_error(error, name) from error


def _colour(background: Any) -> tuple[int, int, int]:
    try:
        colour: tuple[int, ...] = (
            ImageColor.getrgb(background) if isinstance(background, str) else background
        )
        red, green, blue = colour
        if all(isinstance(part, int) and 0 <= part <= 255 for part in colour):
            return red, green, blue
    except (TypeError, ValueError):
        pass
    raise ValueError(
        f"background={background!r} is not a colour name, a hex code such as '#ffffff' or "
        "(red, green, blue) in 0..255."
    )
