import numpy as np
import pandas as pd
import polars as pl
import pytest

from mmsk.exceptions import BadCellWarning, ReadError
from mmsk.image import HOGEmbedder, ImageAugmenter, ImageReader, augment_table


@pytest.fixture
def table(tmp_path, pixels, encode):
    path = tmp_path / "photo.png"
    path.write_bytes(encode(pixels, "PNG"))
    return pd.DataFrame(
        {"photo": [str(path), pixels[:20], None, encode(pixels, "BMP")], "price": [1, 2, 3, 4]},
        index=["a", "b", "c", "d"],
    )


def assert_same_cells(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other)
        else:
            assert one is other or one == other


def test_rows_and_labels_stay_aligned(table):
    before = table.copy()
    longer, y = augment_table(
        table, np.array(["x", "y", "z", "w"]), column="photo", n_copies=2, random_state=0
    )
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(longer.iloc[:4], table)
    assert longer["price"].tolist() == [1, 2, 3, 4] * 3
    assert longer.index.tolist() == list("abcd") * 3
    assert y.tolist() == ["x", "y", "z", "w"] * 3
    photos = longer["photo"].tolist()
    assert [None if photo is None else photo.shape for photo in photos[4:]] == [
        (48, 64, 3),
        (20, 64, 3),
        None,
        (48, 64, 3),
    ] * 2
    assert (photos[4] != photos[8]).any()
    assert (photos[4] != photos[7]).any()
    assert HOGEmbedder().transform(longer["photo"]).shape == (12, 1764)


def test_copies_are_what_the_augmenter_makes(table, pixels):
    off = ImageAugmenter(rotate=0, scale=0, crop=0, flip=1, color=0, noise=0)
    longer, _ = augment_table(table, column="photo", augmenter=off)
    for row in (4, 7):
        np.testing.assert_array_equal(longer["photo"].iloc[row], pixels[:, ::-1])


def test_random_state_decides_and_threads_do_not(table):
    first, _ = augment_table(table, column="photo", n_copies=2, random_state=5)
    second, _ = augment_table(table, column="photo", n_copies=2, random_state=5, n_jobs=3)
    other, _ = augment_table(table, column="photo", n_copies=2, random_state=6)
    assert_same_cells(first["photo"].tolist(), second["photo"].tolist())
    assert (first["photo"].iloc[4] != other["photo"].iloc[4]).any()
    gap = table.copy()
    gap.loc["a", "photo"] = None
    third, _ = augment_table(gap, column="photo", n_copies=2, random_state=5)
    assert_same_cells(first["photo"].tolist()[5:8], third["photo"].tolist()[5:8])


def test_polars_gives_the_same_cells(table):
    expected, _ = augment_table(table, column="photo", random_state=0)
    photos = pl.Series("photo", table["photo"].tolist(), dtype=pl.Object)
    frame = pl.DataFrame({"id": [7, 8, 9, 10]}).with_columns(photos)
    longer, y = augment_table(frame, [1, 2, 3, 4], column="photo", random_state=0)
    assert longer.columns == ["id", "photo"]
    assert longer["id"].to_list() == [7, 8, 9, 10] * 2
    assert y == [1, 2, 3, 4] * 2
    assert_same_cells(longer["photo"].to_list(), expected["photo"].tolist())


def test_polars_column_of_paths(table):
    path = table["photo"].iloc[0]
    longer, _ = augment_table(pl.DataFrame({"photo": [path, None]}), column="photo")
    assert longer["photo"].to_list()[:2] == [path, None]
    assert longer["photo"].to_list()[2].shape == (48, 64, 3)


def test_pictures_of_one_shape_and_no_rows(pixels):
    longer, y = augment_table(pd.DataFrame({"photo": [pixels, pixels]}), column="photo", n_copies=3)
    assert len(longer) == 8
    assert y is None
    longer, y = augment_table(pd.DataFrame({"photo": []}), [], column="photo")
    assert len(longer) == len(y) == 0


def test_multi_output_labels(table):
    labels = np.arange(8).reshape(4, 2)
    _, y = augment_table(table, labels, column="photo")
    np.testing.assert_array_equal(y, np.vstack([labels, labels]))
    _, y = augment_table(table, pd.Series([1, 2, 3, 4], index=table.index), column="photo")
    assert y.tolist() == [1, 2, 3, 4] * 2
    _, y = augment_table(table, pl.Series([1, 2, 3, 4]), column="photo")
    assert y.to_list() == [1, 2, 3, 4] * 2


def test_image_size_shrinks_large_pictures_only(table, encode, pixels):
    table.loc["a", "photo"] = encode(np.tile(pixels, (5, 5, 1)), "JPEG")
    longer, _ = augment_table(table, column="photo", image_size=24)
    assert [photo.shape for photo in longer["photo"].iloc[[4, 5, 7]]] == [
        (24, 32, 3),
        (20, 64, 3),
        (24, 32, 3),
    ]


def test_unreadable_cells(table):
    table.loc["b", "photo"] = b"<html>"
    with pytest.raises(ReadError, match=r"row 1 \(index 'b'\), column 'photo' \(6 bytes\): not an"):
        augment_table(table, column="photo")
    with pytest.warns(BadCellWarning, match="1 unreadable cell is"):
        longer, _ = augment_table(table, column="photo", on_error="missing")
    assert longer["photo"].iloc[5] is None
    assert longer["photo"].iloc[1] == b"<html>"
    with pytest.raises(ReadError, match="over max_pixels=9"):
        augment_table(table, column="photo", reader=ImageReader(max_pixels=9))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"column": "picture"}, r"column='picture' is not one of \['photo', 'price'\]"),
        ({"n_copies": 0}, "n_copies=0 is not"),
        ({"image_size": 0}, "image_size=0 is not"),
        ({"on_error": "skip"}, "on_error='skip' is not one of"),
        ({"n_jobs": 0}, "n_jobs=0 is no number of threads"),
        ({"max_bad_fraction": 2}, "max_bad_fraction=2 is not"),
        ({"augmenter": ImageAugmenter(flip=2)}, "flip=2 is not"),
        ({"reader": 3}, "reader=3 is not an ImageReader"),
        ({"y": [1, 2]}, "The table has 4 rows, y has 2"),
    ],
)
def test_bad_parameters(table, parameters, message):
    with pytest.raises(ValueError, match=message):
        augment_table(table, **{"column": "photo", **parameters})


def test_only_tables_are_taken(pixels):
    with pytest.raises(ValueError, match="column='photo' is not one of"):
        augment_table([pixels], column="photo")
