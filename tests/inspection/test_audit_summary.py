import pandas as pd

from mmsk import audit


def test_reasons_that_differ_in_numbers_are_counted_together():
    table = pd.DataFrame({"a": [f"{row}.png" for row in range(30)] + [None]})
    summary = audit(table, {"a": "image"}, readers=None).attrs["summary"]
    assert "31 rows, 1 column looked at: 30 bad cells, 31 rows with one, 0 suspicious" in summary
    assert "30 x a: no such file" in summary
    assert ": rows 0, 1, 2, 3, 4, 5, ..." in summary
    assert "    1 x (row): every cell is missing or bad: row 30" in summary


def test_a_wide_table_stays_a_page():
    table = pd.DataFrame({f"column {place}": ["", 3] for place in range(100)})
    summary = audit(table, dict.fromkeys(table.columns, "text")).attrs["summary"]
    assert len(summary.splitlines()) < 70
    assert "and 85 columns more" in summary
    assert "and 80 reasons more" in summary


def test_names_of_columns_may_be_anything():
    table = pd.DataFrame({0: ["", "a"], ("x", 1): ["b", ""]})
    found = audit(table, {0: "text", ("x", 1): "text"})
    assert "1 x 0: empty text: row 0" in found.attrs["summary"]
    assert "1 x ('x', 1): empty text: row 1" in found.attrs["summary"]
