"""The contract of an extractor, as one suite of checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmsk.testing._block_checks import BLOCK_CHECKS
from mmsk.testing._column_checks import COLUMN_CHECKS
from mmsk.testing._composition_checks import COMPOSITION_CHECKS
from mmsk.testing._run import Check, named, run_checks
from mmsk.testing._state_checks import STATE_CHECKS
from mmsk.testing._subject import ExtractorSubject

NO_READER_TAKES = frozenset({"no reader takes a frozenset"})


def extractor_checks(
    extractor: Any,
    cells: Sequence[Any],
    *,
    y: Sequence[Any] | None = None,
    searchable: Mapping[str, Sequence[Any]] | None = None,
    bad_cell: Any = NO_READER_TAKES,
    tolerance: float = 0.0,
) -> Iterator[Check]:
    """Give the checks of an extractor's contract, one after the other.

    Parameters
    ----------
    extractor : estimator
        An unfitted transformer of one raw column. It is cloned, never changed.
    cells : sequence of object
        At least 4 cells that it can read, none missing, not all alike. Small ones: the checks
        transform them about a hundred times.
    y : sequence, default=None
        A target for the cells, for an extractor that learns with one: classes that alternate.
    searchable : mapping of str to sequence, default=None
        Parameters that a grid search may vary, each with two or more values that must give
        different features. None skips the checks that need them.
    bad_cell : object, default=a frozenset
        A cell that cannot be read.
    tolerance : float, default=0.0
        Difference that batch, order and repetition may make to a row, relative to the largest
        feature. 0 asks for equal bits.

    Yields
    ------
    name : str
        Name of the check.
    check : callable
        Runs the check; raises AssertionError, saying what was expected, or
        ``unittest.SkipTest`` where the check does not apply.

    Raises
    ------
    ValueError
        If there are fewer than 4 cells.

    See Also
    --------
    check_extractor : Run them all.
    parametrize_with_contract : Turn them into pytest cases.

    Examples
    --------
    >>> from mmsk.testing import extractor_checks
    >>> from mmsk.text import TfidfEmbedder
    >>> cells = ["one cat", "two dogs", "three cats", "one dog and one cat"]
    >>> checks = dict(extractor_checks(TfidfEmbedder(), cells))
    >>> checks["check_missing_cells"]()
    """
    subject = ExtractorSubject(extractor, cells, y, searchable or {}, tolerance, bad_cell)
    return named(subject, (*BLOCK_CHECKS, *COLUMN_CHECKS, *STATE_CHECKS, *COMPOSITION_CHECKS))


def check_extractor(
    extractor: Any,
    cells: Sequence[Any],
    *,
    y: Sequence[Any] | None = None,
    searchable: Mapping[str, Sequence[Any]] | None = None,
    bad_cell: Any = NO_READER_TAKES,
    tolerance: float = 0.0,
    expected_failed_checks: Mapping[str, str] | None = None,
    on_fail: str | None = "raise",
) -> list[dict[str, Any]]:
    """Check that an extractor keeps the contract of mmsk's extractors.

    scikit-learn's ``check_estimator`` runs almost nothing on transformers of raw cells; this
    suite checks what a pipeline, a grid search and a saved model rely on.

    Parameters
    ----------
    extractor : estimator
        An unfitted transformer of one raw column. It is cloned, never changed.
    cells : sequence of object
        At least 4 cells that it can read, none missing, not all alike. Small ones: the checks
        transform them about a hundred times.
    y : sequence, default=None
        A target for the cells, for an extractor that learns with one: classes that alternate.
    searchable : mapping of str to sequence, default=None
        Parameters that a grid search may vary, each with two or more values that must give
        different features. None skips the checks that need them.
    bad_cell : object, default=a frozenset
        A cell that cannot be read.
    tolerance : float, default=0.0
        Difference that batch, order and repetition may make to a row, relative to the largest
        feature. 0 asks for equal bits.
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
    extractor_checks : The single checks.

    Examples
    --------
    >>> from mmsk.testing import check_extractor
    >>> from mmsk.text import TfidfEmbedder
    >>> cells = ["one cat", "two dogs", "three cats", "one dog and one cat"]
    >>> results = check_extractor(TfidfEmbedder(), cells, searchable={"analyzer": ["word", "char"]})
    >>> {result["status"] for result in results} <= {"passed", "skipped"}
    True
    """
    checks = extractor_checks(
        extractor, cells, y=y, searchable=searchable, bad_cell=bad_cell, tolerance=tolerance
    )
    return run_checks(checks, expected_failed_checks, on_fail)
