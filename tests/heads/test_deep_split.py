"""Rows that early stopping holds out."""

import numpy as np
import pytest

from mmsk._learning import FEWEST_ROWS_STOPPED
from mmsk.heads._deep_split import split_rows


def split(strata, rows=None, **values):
    rows = np.arange(len(strata)) if rows is None else rows
    options = {"n_classes": 3, "early_stopping": "auto", "fraction": 0.1, "seed": 0}
    return split_rows(np.asarray(strata), rows, **options | values)


def test_both_parts_have_all_classes():
    strata = np.arange(600) % 3
    rows = np.arange(0, 600, 1)
    train, held_out = split(strata, rows)
    assert np.bincount(strata[held_out]).tolist() == [20, 20, 20]
    assert sorted([*train, *held_out]) == rows.tolist()


def test_only_the_rows_that_count_are_split():
    rows = np.arange(0, 1200, 2)
    train, held_out = split(np.arange(1200) % 3, rows)
    assert sorted([*train, *held_out]) == rows.tolist()


def test_auto_holds_out_where_rows_suffice():
    assert len(split(np.arange(FEWEST_ROWS_STOPPED) % 3)[1]) == 50
    assert len(split(np.arange(FEWEST_ROWS_STOPPED - 1) % 3)[1]) == 0
    assert len(split(np.arange(600) % 61, n_classes=61)[1]) == 0
    assert len(split(np.arange(600) % 60, n_classes=60)[1]) == 60
    assert len(split(np.arange(900) % 3, early_stopping=False)[1]) == 0


def test_a_class_keeps_its_last_row():
    strata = np.r_[np.zeros(5), 1, np.ones(14) * 2]
    for seed in range(20):
        train, _ = split(strata, early_stopping=True, fraction=0.9, seed=seed)
        assert set(strata[train]) == {0, 1, 2}


@pytest.mark.parametrize(
    ("n_rows", "n_classes", "fraction", "message"),
    [
        (
            20,
            3,
            0.1,
            r"validation_fraction=0.1 of 20 rows holds out 2, fewer than the 3 classes: raise it "
            r"to 0.15 or more, or set early_stopping=False\.",
        ),
        (
            3,
            3,
            0.9,
            "=0.9 of 3 rows leaves none to learn from: lower it, or set early_stopping=False",
        ),
        (
            2,
            2,
            0.4,
            "holds out 1, fewer than the 2 classes: give more rows, or set early_stopping=False",
        ),
        (1, 1, 0.1, "of 1 rows holds out 0, fewer than the one that is needed: give more rows"),
    ],
)
def test_too_few_rows_to_hold_out(n_rows, n_classes, fraction, message):
    with pytest.raises(ValueError, match=message):
        split(
            np.arange(n_rows) % n_classes,
            n_classes=n_classes,
            early_stopping=True,
            fraction=fraction,
        )
