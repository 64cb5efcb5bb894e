"""Running a suite of checks: one after the other, or as pytest cases."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from unittest import SkipTest

from mmsk._config import config_context
from mmsk._optional import import_optional
from mmsk._validation import check_choice

Check = tuple[str, Callable[[], None]]


def run_checks(
    checks: Iterable[Check], expected_failed_checks: Mapping[str, str] | None, on_fail: str | None
) -> list[dict[str, Any]]:
    """Run checks and tell how each ended; the public functions document the parameters."""
    check_choice("on_fail", on_fail, ["raise", "warn", None])
    checks = list(checks)
    reasons = _known(expected_failed_checks, [name for name, _ in checks])
    results = []
    for name, check in checks:
        result = _run(name, check, reasons.get(name))
        results.append(result)
        if result["status"] == "failed":
            _report(result, on_fail)
    return results


def parametrize_with_contract(
    suites: Mapping[str, Iterable[Check]],
    expected_failed_checks: Mapping[str, Mapping[str, str]] | None = None,
) -> Any:
    """Turn suites of checks into cases of one pytest test.

    The test takes one argument, `check`, and calls it. An expected failure that passes fails
    the test, so that the list of exceptions never grows stale.

    Parameters
    ----------
    suites : mapping of str to iterable of (name, callable)
        What `extractor_checks`, `fusion_checks` or `head_checks` give, under a name that
        starts the case's id.
    expected_failed_checks : mapping of str to mapping of str to str, default=None
        For a name of `suites`: names of the checks that are expected to fail, with the reason.
        None expects every check to pass.

    Returns
    -------
    decorator : pytest mark
        The mark ``pytest.mark.parametrize("check", ...)``.

    Raises
    ------
    ValueError
        If an expected failure names a suite or a check that does not exist.
    MissingDependencyError
        If pytest is not installed.

    See Also
    --------
    check_extractor : Run the checks of one extractor without pytest.

    Examples
    --------
    >>> from mmsk.testing import extractor_checks, parametrize_with_contract
    >>> from mmsk.text import TfidfEmbedder
    >>> cells = ["one cat", "two dogs", "three cats", "one dog and one cat"]
    >>> @parametrize_with_contract({"words": extractor_checks(TfidfEmbedder(), cells)})
    ... def test_contract(check):
    ...     check()
    """
    pytest = import_optional("pytest", needed_for="parametrize_with_contract", extra="dev")
    expected = _known(expected_failed_checks, list(suites))
    cases = []
    for suite, checks in suites.items():
        checks = list(checks)
        reasons = _known(expected.get(suite), [name for name, _ in checks])
        for name, check in checks:
            mark = [pytest.mark.xfail(reason=reasons[name], strict=True)] if name in reasons else []
            cases.append(pytest.param(check, marks=mark, id=f"{suite}-{name}"))
    return pytest.mark.parametrize("check", cases)


def named(subject: Any, checks: Iterable[Callable[[Any], None]]) -> Iterator[Check]:
    """Bind checks to their subject, under the names of their functions."""
    for check in checks:
        yield check.__name__, _Bound(check, subject)


class _Bound:
    """A check without arguments that pytest shows by its contract."""

    def __init__(self, check: Callable[[Any], None], subject: Any) -> None:
        self.check = check
        self.subject = subject
        self.__doc__ = check.__doc__

    def __call__(self) -> None:
        with config_context(cache=False):  # a row that is found proves nothing of computing
            self.check(self.subject)

    def __repr__(self) -> str:
        return f"{self.check.__name__}({self.subject!r})"


def _known(expected: Mapping[str, Any] | None, names: list[str]) -> Mapping[str, Any]:
    unknown = sorted(set(expected or {}) - set(names))
    if unknown:
        raise ValueError(
            f"expected_failed_checks names {unknown[0]!r}, which is not one of "
            f"{', '.join(map(repr, names))}."
        )
    return expected or {}


def _run(name: str, check: Callable[[], None], reason: str | None) -> dict[str, Any]:
    error: Exception | None = None
    try:
        check()
        status = "passed"
    except SkipTest as skip:
        status, error = "skipped", skip
    except Exception as failure:
        failure.add_note(f"in {name}: {(check.__doc__ or '').strip()}")
        status, error = "failed", failure
    if reason is not None and status == "failed":
        status = "xfail"
    elif reason is not None and status == "passed":
        status = "failed"
        error = AssertionError(
            f"{name} passed, but was expected to fail: {reason!r}. "
            "Remove it from expected_failed_checks."
        )
    return {"check_name": name, "status": status, "exception": error, "reason": reason}


def _report(result: dict[str, Any], on_fail: str | None) -> None:
    if on_fail == "raise":
        raise result["exception"]
    if on_fail == "warn":
        warnings.warn(f"{result['check_name']} failed: {result['exception']}", UserWarning)
