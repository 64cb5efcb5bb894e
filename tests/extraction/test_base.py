import threading
from contextlib import nullcontext
from functools import partial

import numpy as np
import pandas as pd
import pytest
from letter_counts import TEXTS, LetterCounts
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from mmsk.exceptions import BadCellWarning, ReadError
from mmsk.extraction._stream import Threads


def test_rows_stand_where_their_cells_stand():
    features = LetterCounts("ab").transform(["aab", None, "", "b"])
    np.testing.assert_array_equal(features, [[2, 1], [np.nan, np.nan], [0, 0], [0, 1]])
    assert features.dtype == np.float32


@pytest.mark.parametrize("n_cells", [0, 1, 4, 9, 40])
def test_batches_do_not_show(n_cells):
    texts = (TEXTS * 7)[:n_cells]
    expected = [[text.count(letter) for letter in "abc"] for text in texts]
    features = LetterCounts(batch_size=4, n_jobs=2).transform(texts)
    np.testing.assert_array_equal(features, np.reshape(expected, (n_cells, 3)))


def test_a_pass_of_missing_cells_computes_nothing():
    class Counting(LetterCounts):
        def _extract(self, samples):
            raise AssertionError("there is nothing to compute")

    assert np.isnan(Counting().transform([None, float("nan"), pd.NA])).all()


def test_fit_reads_no_cell():
    extractor = LetterCounts()
    assert extractor.fit([object()]) is extractor
    assert extractor.fit() is extractor


class LearnedLetters(LetterCounts):
    """Counts the letters of the first text that fit saw."""

    _strings_are = "text"

    def _learn(self, column, y):
        self.letters_ = "".join(sorted(set(column.cells[0])))

    def _fingerprint_state(self):
        return self.letters_

    def _feature_names(self):
        return list(self.letters_)

    def _prepare(self, cell):
        return [cell.count(letter) for letter in self.letters_]

    def _extract(self, samples):
        return np.array(samples, dtype=np.float32)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags


def test_what_is_learned_decides_the_rows(store):
    extractor = LearnedLetters()
    np.testing.assert_array_equal(extractor.fit_transform(["ba", "bbb"]), [[1, 1], [0, 3]])
    np.testing.assert_array_equal(extractor.fit(["bc"]).transform(["bbb"]), [[3, 0]])


def test_what_is_learned_must_be_there():
    for use in (LearnedLetters().transform, LearnedLetters().get_feature_names_out):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            use(["a"])
    with pytest.raises(ValueError, match="LearnedLetters learns from the column: call fit"):
        LearnedLetters().fit()


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("on_error", "ignore", "on_error='ignore' is not one of 'raise', 'missing'"),
        ("max_bad_fraction", 1.5, "max_bad_fraction=1.5 is not a number of at least 0 and at most"),
        ("batch_size", 0, "batch_size=0 is not an integer of at least 1"),
        ("factor", "2", "factor='2' is not a number"),
    ],
)
def test_parameters_are_checked_when_used(method, parameter, value, message):
    extractor = LetterCounts(**{parameter: value})
    with pytest.raises(ValueError, match=message):
        getattr(extractor, method)(TEXTS)


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_tables_are_refused(method):
    with pytest.raises(ValueError, match=r"Select one column: table\['name'\]"):
        getattr(LetterCounts(), method)(pd.DataFrame({"text": TEXTS}))


def test_all_bad_cells_of_a_column_are_reported_together():
    texts = ["a"] * 100
    for row in (3, 50, 99):
        texts[row] = row
    with pytest.raises(ReadError, match=r"^row 3 .*: a text is a str, not int") as caught:
        LetterCounts().transform(texts)
    assert [error.row for error in caught.value.others] == [50, 99]
    assert caught.value.item == 3
    assert caught.value.stage == "check"


def test_threads_end_with_an_error():
    before = threading.active_count()
    with pytest.raises(ReadError, match=r"^row 0 ") as caught:
        LetterCounts(n_jobs=4).transform([*range(100)] * 10)
    assert threading.active_count() == before
    assert len(caught.value.others) == 19


def test_errors_of_the_computation_name_the_rows():
    class Overflowing(LetterCounts):
        def _extract(self, samples):
            if "cab" in samples:
                raise OverflowError("too many letters")
            return super()._extract(samples)

    with pytest.raises(OverflowError, match="too many letters") as caught:
        Overflowing(batch_size=2).transform(["a", None, "b", "c", "cab"])
    assert caught.value.__notes__ == ["while computing rows 3 to 4"]


@pytest.mark.parametrize("batch_size", [1, 3, 16])
@pytest.mark.parametrize(
    ("n_reading", "n_computing"), [(1, 0), (3, 0), (0, 1), (0, 3), (1, 1), (3, 2), (1, 3)]
)
def test_it_does_not_show_which_threads_read_and_compute(n_reading, n_computing, batch_size):
    begun, seen = {"reading": set(), "computing": set()}, {"reading": set(), "computing": set()}

    def note(where, kind):
        where[kind].add(threading.get_ident())

    class Placed(LetterCounts):
        def _threads(self):
            starts = (partial(note, begun, kind) for kind in ("reading", "computing"))
            return nullcontext(Threads(n_reading, n_computing, *starts, most_rows=2))

        def _prepare(self, cell):
            note(seen, "reading")
            return super()._prepare(cell)

        def _extract(self, samples):
            note(seen, "computing")
            return super()._extract(samples)

    texts = [*TEXTS * 9, None, 7, "abc"]
    expected = LetterCounts().transform([*texts[:-2], None, "abc"])
    extractor = Placed(batch_size=batch_size, on_error="missing")
    with pytest.warns(BadCellWarning, match="1 unreadable cell is taken as missing: row 55"):
        np.testing.assert_array_equal(extractor.transform(texts), expected)
    assert seen["reading"] <= begun["reading" if n_reading else "computing"]
    assert seen["computing"] <= (begun["computing"] or {threading.get_ident()})


def test_tags():
    tags = get_tags(LetterCounts())
    assert not tags.requires_fit
    assert tags.input_tags.one_d_array
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.allow_nan


@pytest.mark.parametrize(
    ("n_jobs", "message"),
    [("all", "n_jobs='all' is not an integer"), (0, "n_jobs=0 is no number of threads")],
)
def test_n_jobs_is_checked_even_where_no_thread_is_needed(n_jobs, message):
    with pytest.raises(ValueError, match=message):
        LetterCounts(n_jobs=n_jobs).transform(["a"])
