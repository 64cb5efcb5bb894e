import io

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.exceptions import DataConversionWarning

from mmsk._validation import (
    check_block_names,
    check_choice,
    check_number,
    check_target,
    is_missing,
    raw_column,
)

CELLS = ["one", None, "", "two"]
CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "object array": lambda cells: np.array(cells, dtype=object),
    "pandas object": lambda cells: pd.Series(cells, dtype=object),
    "pandas str": lambda cells: pd.Series(cells, dtype="str"),
    "pandas string": lambda cells: pd.Series(cells, dtype="string"),
    "pandas pyarrow": lambda cells: pd.Series(cells, dtype=pd.ArrowDtype(pa.string())),
    "pandas category": lambda cells: pd.Series(cells, dtype="category"),
    "pandas array": lambda cells: pd.array(cells, dtype="string"),
    "pandas index": lambda cells: pd.Index(cells, dtype=object),
    "polars": pl.Series,
    "polars object": lambda cells: pl.Series(cells, dtype=pl.Object),
    "pyarrow": pa.array,
    "pyarrow chunked": lambda cells: pa.chunked_array([cells[:1], cells[1:]], pa.string()),
    "generator": lambda cells: (cell for cell in cells),
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_containers_give_the_same_column(container):
    column = raw_column(container(CELLS))
    assert column.present.tolist() == [True, False, True, True]
    assert [column.cells[row] for row in (0, 2, 3)] == ["one", "", "two"]
    assert all(type(column.cells[row]) is str for row in (0, 2, 3))
    assert len(column) == 4


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_a_column_may_be_empty(container):
    column = raw_column(container([]))
    assert len(column) == 0
    assert column.present.shape == (0,)
    assert column.present.dtype == bool


def test_a_stack_of_arrays_is_one_cell_per_row():
    column = raw_column(np.zeros((5, 4, 3)))
    assert len(column) == 5
    assert column.cells[0].shape == (4, 3)


def test_name_and_labels():
    column = raw_column(pd.Series(["a", "b"], index=["x", 7], name="photo"))
    assert (column.name, column.label(0), column.label(1)) == ("photo", "x", 7)
    assert raw_column(pl.Series("photo", ["a"])).name == "photo"
    for unnamed in (["a"], pl.Series(["a"])):
        column = raw_column(unnamed)
        assert (column.name, column.label(0)) == (None, None)
    assert raw_column(pd.Series(["a"], name=0)).name == 0


def test_labels_are_plain_values():
    assert type(raw_column(pd.Series(["a"], index=[3])).label(0)) is int


def test_labels_do_not_confuse():
    labels = ["columns", "read", "to_pylist"]
    assert raw_column(pd.Series(["a", "b", "c"], index=labels)).cells == ["a", "b", "c"]


@pytest.mark.parametrize(
    "single",
    ["text", b"bytes", bytearray(b"x"), 7, None, {"a": 1}, {"a"}, io.BytesIO(b"a\nb"), object()],
    ids=lambda single: type(single).__name__,
)
def test_single_things_are_refused_with_a_hint(single):
    with pytest.raises(ValueError, match=r"got one \w+\. Put a single cell into a list: \[cell\]"):
        raw_column(single)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": ["x"]}),
        pl.DataFrame({"a": ["x"]}),
        pa.table({"a": ["x"]}),
        np.array([["x"]], dtype=object),
        np.zeros((3, 1)),
        np.array("x", dtype=object),
    ],
    ids=lambda table: f"{type(table).__module__.partition('.')[0]}-{np.ndim(table)}",
)
def test_tables_are_refused_with_a_hint(table):
    with pytest.raises(ValueError, match=r"Expected a 1-D column .*table\['name'\]"):
        raw_column(table)


MISSING = [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT]
MISSING += [np.datetime64("NaT"), np.timedelta64("NaT")]
PRESENT = ["", "nan", "None", 0, 0.0, False, b"", [], np.zeros(0), np.array(np.nan), [None]]
PRESENT += [float("inf"), pd.Timestamp("2026-01-01")]


@pytest.mark.parametrize("cell", MISSING, ids=repr)
def test_missing(cell):
    assert is_missing(cell) is True


@pytest.mark.parametrize("cell", PRESENT, ids=repr)
def test_present(cell):
    assert is_missing(cell) is False


@pytest.mark.parametrize("value", ["mean", np.str_("mean"), True, np.True_, None])
def test_choice_is_accepted(value):
    check_choice("pooling", value, ["mean", "std", None, True])


@pytest.mark.parametrize("value", ["mena", 1, 1.0, False, np.False_, ["mean"], np.zeros(2), float])
def test_choice_is_refused(value):
    with pytest.raises(ValueError, match=r"pooling=.* is not one of 'mean', 'std', None, True\."):
        check_choice("pooling", value, ["mean", "std", None, True])


def test_true_is_no_number_among_choices():
    for value in (True, np.True_):
        with pytest.raises(ValueError, match=r"size=.*True_? is not one of 1, 2"):
            check_choice("size", value, [1, 2])


@pytest.mark.parametrize("value", [1, 1.5, np.float32(2), np.int64(3), 10])
def test_number_is_accepted(value):
    check_number("size", value, low=1, high=10)


@pytest.mark.parametrize("value", [0, 10.5, "3", None, True, np.True_, float("nan"), [1], 1j])
def test_number_is_refused(value):
    with pytest.raises(ValueError, match=r"size=.* is not a number of at least 1 and at most 10\."):
        check_number("size", value, low=1, high=10)


def test_limits_of_numbers():
    with pytest.raises(ValueError, match=r"C=0 is not a number above 0\."):
        check_number("C", 0, low=0, low_open=True)
    with pytest.raises(ValueError, match=r"C=nan is not a number\."):
        check_number("C", float("nan"))
    with pytest.raises(ValueError, match=r"n=2.0 is not an integer at most 5\."):
        check_number("n", 2.0, high=5, integer=True)
    check_number("n", np.int32(2), high=5, integer=True)
    check_number("C", float("inf"), low=0)


def test_check_block_names():
    check_block_names("weights", {"image": 1}, ["image", "sound"])
    check_block_names("weights", [], [])
    message = "weights names the block 'text', but the blocks are 'image', 'sound'"
    with pytest.raises(ValueError, match=message):
        check_block_names("weights", {"image": 1, "text": 2, "clip": 3}, ["image", "sound"])


@pytest.mark.parametrize(
    "y",
    [
        [0, 1, 0],
        np.array([0, 1, 0], dtype=object),
        pd.Series([0, 1, 0], index=[5, 3, 4]),
        pl.Series([0, 1, 0]),
    ],
)
def test_target_in_any_container(y):
    found = check_target("Head", y, np.ones((3, 2)))
    assert found.dtype == np.int64
    assert found.tolist() == [0, 1, 0]


def test_objects_that_are_no_numbers_stay():
    labels = np.array(["a", "b", 3], dtype=object)
    assert check_target("Head", labels, labels).tolist() == ["a", "b", 3]
    halves = check_target("Head", np.array([0.5, 1, True], dtype=object), labels)
    assert halves.dtype == np.float64


def test_a_column_is_a_target():
    assert check_target("Fusion", [[1], [2]], [0, 0]).tolist() == [1, 2]
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        assert check_target("Head", [[1], [2]], [0, 0], warn=True).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, r"^Head learns from y: call fit\(X, y\), or not\. This requires y to be passed"),
        ([1.0, np.nan], "Input y contains NaN"),
        (np.array(["a", np.nan], dtype=object), "Input contains NaN"),
        ([1.0, np.inf], "Input y contains infinity"),
        ([1], "inconsistent numbers of samples"),
        (np.ones((2, 2)), "y should be a 1d array"),
    ],
)
def test_target_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        check_target("Head", y, [0, 0], ", or not")
