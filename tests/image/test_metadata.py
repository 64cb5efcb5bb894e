import io

import numpy as np
import pytest
from made_pictures import encoded, noise, png, png_rows

from mmsk.exceptions import ReadError
from mmsk.image import ImageReader
from mmsk.image._metadata import MOST_BYTES, MOST_READS, LimitedFile

PIXELS = noise()
ROWS = png_rows(PIXELS)


def test_bytes_and_pieces_are_counted_while_it_is_limited():
    file = LimitedFile(io.BytesIO(bytes(MOST_BYTES + MOST_READS)))
    assert len(file.read(MOST_BYTES)) == MOST_BYTES
    with pytest.raises(ReadError, match="more than 16,777,216 bytes or 100,000 pieces"):
        file.read(1)
    file.seek(0)
    file.limit()
    for _ in range(MOST_READS):
        file.read(1)
    with pytest.raises(ReadError, match="save the picture without them"):
        file.read(1)
    file.unlimit()
    assert len(file.read()) == MOST_BYTES - 1


def test_pixels_are_no_metadata():
    large = np.zeros((3000, 3000, 3), dtype=np.uint8)
    for kind in ("BMP", "TIFF", "PPM"):
        content = encoded(large, kind)
        assert len(content) > MOST_BYTES
        assert ImageReader().read(content).height == 3000
    content = encoded(PIXELS, "WEBP", lossless=True, xmp=bytes(MOST_BYTES))
    np.testing.assert_array_equal(ImageReader().read(content).pixels, PIXELS)


def png_with(chunks, before):
    return png(8, 8, *chunks, ROWS) if before else png(8, 8, ROWS, *chunks)


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
def test_metadata_before_and_behind_the_pixels_of_a_png(before):
    some = [(b"abCd", b"")] * 1000
    np.testing.assert_array_equal(ImageReader().read(png_with(some, before)).pixels, PIXELS)
    for chunks in (some * 50, [(b"tEXt", b"a\0" + bytes(MOST_BYTES))]):
        with pytest.raises(ReadError, match="pieces of metadata beside the pixels") as caught:
            ImageReader().read(png_with(chunks, before))
        assert caught.value.stage == "check"


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
def test_tiff_files_are_read_by_their_descriptor(compression, tmp_path):
    path = tmp_path / "7.tiff"
    content = encoded(PIXELS, "TIFF", compression=compression)
    path.write_bytes(content)
    np.testing.assert_array_equal(
        ImageReader().read(path).pixels, ImageReader().read(content).pixels
    )


def test_a_gif_with_a_comment_without_end():
    content = encoded(PIXELS, "GIF")
    start = content.index(b",\0\0\0\0\x08\0\x08\0")
    comment = b"!\xfe" + (b"\xff" + bytes(255)) * 60_000 + b"\0"
    with pytest.raises(ReadError, match="pieces of metadata"):
        ImageReader().read(content[:start] + comment + content[start:])
