"""Every public estimator keeps its contract; exceptions are listed with reasons, strictly."""

import inspect
import warnings

import pytest
from contract_table import (
    EXTRACTORS,
    FUSIONS,
    HEADS,
    NO_TRANSFORMERS,
    NOT_SEARCHED,
    UNDER_SKLEARN_CHECKS,
)
from public_objects import public_estimators
from sklearn.base import clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from mmsk.testing import extractor_checks, fusion_checks, head_checks, parametrize_with_contract

# The checks of scikit-learn that need no 2-D numbers.
CHECKS_WITHOUT_DATA = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


def suites(table, checks):
    return {
        name: checks(entry.estimator, searchable=entry.searchable, tolerance=entry.tolerance)
        for name, entry in table.items()
    }


def expected(table):
    return {name: entry.expected for name, entry in table.items()}


@parametrize_with_contract(
    {
        name: extractor_checks(
            entry.estimator,
            entry.cells,
            y=entry.y,
            searchable=entry.searchable,
            tolerance=entry.tolerance,
        )
        for name, entry in EXTRACTORS.items()
    },
    expected(EXTRACTORS),
)
def test_extractors(check):
    check()


@parametrize_with_contract(suites(FUSIONS, fusion_checks), expected(FUSIONS))
def test_fusions(check):
    check()


@parametrize_with_contract(suites(HEADS, head_checks), expected(HEADS))
def test_heads(check):
    check()


@pytest.mark.parametrize("check", CHECKS_WITHOUT_DATA)
@pytest.mark.parametrize("name", EXTRACTORS)
def test_extractors_pass_the_checks_of_sklearn_that_apply(name, check):
    getattr(estimator_checks, check)(name, clone(EXTRACTORS[name].estimator))


def failed_checks(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    return {
        result["check_name"]: result["exception"]
        for result in results
        if result["status"] == "failed"
    }


@pytest.mark.parametrize("name", UNDER_SKLEARN_CHECKS)
def test_sklearn_checks(name):
    entry = UNDER_SKLEARN_CHECKS[name]
    failed = failed_checks(entry.estimator)
    assert set(failed) == set(entry.expected), failed
    if entry.parent is not None:
        assert set(failed) <= set(failed_checks(entry.parent))


def test_every_public_estimator_is_in_a_table():
    in_tables = {
        type(entry.estimator).__name__
        for table in (EXTRACTORS, FUSIONS, HEADS, UNDER_SKLEARN_CHECKS)
        for entry in table.values()
    }
    assert set(public_estimators()) == in_tables | set(NO_TRANSFORMERS)


@pytest.mark.parametrize(
    "estimator",
    dict.fromkeys(type(entry.estimator) for entry in EXTRACTORS.values()),
    ids=lambda e: e.__name__,
)
def test_every_parameter_is_searched_or_says_why_not(estimator):
    searched = {
        parameter
        for entry in EXTRACTORS.values()
        if type(entry.estimator) is estimator
        for parameter in entry.searchable
    }
    excused = {
        name.rpartition(".")[2]
        for name in NOT_SEARCHED
        if name.rpartition(".")[0] in ("", estimator.__name__)
    }
    assert not searched & excused
    parameters = set(inspect.signature(estimator).parameters)
    assert parameters == searched | (excused & parameters)
