import io
import struct

import numpy as np
import PIL.Image
import pytest
from made_pictures import png

from mmsk.exceptions import ReadError
from mmsk.image import ImageReader

LOSSLESS = ["PNG", "GIF", "TIFF", "BMP", "PPM"]
# Pictures in every accepted format, and how each is written.
WRITTEN = {
    "jpeg": ("JPEG", {}),
    "progressive jpeg": ("JPEG", {"progressive": True}),
    "png": ("PNG", {}),
    "gif": ("GIF", {}),
    "webp": ("WEBP", {}),
    "lossless webp": ("WEBP", {"lossless": True}),
    "tiff": ("TIFF", {}),
    "lzw tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "deflate tiff": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "jpeg tiff": ("TIFF", {"compression": "jpeg"}),
    "bmp": ("BMP", {}),
    "ppm": ("PPM", {}),
}
FUZZED = ["jpeg", "png", "gif", "webp", "tiff", "bmp"]


@pytest.mark.parametrize("kind", list(WRITTEN))
def test_accepted_formats(kind, pixels, encode):
    name, options = WRITTEN[kind]
    image = ImageReader().read(encode(pixels, name, **options))
    assert (image.height, image.width) == (48, 64)
    assert np.abs(image.pixels.astype(int) - pixels).mean() < 15


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (b"8BPS\0\1", "PSD"),
        (b"SIMPLE  =                    T", "FITS"),
        (b'<?xml version="1.0"?><SVG width="9"></SVG>', "SVG"),
        (b"\0\0\0\x1cftypavif", "HEIF or AVIF"),
        (b"\0\0\1\0\1\0", "ICO"),
    ],
)
def test_formats_that_are_not_allowed(content, name):
    with pytest.raises(ReadError, match=f"{name}: format not allowed; accepted are JPEG"):
        ImageReader().read(content)


@pytest.mark.parametrize("content", [b"<!doctype html><html>", b"plain text", b"\0" * 100, b"\xff"])
def test_not_an_image(content, tmp_path):
    path = tmp_path / "renamed.jpg"
    path.write_bytes(content)
    with pytest.raises(ReadError, match="not an image"):
        ImageReader().read(path)


@pytest.mark.parametrize("kind", list(WRITTEN))
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_cut_files_are_errors_and_never_grey(kind, share, pixels, encode):
    name, options = WRITTEN[kind]
    content = encode(np.tile(pixels, (4, 4, 1)), name, **options)
    with pytest.raises(ReadError, match=r"truncated|damaged") as caught:
        ImageReader().read(content[: int(share * len(content))])
    assert caught.value.stage == "decode"
    assert caught.value.cause is not None


@pytest.mark.parametrize("kind", list(WRITTEN))
def test_header_only(kind, pixels, encode):
    name, options = WRITTEN[kind]
    with pytest.raises(ReadError, match=r"truncated|damaged"):
        ImageReader().read(encode(pixels, name, **options)[:30])


def test_truncated_jpeg_says_so(pixels, encode):
    content = encode(np.tile(pixels, (4, 4, 1)), "JPEG")
    with pytest.raises(ReadError, match="truncated JPEG: the data end before the picture does"):
        ImageReader().read(content[: int(0.9 * len(content))])


def test_png_with_bad_checksum_or_broken_data(pixels, encode):
    content = bytearray(encode(pixels, "PNG"))
    content[content.index(b"IHDR") + 14] ^= 1
    with pytest.raises(ReadError, match="damaged PNG"):
        ImageReader().read(content)
    with pytest.raises(ReadError, match=r"damaged PNG|truncated PNG"):
        ImageReader().read(png(64, 48, (b"IDAT", b"no zlib stream")))


def test_jpeg_with_rotten_bits_is_read_alike_each_time(pixels, encode):
    content = bytearray(encode(pixels, "JPEG"))
    content[-200] ^= 0x10
    first, second = (ImageReader().read(content).pixels for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_gif_frame_larger_than_its_file_is_a_bomb_too(encode):
    content = bytearray(encode(np.zeros((8, 8, 3), dtype=np.uint8), "GIF"))
    start = content.rindex(b",\0\0\0\0")
    content[start + 5 : start + 9] = struct.pack("<HH", 16_000, 16_000)
    with pytest.raises(ReadError, match="exceeds limit of"):
        ImageReader().read(content)


def test_max_pixels_may_be_above_the_limit_of_pillow(encode, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10)
    content = encode(np.zeros((8, 8, 3), dtype=np.uint8), "PNG")
    assert ImageReader().read(content).width == 8


def _mutations(content, rng, n):
    for _ in range(n):
        data = bytearray(content)
        start = int(rng.integers(len(data)))
        match rng.integers(4):
            case 0:
                for place in rng.integers(len(data), size=3):
                    data[place] = rng.integers(256)
            case 1:
                data = data[:start]
            case 2:
                del data[start : start + int(rng.integers(1, 64))]
            case 3:
                data[start % 200] = rng.choice([0, 127, 128, 255])
        yield bytes(data)


@pytest.mark.parametrize("kind", FUZZED + ["lzw tiff", "deflate tiff", "jpeg tiff"])
def test_mutated_files_are_pictures_or_read_errors(kind, pixels, encode, capfd):
    name, options = WRITTEN[kind]
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    if name in ("JPEG", "PNG", "WEBP", "TIFF"):
        options = {**options, "exif": exif}
    content = encode(pixels, name, **options)
    outcomes = {"read": 0, "refused": 0}
    for data in _mutations(content, np.random.default_rng(0), 300):
        try:
            ImageReader(max_pixels=10**6).read(data, target_size=16)
            outcomes["read"] += 1
        except ReadError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 5
    assert capfd.readouterr() == ("", "")


def test_first_frame_and_first_page(pixels, encode):
    first, second = (PIL.Image.fromarray(frame) for frame in (pixels, 255 - pixels))
    for name in ["GIF", "TIFF", "WEBP", "PNG", "MPO"]:
        options = {"lossless": True} if name == "WEBP" else {}
        content = encode(first, name, save_all=True, append_images=[second], **options)
        assert PIL.Image.open(io.BytesIO(content)).n_frames == 2
        alone = encode(first, name, **options)
        np.testing.assert_array_equal(
            ImageReader().read(content).pixels, ImageReader().read(alone).pixels
        )
