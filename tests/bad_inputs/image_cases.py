"""Bad pictures, and odd ones that are read: 1 to 29."""

import io
import os
import zlib
from functools import cache, partial

import numpy as np
import PIL.Image
from bad_inputs.harness import Case, Elsewhere, Subject
from made_pictures import bombs, encoded, noise, png, png_rows
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from mmsk import ColorHistogramEmbedder, HOGEmbedder, LocalBinaryPatternEmbedder
from mmsk.image import ImageReader
from mmsk.image._base import DescriptorExtractor

FORMATS = "accepted are JPEG, PNG, GIF, WebP, TIFF, BMP, PPM"
PIXELS = noise()
LARGE = noise(64, 64)


class Pixels(DescriptorExtractor):
    """The pixels themselves: nothing that a reader does to them can hide, and it takes no time."""

    def __init__(
        self,
        image_size=8,
        reader=None,
        on_error="raise",
        max_bad_fraction=0.1,
        batch_size=16,
        n_jobs=None,
    ):
        self.image_size = image_size
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _feature_names(self):
        return [f"pixel{number}" for number in range(3 * self.image_size**2)]

    def _describe(self, pixels):
        return pixels.ravel() / 255


@cache
def good_pictures():
    arrays = [noise(seed=seed) for seed in range(1, 7)]  # quicker than files
    return [*arrays, encoded(noise(seed=7)), encoded(noise(seed=8), "JPEG")]


PICTURES = Subject("pixels", Pixels, good_pictures)
EXTRACTORS = {
    "ColorHistogramEmbedder": partial(ColorHistogramEmbedder, 8, bins=4, grid=1),
    "HOGEmbedder": partial(HOGEmbedder, 8, pixels_per_cell=4, cells_per_block=1),
    "LocalBinaryPatternEmbedder": partial(LocalBinaryPatternEmbedder, 8, grid=1),
}
case = partial(Case, subject=PICTURES)
accepted = partial(case, outcome="accepted")


def file(name, content):
    """Make the path of a file with this content."""

    def make(folder):
        path = folder / name
        path.write_bytes(content)
        return str(path)

    return make


def given(cell):
    """Make the cell itself."""
    return lambda folder: cell


def broken(name, content, title, number, message, **options):
    options = {"stage": "decode", "cause": Exception, **options}
    return case(number, title, make=file(name, content), message=message, **options)


def flipped(content, place):
    content = bytearray(content)
    content[place] ^= 1
    return bytes(content)


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
PROFILE = zlib.compress(bytes(100_000_000))
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
        make=given(png(8, 8, (b"zTXt", b"Comment\0\0" + PROFILE), ROWS)),
        message="damaged PNG: Decompressed data too large",
        stage="decode",
        cause=ValueError,
        bomb=True,
    ),
    case(
        12,
        "a PNG with a colour profile of 100 MB",
        make=given(png(8, 8, (b"iCCP", b"profile\0\0" + PROFILE), ROWS)),
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

# 13 to 20: pictures of kinds that readers often get wrong

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


def grey(cell):
    return np.asarray(cell.convert("L"))


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


def odd(number, title, cell, same, note=""):
    return accepted(number, title, make=given(cell), same_as=given(same), note=note)


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

# 27 to 29: paths that may not be followed


def confined(folder):
    return {"reader": ImageReader(root=folder / "root")}


def _beside_root(folder):
    (folder / "root").mkdir()
    (folder / "outside.png").write_bytes(encoded(PIXELS))


def _climbing(folder):
    _beside_root(folder)
    return "../outside.png"


def _linked(folder):
    _beside_root(folder)
    (folder / "root/link.png").symlink_to(folder / "outside.png")
    return "link.png"


def _absolute(folder):
    _beside_root(folder)
    return folder / "outside.png"


def outside(title, make):
    message = r"the path leaves root='.*root'$"
    return case(27, title, make=make, parameters=confined, message=message)


URLS = [
    "http://example.org/7.png",
    "https://example.org/7.png",
    "file:///7.png",
    "s3://bucket/7.png",
]
PATHS = [
    outside("`..` out of root", _climbing),
    outside("a symbolic link out of root", _linked),
    outside("an absolute path out of root", _absolute),
    case(27, "NUL in a path", make=given("7\0.png"), message="the path contains a NUL character$"),
    case(
        27,
        "a path of 5,000 letters",
        make=given("x" * 5000),
        message="cannot be opened: File name too long$",
        cause=OSError,
    ),
    case(
        27,
        "a path that is not UTF-8",
        make=given("\udcff.png"),
        message="the path is not valid UTF-8$",
        cause=UnicodeEncodeError,
    ),
    case(27, "an empty path", make=given(""), message="the path is empty; use None for a missing"),
    *(
        case(
            28,
            url.split("//")[0] + "//",
            make=given(url),
            message="remote input is off: download the file and give its path$",
        )
        for url in URLS
    ),
]

CASES = NO_PICTURES + DAMAGED + BOMBS + KINDS + CELLS + PATHS
FILE = "tests/bad_inputs/test_pictures.py::"
ELSEWHERE = [
    Elsewhere(
        22,
        "an open file, read again and again",
        "the same features",
        ("tests/image/test_reader.py::test_every_kind_of_cell_gives_the_same_picture",),
    ),
    Elsewhere(
        24,
        "paths, bytes, arrays, pictures and gaps in one column",
        "each row is that of its cell",
        (FILE + "test_mixed_kinds_go_row_by_row",),
    ),
    Elsewhere(
        25,
        "the same picture twice, also as another kind of cell",
        "computed once, where the feature store is on",
        (FILE + "test_the_same_picture_is_computed_once",),
    ),
    Elsewhere(
        26,
        "a file that changes after the first run",
        "computed anew",
        (FILE + "test_a_changed_file_is_computed_anew",),
    ),
    Elsewhere(
        29,
        "a file without read permission",
        "`cannot be opened: Permission denied`",
        (FILE + "test_no_permission",),
    ),
]
