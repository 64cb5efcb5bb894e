import io
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from mmsk.exceptions import BadCellWarning, MissingDependencyError, ReadError

ITEMS = ["photos/7.png", Path("photos/7.png"), b"12345", np.zeros(3), "x" * 200, None]


def located(item=None, **place):
    return ReadError("truncated JPEG, 120 bytes missing", "decode").located(7, item=item, **place)


def test_message_names_row_column_and_path():
    error = located("photos/7.png", column="image")
    assert str(error) == (
        "row 7, column 'image' ('photos/7.png'): truncated JPEG, 120 bytes missing"
    )


def test_message_without_a_place_is_the_reason():
    assert str(ReadError("empty audio")) == "empty audio"
    assert str(ReadError("empty audio", item=b"123")) == "(3 bytes): empty audio"


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (b"12345", "(5 bytes)"),
        (bytearray(b"12"), "(2 bytes)"),
        (Path("a.wav"), "('a.wav')"),
        (np.zeros(3), "(ndarray)"),
        ("x" * 200, "x" * 80 + "...'"),
    ],
)
def test_item_is_shown_short(item, shown):
    assert shown in str(located(item))


@pytest.mark.parametrize("label", [7, np.int64(7), "7", None])
def test_label_equal_to_the_row_is_not_repeated(label):
    assert "index" not in str(located(label=label))


@pytest.mark.parametrize("label", [42, "id-42", ("a", 1), pd.NA, pd.Timestamp("2026-01-01")])
def test_other_label_is_shown(label):
    assert f"row 7 (index {label!r})" in str(located(label=label))


def test_others_are_listed():
    error = located()
    error.others = (located("a.png"), located("b.png"))
    assert str(error).splitlines()[1:] == [
        "2 more bad cells:",
        "  row 7 ('a.png'): truncated JPEG, 120 bytes missing",
        "  row 7 ('b.png'): truncated JPEG, 120 bytes missing",
    ]


def through_pickle(error):
    return pickle.loads(pickle.dumps(error))


def through_joblib(error):
    file = io.BytesIO()
    joblib.dump(error, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize("through", [through_pickle, through_joblib])
@pytest.mark.parametrize("item", ITEMS, ids=repr)
def test_pickling_keeps_message_and_place(through, item):
    error = located(item, column="image", label="id")
    error.cause = OSError("broken data stream")
    error.others = (located(item),)
    error.add_note("3 of 9 cells are bad")
    copy = through(through(error))
    assert str(copy) == str(error)
    assert (copy.row, copy.column, copy.label, copy.stage) == (7, "image", "id", "decode")
    assert copy.__notes__ == ["3 of 9 cells are bad"]
    assert "broken data stream" in str(copy.cause)


def test_pickling_leaves_the_content_behind():
    assert len(pickle.dumps(located(b"x" * 100_000))) < 1000


def raise_located():
    raise located(b"12345", column="image")


def test_error_reaches_the_user_from_a_worker_process():
    with pytest.raises(ReadError, match=r"row 7, column 'image' \(5 bytes\): truncated") as caught:
        joblib.Parallel(n_jobs=2)(joblib.delayed(raise_located)() for _ in range(2))
    assert caught.value.row == 7


def test_with_rows_moves_all_errors_to_the_table():
    error = ReadError("bad", row=1, others=[ReadError("bad", row=2)])
    error.add_note("2 of 3 cells are bad")
    moved = error.with_rows([10, 11, 12])
    assert moved.__notes__ == ["2 of 3 cells are bad"]
    assert (moved.row, moved.others[0].row) == (11, 12)


def test_kinds():
    assert issubclass(ReadError, ValueError)
    assert issubclass(MissingDependencyError, ImportError)
    assert issubclass(BadCellWarning, UserWarning)
