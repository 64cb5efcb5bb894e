import pandas as pd
import pytest

from mmsk import audit
from mmsk._validation import raw_column
from mmsk.inspection._audit_columns import Looks, odd_kinds, odd_sizes, one_value, repeated
from mmsk.inspection._audit_look import Look


def looks(modality="text", **values):
    """A column of which each cell showed the given values."""
    (n_cells,) = {len(each) for each in values.values()}
    found = Looks("a", modality, raw_column(["x"] * n_cells))
    for row in range(n_cells):
        found.add(row, Look(**{name: each[row] for name, each in values.items()}))
    return found


@pytest.mark.parametrize(
    ("sizes", "rows"),
    [
        ([100.0] * 12 + [10.0], [12]),
        ([100.0] * 12 + [900.0], [12]),
        ([100.0] * 12 + [700.0], []),
        ([2.0**power for power in range(16)], []),
        ([100.0] * 8 + [1.0], []),  # too few to compare
        ([100.0] * 12 + [None, None], []),
    ],
)
def test_sizes_far_from_the_rest(sizes, rows):
    found = list(odd_sizes(looks(size=sizes)))
    assert [finding.row for finding in found] == rows
    assert {finding.kind for finding in found} <= {"suspicious"}


def test_sizes_are_told_with_their_unit():
    (found,) = odd_sizes(looks("audio", size=[2.5] * 12 + [250.0]))
    assert found.reason == "250 s, while the median of the column is 2.5"
    (found,) = odd_sizes(looks("image", size=[40000.0] * 12 + [1e6]))
    assert found.reason == "1,000,000 pixels, while the median of the column is 40,000"


def test_kinds_unlike_most():
    (found,) = odd_kinds(looks("series", kind=["3 channels"] * 3 + ["1 channel"]))
    assert (found.row, found.stage) == (3, "kind")
    assert found.reason == "1 channel, unlike most cells of the column (3 channels)"
    assert list(odd_kinds(looks(kind=["a", "b"]))) == []


def test_a_column_of_one_value_is_one_finding():
    same = looks(digest=[b"a" * 16] * 5)
    assert [finding.reason for finding in one_value(same)] == ["all 5 cells hold the same"]
    assert list(repeated([same], None)) == []
    assert list(one_value(looks(digest=[b"a" * 16]))) == []
    assert list(one_value(looks(digest=[None] * 3))) == []


def test_only_what_should_not_repeat_is_compared():
    digests = [b"a" * 16, b"b" * 16, b"a" * 16]
    assert [finding.row for finding in repeated([looks(digest=digests)], None)] == [2]
    short = looks(digest=digests, repeats=[True] * 3)
    assert list(repeated([short], None)) == []
    assert list(repeated([looks(digest=[None, b"a" * 16, None])], None)) == []
    assert list(repeated([], None)) == []


def test_digests_that_end_in_zeros_are_kept_apart():
    digests = [b"a" * 8 + bytes(8), b"a" * 7 + bytes(9)]
    assert list(repeated([looks(digest=digests)], None)) == []


def test_a_target_of_numbers_is_no_class_that_names_could_tell():
    paths = [f"a/{row}.png" for row in range(40)]
    found = audit(pd.DataFrame({"a": paths}), {"a": "image"}, y=[row / 7 for row in range(40)])
    assert "name" not in set(found["stage"])
