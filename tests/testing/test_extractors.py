"""The suite passes a sound extractor and catches each way of breaking the contract."""

import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from letter_counts import SEARCHABLE, TEXTS, LetterCounts

from mmsk.testing import check_extractor, extractor_checks, parametrize_with_contract


@parametrize_with_contract(
    {"sound": extractor_checks(LetterCounts(), TEXTS, searchable=SEARCHABLE)}
)
def test_sound_extractor_passes(check):
    check()


class DropsMissing(LetterCounts):
    def transform(self, X):
        return super().transform([cell for cell in X if isinstance(cell, str)])


class FillsMissing(LetterCounts):
    def transform(self, X):
        return np.nan_to_num(super().transform(X))


class DependsOnBatch(LetterCounts):
    def _extract(self, samples):
        return super()._extract(samples) / np.float32(len(samples))


class DependsOnOrder(LetterCounts):
    def transform(self, X):
        features = super().transform(X)
        return features + np.arange(len(features), dtype=np.float32)[:, None]


class LoadsInInit(LetterCounts):
    """What embetter does: `set_params` changes nothing."""

    def __init__(self, letters="abc"):
        super().__init__(letters)
        self._loaded = letters

    def _feature_names(self):
        return [f"count_{letter}" for letter in self._loaded]

    def _extract(self, samples):
        counts = [[text.count(letter) for letter in self._loaded] for text in samples]
        return np.array(counts, dtype=np.float32)


class CachesOnSelf(LetterCounts):
    def transform(self, X):
        self.last_ = super().transform(X)
        return self.last_


class KeepsBuffer(LetterCounts):
    buffer = np.zeros((100, 3), dtype=np.float32)

    def transform(self, X):
        features = super().transform(X)
        self.buffer[: len(features)] = features
        return self.buffer[: len(features)]


class DoublePrecision(LetterCounts):
    def transform(self, X):
        features = super().transform(X)
        return features.astype(np.float64) if isinstance(features, np.ndarray) else features


class SameNames(LetterCounts):
    def _feature_names(self):
        return ["count" for _ in self.letters]


class TooFewNames(LetterCounts):
    def get_feature_names_out(self, input_features=None):
        return super().get_feature_names_out()[:-1]


class ReadsPandasOnly(LetterCounts):
    def transform(self, X):
        return super().transform(X) * np.float32(2 if isinstance(X, pd.Series) else 1)


class SeedsGlobally(LetterCounts):
    def transform(self, X):
        np.random.seed(0)  # noqa: NPY002
        return super().transform(X)


class HoldsLock(LetterCounts):
    def fit(self, X=None, y=None):
        self.lock_ = threading.Lock()
        return super().fit(X)


class HoldsCallable(LetterCounts):
    def __init__(self, letters=str.lower, *, on_error="raise", batch_size=4, n_jobs=None):
        super().__init__(letters, on_error=on_error, batch_size=batch_size, n_jobs=n_jobs)

    def _feature_names(self):
        return ["length"]

    def _extract(self, samples):
        return np.array([[len(self.letters(text))] for text in samples], dtype=np.float32)


class ChangesParameter(LetterCounts):
    def fit(self, X=None, y=None):
        self.letters = self.letters.upper()
        return self


class ReturnsNothing(LetterCounts):
    def fit(self, X=None, y=None):
        pass


class AcceptsAnything(LetterCounts):
    def _prepare(self, cell):
        return str(cell)


class HidesTheRow(LetterCounts):
    def _prepare(self, cell):
        if not isinstance(cell, str):
            raise TypeError("bad cell")
        return cell


class WarnsTwice(LetterCounts):
    def transform(self, X):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            features = super().transform(X)
        for warning in caught * 2:
            warnings.warn(warning.message)
        return features


class TakesTables(LetterCounts):
    def transform(self, X):
        return super().transform(X["cells"] if hasattr(X, "columns") else X)


BROKEN = [
    (DropsMissing, "check_missing_cells"),
    (FillsMissing, "check_missing_cells"),
    (FillsMissing, "check_bad_cell_is_missing"),
    (DependsOnBatch, "check_batch_invariance"),
    (DependsOnBatch, "check_subset_invariance"),
    (DependsOnOrder, "check_order_invariance"),
    (LoadsInInit, "check_searchable_parameters"),
    (LoadsInInit, "check_set_params_after_use"),
    (LoadsInInit, "check_grid_search"),
    (LoadsInInit, "check_grid_search_in_feature_union"),
    (CachesOnSelf, "check_transform_changes_nothing"),
    (KeepsBuffer, "check_fresh_memory"),
    (DoublePrecision, "check_block_form"),
    (SameNames, "check_feature_names"),
    (TooFewNames, "check_feature_names"),
    (ReadsPandasOnly, "check_containers_give_equal_features"),
    (SeedsGlobally, "check_random_state_untouched"),
    (HoldsLock, "check_pickle"),
    (HoldsCallable, "check_parameters_are_plain"),
    (ChangesParameter, "check_fit_returns_self"),
    (ReturnsNothing, "check_fit_returns_self"),
    (AcceptsAnything, "check_bad_cell_is_named"),
    (HidesTheRow, "check_bad_cell_is_named"),
    (WarnsTwice, "check_bad_cell_is_missing"),
    (TakesTables, "check_one_column_only"),
]


@pytest.mark.parametrize(("broken", "check"), BROKEN)
def test_broken_extractor_is_caught(broken, check):
    checks = dict(extractor_checks(broken(), TEXTS, searchable={"letters": ["abc", "bc"]}))
    with pytest.raises(Exception, match=r"must|bad cell|pickle|deepcopy|NoneType"):
        checks[check]()


def test_expected_failure_is_not_reported():
    reasons = {"check_block_form": "double precision is wanted here"}
    results = check_extractor(DoublePrecision(), TEXTS, expected_failed_checks=reasons)
    status = {result["check_name"]: result["status"] for result in results}
    assert status["check_block_form"] == "xfail"
    assert status["check_grid_search"] == "skipped"


def test_expected_failure_that_passes_fails():
    with pytest.raises(AssertionError, match="check_clone passed, but was expected to fail: 'old'"):
        check_extractor(LetterCounts(), TEXTS, expected_failed_checks={"check_clone": "old"})


def test_unknown_expected_failure_is_refused():
    with pytest.raises(ValueError, match="names 'check_colne', which is not one of"):
        check_extractor(LetterCounts(), TEXTS, expected_failed_checks={"check_colne": "typo"})
    with pytest.raises(ValueError, match="names 'other', which is not one of 'sound'"):
        parametrize_with_contract({"sound": []}, {"other": {}})


def test_failure_can_warn_or_stay_silent():
    with pytest.warns(UserWarning, match="check_block_form failed: a dense block must be float32"):
        check_extractor(DoublePrecision(), TEXTS, on_fail="warn")
    results = check_extractor(DoublePrecision(), TEXTS, on_fail=None)
    failed = [result["check_name"] for result in results if result["status"] == "failed"]
    assert failed == ["check_block_form"]


def test_failure_names_its_contract():
    with pytest.raises(AssertionError, match="must be float32") as caught:
        check_extractor(DoublePrecision(), TEXTS)
    assert caught.value.__notes__[0].startswith("in check_block_form: The block is float32")


def test_too_few_cells_are_refused():
    with pytest.raises(ValueError, match="cells has 2 cells; the checks need at least 4"):
        check_extractor(LetterCounts(), TEXTS[:2])


def test_on_fail_is_checked():
    with pytest.raises(ValueError, match="on_fail='ignore' is not one of 'raise', 'warn', None"):
        check_extractor(LetterCounts(), TEXTS, on_fail="ignore")
