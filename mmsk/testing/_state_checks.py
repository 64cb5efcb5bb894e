"""Checks of an extractor's state: parameters, purity, clones, files, threads."""

from __future__ import annotations

import io
import itertools
import pickle
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from threading import Barrier
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone

from mmsk.testing._compare import are_same, assert_same
from mmsk.testing._subject import ExtractorSubject


def check_parameters_are_plain(subject: ExtractorSubject) -> None:
    """Parameters are names, numbers, paths, containers of these, or estimators."""
    for name, value in subject.extractor.get_params(deep=True).items():
        assert _is_plain(value), (
            f"{name} must be a plain value or an estimator, got {type(value).__name__}."
        )


def check_fit_returns_self(subject: ExtractorSubject) -> None:
    """``fit`` returns the extractor and leaves its parameters alone."""
    extractor = subject.fresh()
    before = fingerprints(extractor.get_params(deep=True))
    fitted = extractor.fit(subject.cells)
    assert fitted is extractor, "fit must return self."
    _assert_unchanged(before, extractor.get_params(deep=True), "fit must not change parameters")


def check_transform_changes_nothing(subject: ExtractorSubject) -> None:
    """``transform`` and ``get_feature_names_out`` change nothing on the extractor."""
    fitted = subject.fitted()
    before = fingerprints(vars(fitted))
    fitted.transform(subject.cells)
    fitted.get_feature_names_out()
    _assert_unchanged(before, vars(fitted), "transform must change nothing on self")


def check_repeated_transform(subject: ExtractorSubject) -> None:
    """The same call gives the same features; so do ``fit_transform`` and a second fit."""
    fitted = subject.fitted()
    calls = {
        "transform, again,": lambda: fitted.transform(subject.cells),
        "fit_transform": lambda: subject.fresh().fit_transform(subject.cells),
        "a second fit": lambda: fitted.fit(subject.cells).transform(subject.cells),
    }
    for name, call in calls.items():
        expectation = f"{name} must give the same features"
        assert_same(call(), subject.reference, subject.tolerance, expectation)


def check_needs_no_fit(subject: ExtractorSubject) -> None:
    """An extractor whose tags say that it needs no fit works without."""
    if subject.is_frozen:
        features = subject.fresh().transform(subject.cells)
        assert_same(features, subject.reference, 0.0, "transform without fit must give the same")


def check_clone(subject: ExtractorSubject) -> None:
    """A clone of a fitted extractor has the parameters, no fitted state, and gives the same."""
    copy = clone(subject.fitted())
    learned = [name for name in vars(copy) if name.endswith("_") and not name.endswith("__")]
    assert not learned, f"a clone must be unfitted, but has {learned}."
    features = copy.fit(subject.cells).transform(subject.cells)
    assert_same(features, subject.reference, subject.tolerance, "a clone must give the same")


def check_pickle(subject: ExtractorSubject) -> None:
    """Pickle and joblib bring a fitted extractor back with equal bits."""
    fitted = subject.fitted()
    before = fitted.transform(subject.cells)
    file = io.BytesIO()
    joblib.dump(fitted, file)
    file.seek(0)
    copies = {"pickle": pickle.loads(pickle.dumps(fitted)), "joblib": joblib.load(file)}
    for name, copy in copies.items():
        expectation = f"{name} must bring the extractor back bit-equal"
        assert_same(copy.transform(subject.cells), before, 0.0, expectation)
        assert list(copy.get_feature_names_out()) == list(fitted.get_feature_names_out()), (
            f"{name} must bring the feature names back."
        )


def check_searchable_parameters(subject: ExtractorSubject) -> None:
    """Each value of a searchable parameter gives features of its own."""
    for name, values in subject.need_searchable().items():
        features = [subject.features(**{name: value}) for value in values]
        for one, other in itertools.combinations(range(len(values)), 2):
            assert not are_same(features[one], features[other], subject.tolerance), (
                f"{name}={values[one]!r} and {name}={values[other]!r} must give different features."
            )


def check_set_params_after_use(subject: ExtractorSubject) -> None:
    """``set_params`` on a used extractor does what ``__init__`` does: nothing old is kept."""
    used = subject.fitted()
    used.transform(subject.cells)
    for name, values in subject.need_searchable().items():
        initial = used.get_params(deep=True)[name]
        used.set_params(**{name: values[-1]})
        if not subject.is_frozen:
            used.fit(subject.cells)
        fresh = clone(subject.fresh(**{name: values[-1]}))
        expected = fresh.fit(subject.cells).transform(subject.cells)
        expectation = f"set_params({name}={values[-1]!r}) must act on a used extractor"
        assert_same(used.transform(subject.cells), expected, subject.tolerance, expectation)
        used.set_params(**{name: initial})


def check_random_state_untouched(subject: ExtractorSubject) -> None:
    """The global random states of Python, NumPy and torch stay as they were."""
    before = _random_states()
    subject.features()
    after = _random_states()
    touched = [name for name in before if before[name] != after[name]]
    assert not touched, f"the global random state of {touched} must stay untouched."


def check_threads(subject: ExtractorSubject) -> None:
    """Two threads may transform with one extractor at the same time."""
    fitted = subject.fitted()
    barrier = Barrier(2, timeout=60)

    def transform(_: int) -> Any:
        barrier.wait()
        return fitted.transform(subject.cells)

    with ThreadPoolExecutor(2) as pool:
        for features in pool.map(transform, range(2)):
            expectation = "two threads at once must give the same features"
            assert_same(features, subject.reference, subject.tolerance, expectation)


STATE_CHECKS = (
    check_parameters_are_plain,
    check_fit_returns_self,
    check_transform_changes_nothing,
    check_repeated_transform,
    check_needs_no_fit,
    check_clone,
    check_pickle,
    check_searchable_parameters,
    check_set_params_after_use,
    check_random_state_untouched,
    check_threads,
)


def fingerprints(state: dict[str, Any]) -> dict[str, str]:
    """Return a digest per entry, by which a change shows."""
    return {name: joblib.hash(value) for name, value in state.items()}


def _assert_unchanged(before: dict[str, str], state: dict[str, Any], expectation: str) -> None:
    after = fingerprints(state)
    changed = [name for name in before | after if before.get(name) != after.get(name)]
    assert not changed, f"{expectation}: {changed} changed."


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, [*value, *value.values()]))
    return value is None or isinstance(
        value, bool | int | float | str | np.generic | PathLike | BaseEstimator
    )


def _random_states() -> dict[str, str]:
    numpy_state = np.random.get_state()  # noqa: NPY002 - the global state is what is checked
    states = {"random": random.getstate(), "numpy.random": numpy_state}
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].random.get_rng_state().numpy()
    return fingerprints(states)
