"""A table of real files of every modality, seven of its cells bad."""

import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import mmsk
from mmsk import AudioReader, ImageReader, Modalities, audit
from mmsk.datasets import make_multimodal
from mmsk.inspection._audit import COLUMNS, shown

MODALITIES = ["text", "image", "audio", "video", "series", "numeric"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A hundred rows, of which seven have a bad cell; and what is wrong with these."""
    folder = tmp_path_factory.mktemp("made")
    table, y = make_multimodal(100, folder=folder, modalities=MODALITIES, random_state=0)
    table.index = [f"r{row}" for row in range(100)]

    def half(path):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    half(Path(table["image"].iloc[3]))
    Path(table["image"].iloc[10]).unlink()
    half(Path(table["audio"].iloc[20]))
    Path(table["audio"].iloc[30]).write_bytes(b"")
    half(Path(table["video"].iloc[40]))
    Path(table["series"].iloc[50]).write_bytes(b"<html>")
    table.iloc[60, table.columns.get_loc("text")] = 3.5
    return table, y


BAD = [
    (60, "text", "check", "expected text, got float"),
    (3, "image", "decode", "truncated PNG"),
    (10, "image", "check", "no such file"),
    (20, "audio", "decode", "truncated: 3989 of 8000 frames"),
    (30, "audio", "check", "empty file (0 bytes)"),
    (40, "video", "decode", "not a whole MP4, MOV file"),
    (50, "series", "check", "empty series"),
]


@pytest.fixture(scope="module")
def found(made):
    table, y = made
    return audit(table, y=y)


def test_threads_find_the_same(made, found):
    table, y = made
    pd.testing.assert_frame_equal(audit(table, y=y, n_jobs=2), found)


def test_every_bad_cell_is_listed_and_no_other(found):
    assert list(found.columns) == COLUMNS
    bad = found[found["kind"] == "bad"]
    assert list(bad[["row", "column", "stage"]].itertuples(index=False, name=None)) == [
        expected[:3] for expected in BAD
    ]
    for reason, expected in zip(bad["reason"], BAD, strict=True):
        assert reason.startswith(expected[3])
    assert bad["label"].tolist() == [f"r{row}" for row, *_ in BAD]
    assert bad["modality"].tolist() == bad["column"].tolist()
    assert bad["item"].iloc[0] == "3.5"
    assert bad["item"].iloc[1].endswith("image/000003.png")


def test_nothing_of_a_clean_table_is_bad_or_suspicious(tmp_path):
    table, y = make_multimodal(
        30, folder=tmp_path, modalities=MODALITIES, missing=0.1, random_state=1
    )
    found = audit(table, y=y)
    assert found.empty
    assert list(found.columns) == COLUMNS
    assert "0 bad cells, 0 rows with one, 0 suspicious findings" in found.attrs["summary"]


def test_polars_gives_the_same_without_labels(made):
    table, _ = made
    table = table[["image", "series", "numeric_1"]]
    modalities = mmsk.infer_modalities(table)
    found = audit(pl.from_pandas(table), modalities)
    assert found["label"].isna().all()
    expected = audit(table, modalities)
    pd.testing.assert_frame_equal(found.drop(columns="label"), expected.drop(columns="label"))


def test_what_is_left_after_dropping_the_bad_rows_can_be_fitted(made, found):
    table, y = made
    bad = found.loc[found["kind"] == "bad", "row"].unique()
    kept = table.drop(index=table.index[bad])
    columns = ["text", "image"]
    model = mmsk.multimodal_pipeline(kept[columns]).fit(kept, np.delete(y, bad))
    assert len(model.predict(kept)) == 93
    with pytest.raises(mmsk.ReadError, match=r"row 60 \(index 'r60'\), column 'text'"):
        mmsk.multimodal_pipeline(kept[columns]).fit(table, y)


def test_the_summary_is_a_page_that_names_columns_reasons_and_rows(found):
    summary = found.attrs["summary"]
    assert summary.startswith("100 rows, 9 columns looked at: 7 bad cells, 7 rows with one, ")
    assert "1 x image: truncated PNG: the data end before the picture does: row 3" in summary
    assert len(summary.splitlines()) < 60


def test_nothing_is_written_or_changed(made, tmp_path):
    table, y = made
    before = table.copy()
    folder = Path(table["image"].iloc[0]).parents[1]
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with mmsk.config_context(cache=True, cache_dir=tmp_path / "store"):
        audit(table.drop(columns="video"), y=y)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == files
    assert not (tmp_path / "store").exists()
    pd.testing.assert_frame_equal(table, before)


def test_the_bar_counts_every_cell(made, capsys, monkeypatch):
    monkeypatch.setattr("mmsk._progress.SECONDS_BEFORE_A_BAR", 0)
    table, _ = made
    with mmsk.config_context(progress=True):
        audit(table[["text", "series"]])
    assert "200/200" in capsys.readouterr().err
    audit(table[["text", "series"]])
    assert capsys.readouterr().err == ""


def test_the_target_tells_more_of_repeated_cells():
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    other = np.ascontiguousarray(picture[::-1])
    table = pd.DataFrame({"a": [picture, other, picture, picture], "b": [None] * 3 + [other]})
    modalities = {"a": "image", "b": "image"}
    reasons = audit(table, modalities, y=["cat", "dog", "cat", "dog"])["reason"].tolist()
    assert reasons == [
        "the same content as in row 0",
        "the same content as in row 0, but the target 'dog' instead of 'cat'",
        "the same content as in row 1 of column 'a'",
    ]


def test_columns_that_are_left_out_are_named():
    table = pd.DataFrame(
        {"a": ["photos/1.png", 3.5, b"", None], "b": [None] * 4, "c": [1, 2, 3, 4]}
    )
    found = audit(table)
    assert found["row"].isna().all()
    assert found["column"].tolist() == ["a", "b"]
    assert found["reason"].iloc[0].startswith("left out: mixed cells: ")
    assert found["reason"].iloc[1] == "left out: every cell is missing"
    assert audit(table, {"b": "image", "c": "drop"})["reason"].iloc[0] == "every cell is missing"


def test_rows_without_any_readable_cell_are_bad():
    table = pd.DataFrame({"a": ["x", None, "y"], "b": ["x.png", None, None]}, index=[5, 6, 7])
    found = audit(table, {"a": "text", "b": "image"}).query("stage == 'row'")
    assert found[["row", "label", "kind"]].to_numpy().tolist() == [[1, 6, "bad"]]
    assert found["reason"].tolist() == ["every cell is missing or bad"]
    assert found["column"].tolist() == [None]
    alone = audit(table[["b"]], {"b": "image"})
    assert alone[["row", "stage"]].to_numpy().tolist() == [[0, "check"], [1, "row"], [2, "row"]]


def test_a_table_without_rows_or_columns_has_no_findings():
    assert audit(pd.DataFrame({"a": []}), {"a": "numeric"})["reason"].tolist() == [
        "every cell is missing"
    ]
    found = audit(pd.DataFrame(index=range(3)))
    assert found.empty
    assert "no column to look at" in found.attrs["summary"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"modalities": {"z": "text"}},
            r"modalities names the column 'z', but the table has 'a'\.",
        ),
        ({"modalities": {"a": "smell"}}, "The modality 'smell' of column 'a' is not one of 'text'"),
        ({"readers": {"b": None}}, "readers names 'b', which is neither a column of files nor"),
        ({"readers": {"a": None}}, r"such columns are: none\."),
        ({"n_jobs": 0}, "n_jobs=0 is no number of threads"),
        ({"y": [1, 2, 3]}, "inconsistent numbers of samples"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        audit(pd.DataFrame({"a": ["a b c", "d e f"]}), **arguments)


@pytest.mark.parametrize("table", [{"a": [1]}, [1, 2], pl.LazyFrame({"a": [1]})])
def test_what_is_no_table_is_refused(table):
    for modalities in (None, {"a": "numeric"}):
        with pytest.raises(ValueError, match="Expected a table with named columns"):
            audit(table, modalities)


def test_readers_go_by_column_before_modality(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    table = pd.DataFrame({"a": [noise], "b": [noise[::-1].copy()]})
    limits = {"a": ImageReader(max_pixels=100), "image": ImageReader(max_pixels=500)}
    found = audit(table, {"a": "image", "b": "image"}, readers=limits)
    assert found["column"].tolist() == ["a"]
    assert found["reason"].iloc[0] == "20 x 20 = 400 pixels, over max_pixels=100"


def test_readers_must_fit():
    table = pd.DataFrame({"a": ["a.png"]})
    with pytest.raises(ValueError, match=r"readers\['a'\]=AudioReader\(\) is not an ImageReader"):
        audit(table, {"a": "image"}, readers={"a": AudioReader()})
    with pytest.raises(ValueError, match="max_pixels=0 is not an integer of at least 1"):
        audit(table, {"a": "image"}, readers={"a": ImageReader(max_pixels=0)})


def test_a_reader_with_a_fault_of_its_own_stops_nothing():
    class Faulty(ImageReader):
        def read(self, cell, target_size=None):
            raise IndexError("out of range")

    cells = [np.zeros((9, 9), np.uint8)] * 3
    found = audit(pd.DataFrame({"a": cells}), {"a": "image"}, readers={"a": Faulty()})
    assert found.query("column == 'a'")["reason"].tolist() == ["IndexError: out of range"] * 3


def test_a_missing_package_is_named_once_and_no_fault_of_the_cells(monkeypatch, tmp_path):
    file = tmp_path / "a.mp4"
    file.write_bytes(b"\0\0\0\x18ftypisom")
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(mmsk.MissingDependencyError, match="mmsk\\[video\\]"):
        audit(pd.DataFrame({"a": [str(file)]}), {"a": "video"})


def test_warnings_of_the_process_stay_as_they_were():
    samples = np.random.default_rng(0).normal(size=(8000, 1)).astype(np.float32) / 10
    cancelling = (np.hstack([samples, -samples]), 8000)
    table = pd.DataFrame({"a": [cancelling, (samples, 8000)]})
    before = list(warnings.filters)
    found = audit(table, {"a": "audio"}, n_jobs=2)
    assert warnings.filters == before
    assert found["reason"].tolist() == ["the channels of a sound cancel each other"]


def test_modalities_of_a_plain_dict_and_guessed_ones_do_alike():
    table = pd.DataFrame({"a": [1.0, np.inf, 3.0]})
    for modalities in ({"a": "numeric"}, Modalities({"a": "numeric"}), None):
        found = audit(table, modalities)
        assert found["reason"].iloc[0] == "infinite"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a b", "a b"),
        ("a\0b\n", r"a\x00b\n"),
        (Path("x" * 100 + "/1.png"), "..." + "x" * 74 + "/1.png"),
        ("word " * 50, "word " * 16 + "..."),
        (b"abc", "3 bytes"),
        (np.zeros((2, 3)), "array of shape (2, 3)"),
        (7, "7"),
        (io.BytesIO(b"a" * 90), None),
        ([0] * 100, "list"),
        (np.float64(2.5), "2.5"),
    ],
)
def test_cells_are_shown_short(cell, expected):
    text = shown(cell)
    assert len(text) <= 90
    assert expected is None or text == expected
