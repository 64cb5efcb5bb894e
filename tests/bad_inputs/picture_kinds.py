"""Pictures and cells of kinds that readers often get wrong: 13 to 24."""

import io

import numpy as np
import PIL.Image
from bad_inputs.harness import file, given
from bad_inputs.pictures import FORMATS, PIXELS, accepted, case, odd
from made_pictures import encoded, noise
from PIL.TiffImagePlugin import ImageFileDirectory_v2

# 13 to 20: kinds of pictures

GREY16 = np.linspace(0, 65_535, 64).astype(np.uint16).reshape(8, 8)
GREY16_AS_8 = np.rint(GREY16 / 257).astype(np.uint8)
CLEAR = np.dstack([PIXELS, np.tile(np.array([0, 255], dtype=np.uint8), (8, 4))])
ON_WHITE = np.where(CLEAR[..., 3:] == 0, np.uint8(255), PIXELS)
MALFORMED = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\2\0\xff\xff\0\0\xff\xff\xff\x7f"
CMYK = encoded(PIL.Image.fromarray(PIXELS).convert("CMYK"), "JPEG")
YCCK = bytearray(CMYK)
YCCK[CMYK.index(b"Adobe") + 11] = 2


def turned(orientation):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    return exif


def float_tiff(values, *declared):
    tags = ImageFileDirectory_v2()
    for tag, value in zip((340, 341), declared, strict=False):
        tags.tagtype[tag] = 11
        tags[tag] = value
    return encoded(values.astype(np.float32), "TIFF", tiffinfo=tags)


def several(kind, **options):
    """Return two pictures in one file."""
    second = PIL.Image.fromarray(255 - PIXELS)
    return encoded(PIXELS, kind, save_all=True, append_images=[second], **options)


def transparent_palette():
    picture = PIL.Image.fromarray(np.tile(np.array([0, 1], dtype=np.uint8), (8, 4)))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    return encoded(picture, transparency=1)


RED_ON_WHITE = np.full((8, 8, 3), 255, dtype=np.uint8)
RED_ON_WHITE[:, ::2] = [255, 0, 0]
GREY = PIXELS[..., 0]
BLACK_OR_WHITE = np.where(GREY > 127, np.uint8(255), np.uint8(0))


KINDS = [
    odd(
        13,
        "a picture with EXIF orientation 6",
        encoded(np.rot90(PIXELS), exif=turned(6)),
        PIXELS,
        "turned upright",
    ),
    odd(14, "malformed EXIF", encoded(PIXELS, exif=MALFORMED), PIXELS, "orientation ignored"),
    odd(
        14,
        "an EXIF orientation of 99",
        encoded(PIXELS, exif=turned(99)),
        PIXELS,
        "orientation ignored",
    ),
    odd(15, "a CMYK JPEG", CMYK, PIL.Image.open(io.BytesIO(CMYK)), "converted to RGB"),
    odd(15, "a YCCK JPEG", bytes(YCCK), PIL.Image.open(io.BytesIO(YCCK)), "converted to RGB"),
    odd(16, "a 16-bit grey PNG", encoded(GREY16), GREY16_AS_8, "divided by 65535, not clipped"),
    odd(
        17,
        "a float TIFF with a declared range",
        float_tiff(GREY16_AS_8 / 255 * 8 - 2, -2.0, 6.0),
        GREY16_AS_8,
        "scaled by the range",
    ),
    case(
        17,
        "a float TIFF without a range",
        make=given(float_tiff(GREY16_AS_8 / 255)),
        message=r"float picture without a declared range \(TIFF tags SMinSampleValue",
        stage="decode",
    ),
    case(
        17,
        "a float TIFF with values outside its range",
        make=given(float_tiff(GREY16_AS_8 / 255, 0.0, 0.5)),
        message="values outside the declared range 0 to 0.5$",
        stage="decode",
    ),
    odd(
        18, "a 1-bit PNG", encoded(PIL.Image.fromarray(BLACK_OR_WHITE).convert("1")), BLACK_OR_WHITE
    ),
    odd(18, "a grey PNG", encoded(GREY), GREY),
    odd(
        18,
        "a grey PNG with transparency",
        encoded(np.dstack([GREY, CLEAR[..., 3]])),
        ON_WHITE[..., 0],
        "composed on white",
    ),
    odd(
        18,
        "a palette PNG with a transparent colour",
        transparent_palette(),
        RED_ON_WHITE,
        "composed on white",
    ),
    odd(18, "an RGBA PNG", encoded(CLEAR), ON_WHITE, "composed on white"),
    odd(19, "an animated GIF", several("GIF"), encoded(PIXELS, "GIF"), "the first frame"),
    odd(19, "an animated WebP", several("WEBP", lossless=True), PIXELS, "the first frame"),
    odd(19, "a TIFF of two pages", several("TIFF"), PIXELS, "the first page"),
    odd(20, "1 x 1 pixel", encoded(PIXELS[:1, :1]), PIXELS[:1, :1]),
    odd(20, "1 x 9 pixels", encoded(noise(9, 1)), noise(9, 1)),
    odd(20, "9 x 1 pixels", encoded(noise(1, 9)), noise(1, 9)),
]

# 21 to 24: formats and kinds of cells

REFUSED = {
    "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9"></svg>',
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "PDF": b"%PDF-1.7\n",
    "PSD": b"8BPS\0\1" + bytes(20),
    "FITS": b"SIMPLE  =                    T" + bytes(50),
}


def same_picture(title, make):
    return accepted(22, title, make=make, same_as=given(PIXELS), note="the same features")


def refused_array(number, title, array, message):
    return case(number, title, make=given(array), message=message)


IN_0_1 = r"; accepted is \[0, 1\] \(divide by the largest possible value\)$"
UNIT = PIXELS / 255
WITH_NAN, NEGATIVE = UNIT.copy(), UNIT.copy()
WITH_NAN[3, 3, 1], NEGATIVE[3, 3, 1] = np.nan, -0.5
CELLS = [
    *(
        case(21, name, make=given(content), message=f"{name}: format not allowed; {FORMATS}$")
        for name, content in REFUSED.items()
    ),
    same_picture("bytes of a PNG", given(encoded(PIXELS))),
    same_picture("the path of a TIFF as str", file("7.tiff", encoded(PIXELS, "TIFF"))),
    same_picture("BytesIO", lambda folder: io.BytesIO(encoded(PIXELS, "BMP"))),
    same_picture("a Pillow picture", lambda folder: PIL.Image.fromarray(PIXELS)),
    same_picture("floats in [0, 1]", given(UNIT)),
    same_picture("int64", given(PIXELS.astype(np.int64))),
    odd(22, "a grey array with one channel", GREY[..., None], GREY, "the same features"),
    refused_array(
        22,
        "channels first",
        np.moveaxis(PIXELS, 2, 0),
        r"array of shape \(3, 8, 8\) \(channels first\? use array.transpose\(1, 2, 0\)\); accepted",
    ),
    refused_array(22, "two channels", PIXELS[..., :2], r"array of shape \(8, 8, 2\); accepted are"),
    refused_array(22, "no pixels", PIXELS[:0], "empty picture of 8 x 0 pixels$"),
    refused_array(23, "an array with NaN", WITH_NAN, f"float array with NaN{IN_0_1}"),
    refused_array(
        23, "a negative array", NEGATIVE, rf"float array with values -0.5 to \S+{IN_0_1}"
    ),
    refused_array(
        23, "floats up to 255", PIXELS.astype(float), rf"float array with values \S+ to \S+{IN_0_1}"
    ),
    refused_array(
        23,
        "integers over 255",
        PIXELS.astype(np.int16) + 9,
        r"integer array with values \d+ to 2[56]\d; accepted is 0..255 \(divide 16-bit values by",
    ),
    case(
        24,
        "a number among pictures",
        make=given(7),
        message="not a picture: int; accepted are a path, bytes, a binary file object",
    ),
    case(
        24,
        "a list among pictures",
        make=lambda folder: [[1, 2], [3, 4]],
        message="not a picture: list; accepted are a path, bytes, a binary file object",
    ),
]
