"""Which files are pictures that may be opened, and opening them with Pillow, not yet decoded."""

from __future__ import annotations

import os
from typing import BinaryIO

import PIL.Image
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from mmsk.exceptions import ReadError
from mmsk.image._metadata import LimitedFile, LimitedPng
from mmsk.image._quiet import quiet_libtiff

# The classes are called themselves: `PIL.Image.open` checks against the process-wide
# PIL.Image.MAX_IMAGE_PIXELS and warns, while the reader has a limit of its own.
_OPENERS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": LimitedPng,
    "GIF": GifImagePlugin.GifImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
}
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
    **{f"P{kind}{space}".encode(): "PPM" for kind in range(1, 7) for space in " \t\r\n#"},
    b"%PDF": "PDF",
    b"%!PS": "EPS",
    b"\xc5\xd0\xd3\xc6": "EPS",
    b"8BPS": "PSD",
    b"SIMPLE": "FITS",
    b"\0\0\1\0": "ICO",
    b"\0\0\0\x0cjP": "JPEG 2000",
}
_HEAD_BYTES = 1024


def open_picture(file: BinaryIO) -> tuple[ImageFile, str]:
    """Open a picture without decoding it.

    Parameters
    ----------
    file : binary file object
        Positioned anywhere; read from its start.

    Returns
    -------
    picture : PIL.ImageFile.ImageFile
        The picture, of which only the header was read.
    name : str
        Name of the format.

    Raises
    ------
    ReadError
        If the content is no picture, its format is not allowed, its header is damaged, or there
        is far too much in it.
    """
    file.seek(0)
    name = _format_name(file.read(_HEAD_BYTES))
    if name not in _OPENERS:
        reason = "not an image" if name is None else f"{name}: format not allowed"
        raise ReadError(f"{reason}; accepted are {', '.join(_OPENERS)}", "check")
    if name == "TIFF":
        quiet_libtiff()
    file.seek(0)
    limited = LimitedFile(file)
    if name == "WebP":  # is read whole before anything is looked at
        limited.unlimit()
    try:
        picture = _OPENERS[name](limited)
        limited.unlimit()
        return picture, name
    except ReadError:
        raise
    except Exception as error:
        raise decoding_error(error, name) from error


def decoding_error(error: Exception, name: str | None) -> ReadError:
    """Say in the house form what a decoder complained about.

    Parameters
    ----------
    error : Exception
        What Pillow raised.
    name : str or None
        Name of the format, None where it is not known.

    Returns
    -------
    error : ReadError
        To be raised from `error`.
    """
    kind = name or "image"
    text = str(error).replace(os.linesep, " ") or type(error).__name__
    if isinstance(error, PIL.Image.DecompressionBombError):
        return ReadError(f"over Pillow's own limit: {text}", "check", cause=error)
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return ReadError(
            f"truncated {kind}: the data end before the picture does", "decode", cause=error
        )
    return ReadError(f"damaged {kind}: {text}", "decode", cause=error)


def _format_name(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return "HEIF or AVIF"
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature):
            return name
    return "SVG" if b"<svg" in head.lower() else None
