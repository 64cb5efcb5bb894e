"""What the three classical descriptors share."""

import io

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from mmsk.exceptions import BadCellWarning, ReadError
from mmsk.image import (
    ColorHistogramEmbedder,
    HOGEmbedder,
    ImageReader,
    LocalBinaryPatternEmbedder,
)

RNG = np.random.default_rng(0)
CELLS = [RNG.integers(0, 256, size=(20, 24, 3), dtype=np.uint8) // k for k in range(1, 6)]
DESCRIPTORS = [
    HOGEmbedder(16, cells_per_block=1),
    LocalBinaryPatternEmbedder(16, grid=1),
    ColorHistogramEmbedder(16, grid=1),
]
each = pytest.mark.parametrize(
    "embedder", DESCRIPTORS, ids=lambda embedder: type(embedder).__name__
)


@each
def test_kinds_of_cells_give_the_same_row(embedder, tmp_path, encode):
    content = encode(CELLS[0], "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    cells = [CELLS[0], CELLS[0] / 255, path, str(path), content, io.BytesIO(content)]
    cells.append(PIL.Image.open(io.BytesIO(content)))
    rows = embedder.transform(cells)
    np.testing.assert_array_equal(rows, np.repeat(rows[:1], len(cells), axis=0))


@each
def test_bad_rows_leave_the_others_as_they_are(embedder, tmp_path, encode):
    cut = encode(CELLS[1], "PNG")[:200]
    column = [*CELLS[:3], cut, None, tmp_path / "absent.jpg", *CELLS[3:]]
    lenient = type(embedder)(**{**embedder.get_params(), "on_error": "missing"})
    lenient.set_params(max_bad_fraction=0.5)
    with pytest.warns(BadCellWarning, match=r"2 unreadable cells .* rows 3, 5"):
        rows = lenient.transform(column)
    good = [0, 1, 2, 6, 7]
    np.testing.assert_array_equal(rows[good], embedder.transform(CELLS))
    assert np.isnan(rows[[3, 4, 5]]).all()


def test_errors_name_the_rows(tmp_path, encode):
    bad = tmp_path / "page.jpg"
    bad.write_text("<html>")
    table = pd.DataFrame({"photo": [CELLS[0], str(bad), None, encode(CELLS[0], "PNG")[:99]]})
    transformer = ColumnTransformer([("shape", DESCRIPTORS[0], "photo")])
    with pytest.raises(
        ReadError, match=r"row 1, column 'photo' \('.*page.jpg'\): not an"
    ) as caught:
        transformer.fit_transform(table)
    error = caught.value
    assert (error.row, error.column, error.item, error.stage) == (1, "photo", str(bad), "check")
    assert [(other.row, other.stage) for other in error.others] == [(3, "decode")]


def test_too_many_bad_rows_raise_all_the_same():
    embedder = HOGEmbedder(on_error="missing", max_bad_fraction=0.3)
    with pytest.raises(ReadError, match=r"row 1 \(int\): not a picture: int"):
        embedder.transform([CELLS[0], 3, 4])


@each
def test_reader_is_a_parameter(embedder):
    transformer = ColumnTransformer([("image", clone(embedder), "photo")])
    transformer.set_params(image__reader=ImageReader())
    transformer.set_params(image__reader__max_pixels=10)
    with pytest.raises(ReadError, match="over max_pixels=10"):
        transformer.fit_transform(pd.DataFrame({"photo": CELLS}))


@each
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"reader": "pillow"}, "reader='pillow' is not an ImageReader or None"),
        ({"reader": ImageReader(max_pixels=0)}, "max_pixels=0 is not"),
        ({"image_size": 0}, "image_size=0 is not an integer of at least 1"),
        ({"on_error": "skip"}, "on_error='skip' is not one of 'raise', 'missing'"),
    ],
)
def test_bad_parameters(embedder, parameters, message):
    with pytest.raises(ValueError, match=message):
        type(embedder)(**parameters).fit(CELLS)


@each
def test_large_jpeg_is_close_to_the_whole_picture(embedder, encode):
    ramp = np.linspace(0, 255, 640)
    large = np.stack(np.broadcast_arrays(ramp[:480, None], ramp, 255 - ramp), axis=-1)
    content = encode(large.astype(np.uint8), "JPEG", quality=95)
    small = embedder.transform([content])
    whole = embedder.transform([PIL.Image.open(io.BytesIO(content))])
    # Some of the 16 x 16 pixels fall into the neighbouring bin.
    assert np.abs(small - whole).mean() < 0.03
