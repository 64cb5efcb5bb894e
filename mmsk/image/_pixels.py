"""From whatever kind of pixels a picture has to 8-bit RGB, upright, on one background."""

from __future__ import annotations

import numpy as np
import PIL.Image
from PIL.ExifTags import Base
from PIL.Image import Transpose

from mmsk.exceptions import ReadError

_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
# TIFF tags that declare the range of the samples, in the order in which they are believed.
_RANGE_TAGS = [(340, 341), (280, 281)]
_ACCEPTED = (
    "accepted are arrays of shape (height, width), (height, width, 1), (height, width, 3) or "
    "(height, width, 4)"
)


def picture_to_rgb(
    picture: PIL.Image.Image, background: tuple[int, int, int], name: str | None = None
) -> np.ndarray:
    """Turn a decoded Pillow picture into RGB pixels.

    Parameters
    ----------
    picture : PIL.Image.Image
        Any mode; decoded.
    background : tuple of 3 int
        Colour on which transparent pixels are composed.
    name : str, default=None
        Name of the format it was read from.

    Returns
    -------
    pixels : ndarray of shape (height, width, 3), dtype uint8
        The upright picture. Modes with more than 8 bits are scaled by their range: 65535 for
        16 bits, the declared one for 32 bits.

    Raises
    ------
    ReadError
        If the values have no declared range.
    """
    turn = _turn(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        picture = PIL.Image.fromarray(_scaled(picture, name))
    if picture.has_transparency_data:
        picture = _composed(picture, background)
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    if turn is not None:
        picture = picture.transpose(turn)
    return np.asarray(picture)


def array_to_rgb(array: np.ndarray, background: tuple[int, int, int]) -> np.ndarray:
    """Turn an array cell into RGB pixels.

    Parameters
    ----------
    array : ndarray of shape (height, width), or (height, width, channels) with 1, 3 or 4 channels
        Integers in 0..255, bool, or floats in [0, 1].
    background : tuple of 3 int
        Colour on which a fourth channel (alpha) is composed.

    Returns
    -------
    pixels : ndarray of shape (height, width, 3), dtype uint8
        The picture; it shares memory with an `array` that needs no change.

    Raises
    ------
    ReadError
        If shape, dtype or values are others.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        hint = " (channels first? use array.transpose(1, 2, 0))" if _channels_first(array) else ""
        raise ReadError(f"array of shape {array.shape}{hint}; {_ACCEPTED}", "check")
    pixels = _eight_bits(array)
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return pixels
    return picture_to_rgb(PIL.Image.fromarray(pixels), background)


def _turn(picture: PIL.Image.Image) -> Transpose | None:
    try:
        return _UPRIGHT.get(picture.getexif().get(Base.Orientation, 1))
    except Exception:  # malformed EXIF says nothing about the pixels
        return None


def _composed(picture: PIL.Image.Image, background: tuple[int, int, int]) -> PIL.Image.Image:
    picture = picture.convert("RGBA")
    canvas = PIL.Image.new("RGBA", picture.size, (*background, 255))
    return PIL.Image.alpha_composite(canvas, picture)


def _scaled(picture: PIL.Image.Image, name: str | None) -> np.ndarray:
    values = np.asarray(picture)
    if picture.mode.startswith("I;16") or name == "PPM":
        return ((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    low, high = _declared_range(picture)
    scaled = (values.astype(np.float64) - low) * (255 / (high - low))
    if not np.isfinite(scaled).all() or scaled.min() < -0.5 or scaled.max() > 255.5:
        raise ReadError(f"values outside the declared range {low:g} to {high:g}", "decode")
    return np.rint(scaled).clip(0, 255).astype(np.uint8)


def _declared_range(picture: PIL.Image.Image) -> tuple[float, float]:
    tags = getattr(picture, "tag_v2", {})
    for low_tag, high_tag in _RANGE_TAGS:
        if low_tag in tags and high_tag in tags:
            low, high = (float(np.ravel(tags[tag])[0]) for tag in (low_tag, high_tag))
            if np.isfinite([low, high]).all() and low < high:
                return low, high
    kind = "float" if picture.mode == "F" else "32-bit integer"
    raise ReadError(
        f"{kind} picture without a declared range (TIFF tags SMinSampleValue, SMaxSampleValue); "
        "give an array with values in [0, 1] instead",
        "decode",
    )


def _channels_first(array: np.ndarray) -> bool:
    return array.ndim == 3 and array.shape[0] in (1, 3, 4)


def _eight_bits(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "iuf":
        raise ReadError(
            f"array of {array.dtype}; accepted are integers in 0..255, bool, floats in [0, 1]",
            "check",
        )
    low, high = array.min(), array.max()
    if array.dtype.kind in "iu":
        if low < 0 or high > 255:
            raise ReadError(
                f"integer array with values {low} to {high}; accepted is 0..255 "
                "(divide 16-bit values by 65535 to give floats)",
                "check",
            )
        return array.astype(np.uint8)
    if not (low >= 0 and high <= 1):
        what = "NaN" if np.isnan(low) else f"values {low:g} to {high:g}"
        raise ReadError(
            f"float array with {what}; accepted is [0, 1] (divide by the largest possible value)",
            "check",
        )
    return np.rint(array * 255.0).astype(np.uint8)
