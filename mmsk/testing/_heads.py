"""The contract of a head, as one suite of checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmsk.testing._example_blocks import BlocksSubject, example_blocks, example_target
from mmsk.testing._head_checks import HEAD_CHECKS, output_of
from mmsk.testing._run import Check, named, run_checks
from mmsk.testing._state_checks import STATE_CHECKS


class HeadSubject(BlocksSubject):
    """A head, whose output is what it says of each row."""

    def output(self, fitted: Any) -> Any:
        """Return decisions, probabilities or predictions for the data."""
        return output_of(fitted, self.data)


def head_checks(
    head: Any,
    *,
    searchable: Mapping[str, Sequence[Any]] | None = None,
    tolerance: float = 1e-5,
) -> Iterator[Check]:
    """Give the checks of a head's contract, one after the other.

    Parameters
    ----------
    head : estimator
        An unfitted classifier or regressor. It is cloned, never changed.
    searchable : mapping of str to sequence, default=None
        Parameters that a grid search may vary, each with two or more values that must give
        different outputs. None skips the checks that need them.
    tolerance : float, default=1e-5
        Difference that order, repetition and the form of the input may make, relative to the
        largest output. 0 asks for equal bits.

    Yields
    ------
    name : str
        Name of the check.
    check : callable
        Runs the check; raises AssertionError, saying what was expected, or
        ``unittest.SkipTest`` where the check does not apply.

    See Also
    --------
    check_head : Run them all.
    parametrize_with_contract : Turn them into pytest cases.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from mmsk.testing import head_checks
    >>> checks = dict(head_checks(LogisticRegression()))
    >>> checks["check_takes_blocks_tables_and_arrays"]()
    """
    subject = HeadSubject(head, example_blocks(), example_target(), searchable or {}, tolerance)
    return named(subject, (*HEAD_CHECKS, *STATE_CHECKS))


def check_head(
    head: Any,
    *,
    searchable: Mapping[str, Sequence[Any]] | None = None,
    tolerance: float = 1e-5,
    expected_failed_checks: Mapping[str, str] | None = None,
    on_fail: str | None = "raise",
) -> list[dict[str, Any]]:
    """Check that a head keeps the contract of mmsk's heads.

    It comes on top of scikit-learn's ``check_estimator``, which knows no named blocks.

    Parameters
    ----------
    head : estimator
        An unfitted classifier or regressor. It is cloned, never changed.
    searchable : mapping of str to sequence, default=None
        Parameters that a grid search may vary, each with two or more values that must give
        different outputs. None skips the checks that need them.
    tolerance : float, default=1e-5
        Difference that order, repetition and the form of the input may make, relative to the
        largest output. 0 asks for equal bits.
    expected_failed_checks : mapping of str to str, default=None
        Names of checks that are expected to fail, each with the reason. One that passes all the
        same counts as failed, so that the list stays true.
    on_fail : {"raise", "warn", None}, default="raise"
        What a failed check does: end the run with its error, warn, or only enter the results.

    Returns
    -------
    results : list of dict
        One per check, with the keys ``"check_name"``, ``"status"`` (``"passed"``, ``"failed"``,
        ``"xfail"`` or ``"skipped"``), ``"exception"`` and ``"reason"`` of an expected failure.

    Raises
    ------
    AssertionError
        If a check fails under ``on_fail="raise"``; a foreign error passes as it is.
    ValueError
        If a parameter is not accepted.

    See Also
    --------
    head_checks : The single checks.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from mmsk.testing import check_head
    >>> results = check_head(LogisticRegression())
    >>> {result["status"] for result in results} <= {"passed", "skipped"}
    True
    """
    checks = head_checks(head, searchable=searchable, tolerance=tolerance)
    return run_checks(checks, expected_failed_checks, on_fail)
