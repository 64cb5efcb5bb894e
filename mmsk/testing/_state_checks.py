"""Checks of an estimator's state: parameters, purity, clones, files, threads."""

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
from unittest import SkipTest

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone

from mmsk.testing._compare import are_same, assert_same
from mmsk.testing._subject import Subject


def check_parameters_are_plain(subject: Subject) -> None:
    """Parameters are names, numbers, paths, containers of these, or estimators."""
    for name, value in subject.estimator.get_params(deep=True).items():
        assert _is_plain(value), (
            f"{name} must be a plain value or an estimator, got {type(value).__name__}."
        )


def check_fit_returns_self(subject: Subject) -> None:
    """``fit`` returns the estimator and leaves its parameters alone."""
    estimator = subject.fresh()
    before = fingerprints(estimator.get_params(deep=True))
    fitted = subject.fit(estimator)
    assert fitted is estimator, "fit must return self."
    _assert_unchanged(before, estimator.get_params(deep=True), "fit must not change parameters")


def check_transform_changes_nothing(subject: Subject) -> None:
    """``transform`` and ``get_feature_names_out`` change nothing on the estimator."""
    fitted = subject.fitted()
    before = fingerprints(vars(fitted))
    subject.output(fitted)
    if hasattr(fitted, "get_feature_names_out"):
        fitted.get_feature_names_out()
    _assert_unchanged(before, vars(fitted), "transform must change nothing on self")


def check_repeated_transform(subject: Subject) -> None:
    """The same call gives the same again; so does a second fit."""
    fitted = subject.fitted()
    for name in ("the first call", "a second call"):
        expectation = f"{name} must give the same"
        assert_same(subject.output(fitted), subject.reference, subject.tolerance, expectation)
    again = subject.output(subject.fit(fitted))
    assert_same(again, subject.reference, subject.tolerance, "a second fit must give the same")


def check_needs_no_fit(subject: Subject) -> None:
    """An estimator whose tags say that it needs no fit works without."""
    if subject.is_frozen:
        features = subject.output(subject.fresh())
        assert_same(features, subject.reference, 0.0, "transform without fit must give the same")


def check_clone(subject: Subject) -> None:
    """A clone of a fitted estimator has the parameters, no fitted state, and gives the same."""
    copy = clone(subject.fitted())
    learned = [name for name in vars(copy) if name.endswith("_") and not name.endswith("__")]
    assert not learned, f"a clone must be unfitted, but has {learned}."
    features = subject.output(subject.fit(copy))
    assert_same(features, subject.reference, subject.tolerance, "a clone must give the same")


def check_pickle(subject: Subject) -> None:
    """Pickle and joblib bring a fitted estimator back with equal bits."""
    _need_module(type(subject.estimator))
    fitted = subject.fitted()
    before = subject.output(fitted)
    file = io.BytesIO()
    joblib.dump(fitted, file)
    file.seek(0)
    copies = {"pickle": pickle.loads(pickle.dumps(fitted)), "joblib": joblib.load(file)}
    for name, copy in copies.items():
        expectation = f"{name} must bring the estimator back bit-equal"
        assert_same(subject.output(copy), before, 0.0, expectation)


def check_searchable_parameters(subject: Subject) -> None:
    """Each value of a searchable parameter gives features of its own."""
    for name, values in subject.need_searchable().items():
        features = [subject.features(**{name: value}) for value in values]
        for one, other in itertools.combinations(range(len(values)), 2):
            assert not are_same(features[one], features[other], subject.tolerance), (
                f"{name}={values[one]!r} and {name}={values[other]!r} must give different features."
            )


def check_set_params_after_use(subject: Subject) -> None:
    """``set_params`` on a used estimator does what ``__init__`` does: nothing old is kept."""
    used = subject.fitted()
    subject.output(used)
    for name, values in subject.need_searchable().items():
        initial = used.get_params(deep=True)[name]
        used.set_params(**{name: values[-1]})
        if not subject.is_frozen:
            subject.fit(used)
        fresh = clone(subject.fresh(**{name: values[-1]}))
        expected = subject.output(subject.fit(fresh))
        expectation = f"set_params({name}={values[-1]!r}) must act on a used estimator"
        assert_same(subject.output(used), expected, subject.tolerance, expectation)
        used.set_params(**{name: initial})


def check_random_state_untouched(subject: Subject) -> None:
    """The global random states of Python, NumPy and torch stay as they were.

    Where there is a `random_state`, it is set: None means the global state in scikit-learn.
    """
    seeded = "random_state" in subject.estimator.get_params(deep=False)
    before = _random_states()
    subject.features(**({"random_state": 0} if seeded else {}))
    after = _random_states()
    touched = [name for name in before if before[name] != after[name]]
    assert not touched, f"the global random state of {touched} must stay untouched."


def check_threads(subject: Subject) -> None:
    """Two threads may transform with one estimator at the same time."""
    fitted = subject.fitted()
    barrier = Barrier(2, timeout=60)

    def transform(_: int) -> Any:
        barrier.wait()
        return subject.output(fitted)

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


def _need_module(kind: type) -> None:
    main = sys.modules["__main__"]
    if kind.__module__ == "__main__" and getattr(main, kind.__qualname__, None) is not kind:
        raise SkipTest(f"{kind.__name__} stands in no module, so nothing can load it.")


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
