"""Guesses of modalities, for every kind of cell and every container."""

import io
import os
import pickle
from copy import copy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image

from mmsk import Modalities, infer_modalities
from mmsk.compose._infer import MODALITIES
from mmsk.samples import AudioClip, Series
from mmsk.samples import Image as ImageSample


def encoded(format_name):
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, format=format_name)
    return file.getvalue()


PNG = encoded("PNG")
HEADS = {
    "image": [*map(encoded, ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])],
    "audio": [b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"ID3", b"FORM\0\0\0\0AIFF", b"\xff\xf3"],
    "video": [b"\0\0\0\x18ftypmp42", b"RIFF\0\0\0\0AVI ", b"\x1aE\xdf\xa3"],
    "series": [b"\x93NUMPY\x01\0", b"PAR1\x15"],
}

CELLS = {
    "image path": ("image", ["a.JPG", "folder b/b.png"]),
    "Path": ("audio", [Path("a.wav"), Path("b.flac")]),
    "video path": ("video", ["a.mp4", "b.MKV"]),
    "series path": ("series", ["a.npy", "b.parquet", "c.csv"]),
    "PIL": ("image", [Image.new("L", (3, 3)), Image.new("RGBA", (3, 3))]),
    "bytes": ("image", [PNG, bytearray(PNG), memoryview(PNG)]),
    "pixels": ("image", [np.zeros((4, 5, 3)), np.zeros((4, 5), dtype=np.uint8)]),
    "path, bytes and pixels": ("image", ["a.jpg", PNG, np.zeros((4, 5, 3))]),
    "samples and rate": ("audio", [(np.zeros(9), 8000), ([0.0, 0.1], 8000)]),
    "frames with a rate": ("video", [(np.zeros((2, 4, 4, 3)), 25), (np.zeros((3, 4, 4)), 25)]),
    "frames": ("video", [np.zeros((2, 4, 4, 3)), np.zeros((3, 4, 4, 3))]),
    "array": ("series", [np.zeros(9), np.zeros((9, 2)), np.arange(3)]),
    "list of numbers": ("series", [[1, 2.5], [3]]),
    "list of lists": ("series", [[[1, 2.5], [3, None]], [[1.0, 2.0]]]),
    "list with gaps": ("series", [[1, None, 2.5], [None, 3]]),
    "samples": ("series", [Series(np.zeros((9, 2), "f4"))]),
    "clips": ("audio", [AudioClip(np.zeros(9, "f4"), 8000)]),
    "images": ("image", [ImageSample(np.zeros((4, 5, 3), "u1"))]),
    "list of gaps": ("drop", [[None, None], []]),
    "frame": ("series", [pd.DataFrame({"x": [1.0]}), pl.DataFrame({"x": [1.0]})]),
    "column": ("series", [pd.Series([1.0, 2.0]), pl.Series([1, 2])]),
    "text": ("text", ["a red shoe", "one blue hat in a box", "a hat"]),
    "long repeated text": ("text", ["a text of many words that comes twice"] * 2),
    "category": ("categorical", ["red", "blue", "red"]),
    "bool": ("categorical", [True, False, np.True_]),
    "int": ("numeric", [1, np.int8(2), 3]),
    "float": ("numeric", [1.5, np.float32(2), float("inf")]),
    "Decimal": ("numeric", [Decimal("1.5"), Decimal(2)]),
    "date": ("drop", [date(2020, 1, 1), datetime(2020, 1, 1), pd.Timestamp("2020"), time(1)]),
    "duration": ("drop", [timedelta(1), np.timedelta64(1, "s"), pd.Timedelta(1)]),
    "dict": ("drop", [{"a": 1}, {}]),
    "array of strings": ("drop", [np.array(["a"]), np.array(3.0)]),
    "unknown bytes": ("drop", [b"what is this", b""]),
    "none": ("drop", [None, np.nan, pd.NA, pd.NaT]),
    "mixed": ("drop", ["a", 1, PNG]),
}


def objects(cells):
    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        column[row] = cell
    return pd.Series(column)


@pytest.mark.parametrize(("modality", "cells"), CELLS.values(), ids=CELLS.keys())
def test_cells(modality, cells):
    for column in (cells, [None, *cells, np.nan]):
        assert infer_modalities(pd.DataFrame({"x": objects(column)})) == {"x": modality}
    assert modality in MODALITIES


@pytest.mark.parametrize("modality", HEADS)
def test_first_bytes(modality, tmp_path):
    for number, head in enumerate(HEADS[modality]):
        path = tmp_path / f"file{number}"
        path.write_bytes(head)
        cells = {
            "bytes": [head],
            "path": [str(path)],
            "relative": [path.name],
            "file": objects([io.BytesIO(b"." + head)]),
        }
        cells["file"][0].seek(1)
        guessed = infer_modalities(pd.DataFrame(cells), root=tmp_path)
        assert guessed == dict.fromkeys(cells, modality)
        assert cells["file"][0].tell() == 1, "a file object must be left where it was"


def test_paths_without_suffix_that_are_no_media(tmp_path):
    (tmp_path / "notes").write_text("just a text")
    (tmp_path / "folder").mkdir()
    cells = ["notes", "folder", "nowhere", "x" * 5000, "a\0b"]
    assert infer_modalities(pd.DataFrame({"x": cells}), root=tmp_path) == {"x": "text"}


def test_unreadable_path_is_a_string(tmp_path, monkeypatch):
    def refuse(self, *arguments):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "secret").write_bytes(PNG)
    monkeypatch.setattr(Path, "open", refuse)
    assert infer_modalities(pd.DataFrame({"x": ["secret"]}), root=tmp_path) == {"x": "text"}


PANDAS = {
    "Int64": (pd.array([1, None, 3], dtype="Int64"), "numeric"),
    "Float32": (pd.array([1, None, 3], dtype="Float32"), "numeric"),
    "arrow int": (pd.array([1, None, 3], dtype="int64[pyarrow]"), "numeric"),
    "float32": (np.float32([1, np.nan, 3]), "numeric"),
    "sparse": (pd.arrays.SparseArray([0.0, 0, 1]), "numeric"),
    "boolean": (pd.array([True, None, False], dtype="boolean"), "categorical"),
    "bool": (np.array([True, False, True]), "categorical"),
    "category": (pd.Categorical(["x", None, "y"]), "categorical"),
    "category of numbers": (pd.Categorical([1, 2, 3]), "categorical"),
    "str": (pd.array(["x", "y", "x"], dtype="str"), "categorical"),
    "arrow string": (pd.array(["x", None, "x"], dtype="string[pyarrow]"), "categorical"),
    "paths": (pd.array(["x.jpg", None, "y.jpg"], dtype="str"), "image"),
    "datetime": (pd.date_range("2020", periods=3), "drop"),
    "zoned": (pd.date_range("2020", periods=3, tz="UTC"), "drop"),
    "period": (pd.period_range("2020", periods=3), "drop"),
    "timedelta": (pd.to_timedelta([1, 2, 3]), "drop"),
    "all NA": (pd.array([None] * 3, dtype="Int64"), "drop"),
}


@pytest.mark.parametrize(("column", "modality"), PANDAS.values(), ids=PANDAS.keys())
def test_pandas_dtypes(column, modality):
    assert infer_modalities(pd.DataFrame({"x": column})) == {"x": modality}
    table = pd.DataFrame({"x": column}, index=[4, 4, 4])
    assert infer_modalities(table) == {"x": modality}


POLARS = {
    "Int": (pl.Series([1, None, 2]), "numeric"),
    "Decimal": (pl.Series([Decimal("1.5")]), "numeric"),
    "Boolean": (pl.Series([True, None]), "categorical"),
    "String": (pl.Series(["x", "y", "x"]), "categorical"),
    "Categorical": (pl.Series(["x", "y", "x"], dtype=pl.Categorical), "categorical"),
    "Enum": (pl.Series(["x", "y", "x"], dtype=pl.Enum(["x", "y"])), "categorical"),
    "paths": (pl.Series(["x.jpg", None]), "image"),
    "Binary": (pl.Series([PNG, None]), "image"),
    "List": (pl.Series([[1.0, 2.0], [3.0], None]), "series"),
    "Array": (pl.Series([[1.0, 2.0]], dtype=pl.Array(pl.Float64, 2)), "series"),
    "Object": (pl.Series([Image.new("L", (2, 2))], dtype=pl.Object), "image"),
    "Date": (pl.Series([date(2020, 1, 1)]), "drop"),
    "Duration": (pl.Series([timedelta(1)]), "drop"),
    "Null": (pl.Series([None, None]), "drop"),
}


@pytest.mark.parametrize(("column", "modality"), POLARS.values(), ids=POLARS.keys())
def test_polars_dtypes(column, modality):
    assert infer_modalities(pl.DataFrame({"x": column})) == {"x": modality}


def test_reasons_as_printed():
    table = pd.DataFrame(
        {
            "photo": ["a.jpg"] * 19 + ["no path"],
            "scan": objects(["a.jpg", PNG] * 10),
            "shade": ["red", "blue"] * 10,
            "unit": ["kg"] * 20,
            "title": [f"the title of number {number}" for number in range(20)],
            "price": objects([1.0] * 18 + ["n/a"] * 2),
            "weight": range(20),
            "sold": [True] * 20,
            "day": pd.date_range("2020", periods=20),
            "notes": [None] * 20,
            "odds": objects(["a", 1, {}, b"?"] * 5),
        }
    )
    expected = """
photo   image        19 of 20 cells are paths of image files
scan    image        20 of 20 cells are paths of image files or image data
shade   categorical  2 different values in 20 cells
unit    categorical  the same value in 20 cells
title   text         20 different texts in 20 cells
price   numeric      18 of 20 cells: numbers
weight  numeric      numbers
sold    categorical  true or false
day     drop         dates and times: turn them into numbers first
notes   drop         every cell is missing
odds    drop         mixed cells: 10 other, 5 string, 5 number
"""
    assert repr(infer_modalities(table)) == expected.strip()


def test_nine_in_ten_decide():
    for bad, modality in ((10, "numeric"), (11, "drop")):
        table = pd.DataFrame({"x": objects([1.0] * (100 - bad) + ["?"] * bad)})
        assert infer_modalities(table) == {"x": modality}


def test_looks_over_the_whole_table():
    """A bad half is seen wherever it stands, and only so many cells are looked at."""

    looks = []

    class CountedPath(os.PathLike):
        def __fspath__(self):
            looks.append(self)
            return "a.jpg"

    assert infer_modalities(pd.DataFrame({"x": objects([CountedPath()] * 399)})) == {"x": "image"}
    assert len(looks) == 200
    table = pd.DataFrame({"x": objects(["a.jpg"] * 500 + [1] * 500)})
    assert infer_modalities(table).reasons == {"x": "mixed cells: 100 image, 100 number"}


def test_many_categories_in_a_long_table():
    codes = [f"code{number % 100}" for number in range(2000)]
    assert infer_modalities(pd.DataFrame({"x": codes})) == {"x": "categorical"}
    assert infer_modalities(pd.DataFrame({"x": codes[:200]})) == {"x": "text"}


def test_names_play_no_part():
    table = pd.DataFrame({"image": [1.0, 2.0], "text": ["a.wav", "b.wav"], 3: [True, False]})
    assert infer_modalities(table) == {"image": "numeric", "text": "audio", 3: "categorical"}


def test_refused_tables():
    for table in ([["a"]], np.ones((2, 2)), "a.jpg", pl.LazyFrame({"x": ["a"]})):
        with pytest.raises(ValueError, match=r"table with named columns, got .*pandas.DataFrame"):
            infer_modalities(table)
    with pytest.raises(ValueError, match="Several columns have the name 'a': rename them"):
        infer_modalities(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_mended_guess_loses_its_reason():
    modalities = Modalities({"a": "text", "b": "image"}, {"a": "2 different texts"})
    assert repr(modalities) == "a  text   2 different texts\nb  image  given"
    for same in (modalities, copy(modalities), pickle.loads(pickle.dumps(modalities))):
        same["a"] = "categorical"
        assert repr(same) == "a  categorical  given\nb  image        given"
    assert repr(Modalities({})) == ""
