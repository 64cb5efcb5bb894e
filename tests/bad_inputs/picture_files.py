"""Files that are no pictures, are damaged, or ask for too much: 1 to 12."""

import os
import zlib
from functools import cache

import PIL.Image
from bad_inputs.harness import Subject, file, given
from bad_inputs.pictures import (
    EXTRACTORS,
    FORMATS,
    LARGE,
    PIXELS,
    accepted,
    broken,
    case,
    flipped,
    good_pictures,
)
from made_pictures import bombs, encoded, png, png_rows

from mmsk.image import ImageReader

# 1 to 4: what is no picture at all


def _folder(folder):
    return str(folder)


def _pipe(folder):
    os.mkfifo(folder / "pipe.png")
    return folder / "pipe.png"


NO_PICTURES = [
    case(
        1,
        "a path where nothing is",
        make=lambda folder: str(folder / "7.png"),
        message="no such file$",
        cause=FileNotFoundError,
    ),
    case(
        1,
        "a relative path where nothing is",
        make=given("photos/7.png"),
        message=r"no such file \(relative paths start from '.*', or from root= where given\)$",
        cause=FileNotFoundError,
    ),
    case(2, "a folder", make=_folder, message="not a regular file$"),
    case(2, "a named pipe", make=_pipe, message="not a regular file$"),
    case(2, "a device", make=given("/dev/zero"), message="not a regular file$"),
    case(3, "a file of zero bytes", make=file("7.jpg", b""), message=r"empty file \(0 bytes\)$"),
    case(3, "no bytes", make=given(b""), message=r"empty file \(0 bytes\)$"),
    case(
        4,
        "HTML renamed to .jpg",
        make=file("7.jpg", b"<!doctype html><html><body>Not found</body></html>"),
        message=f"not an image; {FORMATS}$",
    ),
    case(4, "text as bytes", make=given(b"no picture"), message=f"not an image; {FORMATS}$"),
]

# 5 to 9: files that are damaged

JPEG, PNG = encoded(LARGE, "JPEG"), encoded(LARGE)
CUT = "truncated {}: the data end before the picture does$"
ROTTEN = flipped(JPEG, len(JPEG) // 2)
DAMAGED = [
    broken("7.jpg", JPEG[: len(JPEG) * 9 // 10], "a JPEG cut at 90 %", 5, CUT.format("JPEG")),
    *(
        broken(
            "7.jpg",
            JPEG[: len(JPEG) // 2],
            f"a JPEG cut in half, given to {name}",
            5,
            CUT.format("JPEG"),
            subject=Subject(name, extractor, good_pictures),
        )
        for name, extractor in EXTRACTORS.items()
    ),
    broken(
        "7.jpg",
        (progressive := encoded(LARGE, "JPEG", progressive=True))[: len(progressive) * 9 // 10],
        "a progressive JPEG cut at 90 %",
        5,
        CUT.format("JPEG"),
    ),
    broken("7.jpg", JPEG[: JPEG.index(b"\xff\xda")], "the header of a JPEG", 6, "damaged JPEG: "),
    broken("7.png", PNG[:33], "the header of a PNG", 6, "damaged PNG: "),
    broken(
        "7.png", flipped(PNG, PNG.index(b"IHDR") + 14), "a PNG with a bad CRC", 7, "damaged PNG: "
    ),
    broken("7.png", flipped(PNG, len(PNG) // 2), "a PNG with one flipped bit", 7, "damaged PNG: "),
    broken(
        "7.png",
        png(8, 8, (b"IDAT", b"no zlib stream")),
        "a PNG with a broken zlib stream",
        7,
        "damaged PNG: ",
    ),
    broken("7.png", PNG[: len(PNG) // 2], "a PNG cut in half", 8, CUT.format("PNG")),
    accepted(
        9,
        "a JPEG with a flipped bit that still decodes",
        make=file("7.jpg", ROTTEN),
        same_as=given(ROTTEN),
        note="the picture as it decodes, alike each time",
    ),
]

# 10 to 12: files that ask for far more than they should


def _bomb(name, content):
    return case(
        10,
        f"a {name} of 256 million pixels",
        make=file("7", content),
        message=r"16,000 x 16,000 = 256,000,000 pixels, over max_pixels=100,000,000$",
        bomb=True,
    )


@cache
def _packed():
    """Return 100 MB that take 100 kB."""
    return zlib.compress(bytes(100_000_000))


def _repeated(content, segment, n_bytes):
    """Put a segment again and again behind the first bytes of a JPEG."""
    return content[:2] + segment * (n_bytes // len(segment)) + content[2:]


def _long_text(folder):
    """Write a file that takes no space: its text is a hole."""
    path = folder / "7.png"
    content = png(8, 8, ROWS)
    with path.open("wb") as file:
        file.write(content[: content.index(b"IEND") - 4])
        file.write((300_000_000).to_bytes(4, "big") + b"tEXtComment\0")
        file.truncate(300_000_000)
    return path


TOO_MUCH = "more than 16,777,216 bytes or 100,000 pieces of metadata beside the pixels"
SMALL_JPEG, ROWS = encoded(PIXELS, "JPEG"), png_rows(PIXELS)
BOMBS = [
    *(_bomb(name, content) for name, content in bombs().items() if name != "WebP"),
    case(
        10,
        "a WebP of 256 million pixels",
        make=file("7", bombs()["WebP"]),
        message=r"over Pillow's own limit: .*256000000 pixels.*exceeds limit of 178956970",
        cause=PIL.Image.DecompressionBombError,
        bomb=True,
    ),
    case(
        11,
        "144 million pixels",
        make=given(png(12_000, 12_000, ROWS)),
        message="12,000 x 12,000 = 144,000,000 pixels, over max_pixels=100,000,000$",
        bomb=True,
    ),
    case(
        11,
        "more pixels than asked for",
        make=given(LARGE),
        parameters={"reader": ImageReader(max_pixels=4095)},
        message="64 x 64 = 4,096 pixels, over max_pixels=4,095$",
    ),
    case(
        11,
        "more bytes than asked for",
        make=file("7.png", PNG),
        parameters={"reader": ImageReader(max_bytes=1000)},
        message=r"[\d,]+ bytes, over max_bytes=1,000$",
    ),
    case(
        12,
        "a PNG with compressed text of 100 MB",
        make=lambda folder: png(8, 8, (b"zTXt", b"Comment\0\0" + _packed()), ROWS),
        message="damaged PNG: Decompressed data too large",
        stage="decode",
        cause=ValueError,
        bomb=True,
    ),
    case(
        12,
        "a PNG with a colour profile of 100 MB",
        make=lambda folder: png(8, 8, (b"iCCP", b"profile\0\0" + _packed()), ROWS),
        message="damaged PNG: Decompressed data too large",
        stage="decode",
        cause=ValueError,
        bomb=True,
    ),
    case(
        12,
        "a PNG with text of 300 MB behind the pixels",
        make=_long_text,
        message=TOO_MUCH,
        bomb=True,
    ),
    case(
        12,
        "a JPEG with 200,000 segments of EXIF",
        make=lambda folder: _repeated(SMALL_JPEG, b"\xff\xe1\0\x09Exif\0\0\0", 2_200_000),
        message=TOO_MUCH,
        bomb=True,
    ),
    case(
        12,
        "a JPEG with EXIF of 20 MB",
        make=lambda folder: _repeated(
            SMALL_JPEG, b"\xff\xe1\xff\xffExif\0\0" + bytes(65_527), 20_000_000
        ),
        message=TOO_MUCH,
        bomb=True,
    ),
    accepted(
        12,
        "a JPEG with a colour profile of 3 MB",
        make=lambda folder: encoded(PIXELS, "JPEG", icc_profile=bytes(3_000_000)),
        same_as=given(SMALL_JPEG),
        note="the profile is ignored",
        bomb=True,
    ),
]
