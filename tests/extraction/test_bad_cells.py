import pandas as pd
import pytest

from mmsk._validation import raw_column
from mmsk.exceptions import BadCellWarning, ReadError
from mmsk.extraction._bad_cells import CELLS_READ_ON, MOST_COLLECTED, BadCells


def bad_cells(n_cells, bad, on_error="raise", max_bad_fraction=0.1):
    column = raw_column([f"{row}.png" for row in range(n_cells)])
    noted = BadCells(column, on_error, max_bad_fraction)
    batch = [(row, ReadError("bad") if row in bad else row) for row in range(n_cells)]
    return noted, batch


def test_a_clean_batch_passes():
    noted, batch = bad_cells(3, [])
    assert noted.split(batch) == ([0, 1, 2], [0, 1, 2])
    noted.close()


def test_raise_collects_the_batch_and_computes_no_more():
    noted, batch = bad_cells(5, [1, 3])
    assert noted.split(batch) == ([], [])
    assert noted.ended
    with pytest.raises(ReadError, match=r"^row 1 \('1\.png'\): bad\n1 more bad cells") as caught:
        noted.close()
    assert [error.row for error in caught.value.others] == [3]


def test_raise_keeps_label_and_column():
    column = raw_column(pd.Series(["a.png"], index=["id-9"], name="photo"))
    noted = BadCells(column, "raise", 0.1)
    noted.add(0, ReadError("bad", "decode", cause=OSError("stream")))
    with pytest.raises(ReadError, match=r"row 0 \(index 'id-9'\), column 'photo'") as caught:
        noted.close()
    assert isinstance(caught.value.__cause__, OSError)


def test_raise_ends_after_the_most_collected():
    noted, batch = bad_cells(MOST_COLLECTED + 5, range(MOST_COLLECTED + 5))
    with pytest.raises(ReadError, match="19 more bad cells") as caught:
        noted.split(batch)
    assert len(caught.value.others) == MOST_COLLECTED - 1


def test_raise_reads_on_for_a_while_only():
    noted, batch = bad_cells(CELLS_READ_ON, [0])
    noted.split(batch)
    with pytest.raises(ReadError, match=r"^row 0"):
        noted.split([(0, "good")])


def test_missing_takes_out_the_bad_and_warns_once():
    noted, batch = bad_cells(20, [4, 7], on_error="missing")
    rows, samples = noted.split(batch)
    assert rows == samples == [row for row in range(20) if row not in (4, 7)]
    message = r"2 unreadable cells are taken as missing: rows 4, 7\. The first: row 4 \('4\.png'\)"
    with pytest.warns(BadCellWarning, match=message) as caught:
        noted.close()
    assert len(caught) == 1


def test_missing_names_twenty_rows_at_most():
    noted, batch = bad_cells(30, range(25), on_error="missing", max_bad_fraction=1)
    noted.split(batch)
    with pytest.warns(
        BadCellWarning, match=r"25 unreadable cells .* 18, 19 and 5 more\. The first"
    ):
        noted.close()


@pytest.mark.parametrize(("n_bad", "fraction"), [(1, 0.0), (1, 0.1), (2, 0.1), (20, 1.0)])
def test_missing_accepts_up_to_the_fraction(n_bad, fraction):
    noted, batch = bad_cells(20, range(n_bad), "missing", fraction)
    noted.split(batch)
    with pytest.warns(BadCellWarning, match=f"{n_bad} unreadable"):
        noted.close()


@pytest.mark.parametrize(("n_bad", "fraction"), [(2, 0.0), (3, 0.1), (20, 0.9)])
def test_missing_raises_above_the_fraction(n_bad, fraction):
    noted, batch = bad_cells(20, range(n_bad), "missing", fraction)
    noted.split(batch)
    with pytest.raises(ReadError, match=r"^row 0") as caught:
        noted.close()
    assert caught.value.__notes__ == [
        f"{n_bad} of 20 cells are bad, more than max_bad_fraction={fraction}."
    ]


def test_missing_cells_are_no_part_of_the_fraction():
    column = raw_column(["a", "b", *[None] * 100])
    noted = BadCells(column, "missing", 0.5)
    noted.add(0, ReadError("bad"))
    noted.add(1, ReadError("bad"))
    with pytest.raises(ReadError, match=r"^row 0"):
        noted.close()
