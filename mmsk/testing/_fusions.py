"""The contract of a fusion, as one suite of checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmsk.testing._block_checks import BLOCK_CHECKS
from mmsk.testing._composition_checks import check_grid_search
from mmsk.testing._example_blocks import BlocksSubject, example_blocks, example_target
from mmsk.testing._fusion_checks import FUSION_CHECKS
from mmsk.testing._run import Check, named, run_checks
from mmsk.testing._state_checks import STATE_CHECKS


def fusion_checks(
    fusion: Any,
    *,
    searchable: Mapping[str, Sequence[Any]] | None = None,
    tolerance: float = 1e-5,
) -> Iterator[Check]:
    """Give the checks of a fusion's contract, one after the other.

    Parameters
    ----------
    fusion : estimator
        An unfitted transformer of FeatureBlocks. It is cloned, never changed.
    searchable : mapping of str to sequence, default=None
        Parameters that a grid search may vary, each with two or more values that must give
        different features. None skips the checks that need them.
    tolerance : float, default=1e-5
        Difference that order, repetition and the form of the input may make, relative to the
        largest feature. 0 asks for equal bits.

    Yields
    ------
    name : str
        Name of the check.
    check : callable
        Runs the check; raises AssertionError, saying what was expected, or
        ``unittest.SkipTest`` where the check does not apply.

    See Also
    --------
    check_fusion : Run them all.
    parametrize_with_contract : Turn them into pytest cases.

    Examples
    --------
    >>> from mmsk import ConcatFusion
    >>> from mmsk.testing import fusion_checks
    >>> checks = dict(fusion_checks(ConcatFusion()))
    >>> checks["check_missing_rows"]()
    """
    subject = BlocksSubject(fusion, example_blocks(), example_target(), searchable or {}, tolerance)
    return named(subject, (*BLOCK_CHECKS, *FUSION_CHECKS, *STATE_CHECKS, check_grid_search))


def check_fusion(
    fusion: Any,
    *,
    searchable: Mapping[str, Sequence[Any]] | None = None,
    tolerance: float = 1e-5,
    expected_failed_checks: Mapping[str, str] | None = None,
    on_fail: str | None = "raise",
) -> list[dict[str, Any]]:
    """Check that a fusion keeps the contract of mmsk's fusions.

    Parameters
    ----------
    fusion : estimator
        An unfitted transformer of FeatureBlocks. It is cloned, never changed.
    searchable : mapping of str to sequence, default=None
        Parameters that a grid search may vary, each with two or more values that must give
        different features. None skips the checks that need them.
    tolerance : float, default=1e-5
        Difference that order, repetition and the form of the input may make, relative to the
        largest feature. 0 asks for equal bits.
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
    fusion_checks : The single checks.

    Examples
    --------
    >>> from mmsk import ConcatFusion
    >>> from mmsk.testing import check_fusion
    >>> results = check_fusion(ConcatFusion())
    >>> {result["status"] for result in results} <= {"passed", "skipped"}
    True
    """
    checks = fusion_checks(fusion, searchable=searchable, tolerance=tolerance)
    return run_checks(checks, expected_failed_checks, on_fail)
