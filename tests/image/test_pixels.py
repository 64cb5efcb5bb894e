import io
import struct

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from mmsk.exceptions import ReadError
from mmsk.image import ImageReader


def read(cell, **parameters):
    return ImageReader(**parameters).read(cell).pixels


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_turns_the_picture_upright(orientation, name, pixels, encode):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name == "WEBP" else {}
    content = encode(pixels, name, exif=exif, **options)
    upright = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(read(content), np.asarray(upright))
    assert read(content).shape[:2] == ((64, 48) if orientation > 4 else (48, 64))
    np.testing.assert_array_equal(read(PIL.Image.open(io.BytesIO(content))), read(content))


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0no TIFF structure at all",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\2\0\xff\xff\0\0\xff\xff\xff\x7f",
        b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 99, 0) + bytes(4),
    ],
)
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_malformed_exif_is_ignored(exif, name, pixels, encode):
    np.testing.assert_array_equal(read(encode(pixels, name, exif=exif)), read(encode(pixels, name)))


def test_cmyk_jpeg(pixels, encode):
    picture = PIL.Image.fromarray(pixels).convert("CMYK")
    result = read(encode(picture, "JPEG", quality=95))
    np.testing.assert_array_equal(result, read(encode(picture, "JPEG", quality=95)))
    assert np.abs(result.astype(int) - pixels).mean() < 12


def test_16_bit_grey_is_scaled_not_clipped(encode):
    grey = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    result = read(encode(grey, "PNG"))
    assert np.abs(result[:, :, 0] - grey / 257).max() <= 0.5
    assert len(np.unique(result)) == 256
    for cell in (encode(grey, "TIFF"), PIL.Image.fromarray(grey), grey / 65535):
        np.testing.assert_array_equal(read(cell), result)
    header = b"P5 64 64 65535\n"
    np.testing.assert_array_equal(read(header + grey.astype(">u2").tobytes()), result)


def _declared(low, high, kind):
    tags = ImageFileDirectory_v2()
    for tag, value in ((340, low), (341, high)):
        tags.tagtype[tag] = kind
        tags[tag] = value
    return tags


def test_32_bit_tiff_needs_a_declared_range(encode):
    values = np.linspace(-2, 6, 64, dtype=np.float32).reshape(8, 8)
    expected = np.rint((values.astype(float) + 2) / 8 * 255)
    content = encode(values, "TIFF", tiffinfo=_declared(-2.0, 6.0, 11))
    np.testing.assert_array_equal(read(content)[:, :, 0], expected)
    whole = (np.arange(64, dtype=np.int32) * 1000).reshape(8, 8)
    content = encode(whole, "TIFF", tiffinfo=_declared(0, 63_000, 4))
    np.testing.assert_array_equal(read(content)[:, :, 0], np.rint(whole / 63_000 * 255))
    for bare, kind in [(values, "float"), (whole, "32-bit integer")]:
        for cell in (encode(bare, "TIFF"), PIL.Image.fromarray(bare)):
            with pytest.raises(ReadError, match=f"{kind} picture without a declared range"):
                read(cell)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 7.0])
def test_32_bit_values_outside_the_declared_range(bad, encode):
    values = np.zeros((8, 8), dtype=np.float32)
    values[3, 3] = bad
    content = encode(values, "TIFF", tiffinfo=_declared(0.0, 6.0, 11))
    with pytest.raises(ReadError, match="values outside the declared range 0 to 6"):
        read(content)


def test_a_declared_range_that_is_none(encode):
    values = np.zeros((8, 8), dtype=np.float32)
    with pytest.raises(ReadError, match="without a declared range"):
        read(encode(values, "TIFF", tiffinfo=_declared(6.0, 6.0, 11)))


def test_one_bit_grey_and_palette(encode):
    grey = np.tile(np.array([0, 255], dtype=np.uint8), (4, 4))
    picture = PIL.Image.fromarray(grey)
    expected = np.repeat(grey[:, :, None], 3, axis=2)
    for mode in ["1", "L", "P", "RGB"]:
        np.testing.assert_array_equal(read(encode(picture.convert(mode), "PNG")), expected)


def test_transparency_is_composed_on_the_background(encode):
    rgba = np.zeros((2, 3, 4), dtype=np.uint8)
    rgba[:, :, 0] = 200
    rgba[:, 0, 3], rgba[:, 1, 3] = 255, 128
    expected = [[200, 0, 0], [227, 127, 127], [255, 255, 255]]
    picture = PIL.Image.fromarray(rgba)
    for cell in (rgba, rgba / 255, picture, encode(picture, "PNG"), encode(picture, "TIFF")):
        np.testing.assert_array_equal(read(cell)[0], expected)
    np.testing.assert_array_equal(read(rgba, background="black")[0, 1], [100, 0, 0])
    grey = picture.convert("LA")
    np.testing.assert_array_equal(read(encode(grey, "PNG"))[:, 2], np.full((2, 3), 255))


def test_transparent_palette_and_transparent_colour(encode):
    picture = PIL.Image.fromarray(np.array([[0, 1]], dtype=np.uint8))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    for name, transparency in [("PNG", 1), ("PNG", b"\xff\0"), ("GIF", 1)]:
        content = encode(picture, name, transparency=transparency)
        np.testing.assert_array_equal(read(content)[0], [[255, 0, 0], [255, 255, 255]])
    rgb = np.array([[[1, 2, 3], [9, 9, 9]]], dtype=np.uint8)
    content = encode(rgb, "PNG", transparency=(1, 2, 3))
    np.testing.assert_array_equal(read(content)[0], [[255, 255, 255], [9, 9, 9]])


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr"]
)
def test_pillow_modes(mode, pixels):
    picture = PIL.Image.fromarray(pixels)
    middle = picture if mode in ("CMYK", "YCbCr", "1", "L") else picture.convert("RGBA")
    result = read((middle.convert("P") if mode == "PA" else middle).convert(mode))
    assert np.abs(result.astype(int).mean() - pixels.mean()) < 20


def test_pillow_mode_without_a_way_to_rgb():
    with pytest.raises(ReadError, match="conversion"):
        read(PIL.Image.new("La", (2, 2)))


def test_arrays_of_each_shape_and_dtype(pixels):
    grey = pixels[:, :, 0]
    expected = np.repeat(grey[:, :, None], 3, axis=2)
    for cell in (grey, grey[:, :, None], expected, grey.astype(np.int64), grey / 255.0):
        np.testing.assert_array_equal(read(cell), expected)
    np.testing.assert_array_equal(read(grey > 99), 255 * (expected > 99))
    np.testing.assert_array_equal(read(pixels[::-1, ::2]), pixels[::-1, ::2])
    np.testing.assert_array_equal(read((pixels / 255).astype(np.float16)).shape, pixels.shape)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (np.zeros((3, 8, 8), dtype=np.uint8), "channels first"),
        (np.zeros((8, 8, 2), dtype=np.uint8), r"array of shape \(8, 8, 2\); accepted are arrays"),
        (np.zeros((8, 8, 5)), r"array of shape \(8, 8, 5\); accepted"),
        (np.zeros(8), r"array of shape \(8,\); accepted"),
        (np.zeros(()), r"array of shape \(\); accepted"),
        (np.zeros((2, 8, 8, 3)), r"array of shape \(2, 8, 8, 3\); accepted"),
        (np.zeros((0, 8, 3)), "empty picture of 8 x 0 pixels"),
        (np.full((4, 4), np.nan), r"float array with NaN; accepted is \[0, 1\]"),
        (np.full((4, 4), -0.1), "float array with values -0.1 to -0.1"),
        (np.full((4, 4), np.inf), "float array with values inf to inf"),
        (np.full((4, 4), 16.0), "divide by the largest possible value"),
        (np.full((4, 4), -1), r"integer array with values -1 to -1; accepted is 0\.\.255"),
        (np.full((4, 4), 256, dtype=np.uint16), "divide 16-bit values by 65535"),
        (np.full((4, 4), "a"), "array of <U1; accepted are integers"),
        (np.full((4, 4), 1j), "array of complex128; accepted are integers"),
        (np.full((4, 4), None), "array of object; accepted are integers"),
    ],
)
def test_arrays_that_are_refused(cell, reason):
    with pytest.raises(ReadError, match=reason) as caught:
        read(cell)
    assert caught.value.stage == "check"
