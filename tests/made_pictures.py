"""Small pictures, and files of them that Pillow would not write."""

import io
import struct
import zlib

import numpy as np
import PIL.Image

SIDE_OF_A_BOMB = 16_000


def noise(height=8, width=8, seed=0):
    """Pixels of shape (height, width, 3) that no two seeds share."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(picture, kind="PNG", **options):
    """Return pixels or a Pillow picture as the bytes of a file."""
    if isinstance(picture, np.ndarray):
        picture = PIL.Image.fromarray(picture)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def png(width, height, *chunks):
    """Return a PNG of 8-bit RGB with a header that says so, whatever the chunks hold."""
    header = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in (header, *chunks, (b"IEND", b"")):
        check = zlib.crc32(kind + data)
        parts += [struct.pack(">I", len(data)), kind, data, struct.pack(">I", check)]
    return b"".join(parts)


def png_rows(pixels):
    """Return the IDAT chunk of 8-bit RGB pixels."""
    return b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))


def bombs():
    """Return files by format that promise 256 million pixels and hold a few."""
    small = np.zeros((8, 8, 3), dtype=np.uint8)
    side = struct.pack("<H", SIDE_OF_A_BOMB)
    gif = bytearray(encoded(small, "GIF"))
    gif[6:10] = side * 2
    jpeg = bytearray(encoded(small, "JPEG"))
    start = jpeg.index(b"\xff\xc0")
    jpeg[start + 5 : start + 9] = side[::-1] * 2
    webp = bytearray(encoded(small, "WEBP", lossless=True))
    start = webp.index(b"VP8L") + 9
    webp[start : start + 4] = (15_999 | 15_999 << 14).to_bytes(4, "little")
    tiff = bytearray(encoded(small, "TIFF"))
    for tag in (256, 257):  # width and height, of the kind "short"
        start = tiff.index(struct.pack("<HHI", tag, 4, 1)) + 8
        tiff[start : start + 4] = struct.pack("<I", SIDE_OF_A_BOMB)
    bmp = bytearray(encoded(small, "BMP"))
    bmp[18:26] = struct.pack("<II", SIDE_OF_A_BOMB, SIDE_OF_A_BOMB)
    return {
        "PNG": png(SIDE_OF_A_BOMB, SIDE_OF_A_BOMB, (b"IDAT", zlib.compress(bytes(1_000_000)))),
        "GIF": bytes(gif),
        "JPEG": bytes(jpeg),
        "WebP": bytes(webp),
        "TIFF": bytes(tiff),
        "BMP": bytes(bmp),
        "PPM": b"P6 16000 16000 255\n" + bytes(1000),
    }
