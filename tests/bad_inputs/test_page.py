"""All 66 are there, and the page in the docs says what they do."""

import re
from pathlib import Path

import pytest
from bad_inputs.cases import CASES, ELSEWHERE, NUMBERS
from bad_inputs.page import PAGE, page

ROOT = Path(__file__).parents[2]


def test_every_number_is_there():
    assert {item.number for item in CASES + ELSEWHERE} == set(NUMBERS)


def test_names_are_unique():
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("item", ELSEWHERE, ids=lambda item: str(item.number))
def test_what_is_tested_elsewhere_is_tested(item):
    assert item.tests
    for test in item.tests:
        file, name = test.split("::")
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), test


def test_the_page_is_what_the_cases_give(tmp_path):
    """Sizes depend on the versions of encoders, so numbers inside messages do not count."""
    assert _without_sizes(page(tmp_path)) == _without_sizes(PAGE.read_text()), (
        "write it anew: python tests/bad_inputs/make_table.py"
    )


def _without_sizes(text):
    return re.sub(r"`[^`]*`", lambda quoted: re.sub(r"\d[\d,.]*", "0", quoted[0]), text)
