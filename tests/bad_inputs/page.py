"""The page of the docs that tells what each bad input does, from the cases themselves."""

from pathlib import Path

from bad_inputs.cases import CASES, ELSEWHERE, NUMBERS

from mmsk.exceptions import ReadError

PAGE = Path(__file__).parents[2] / "docs/bad_inputs.md"
_SECTIONS = {1: "Pictures", 30: "Sounds", 46: "Videos", 56: "Texts", 63: "Series, tables, models"}
_INTRODUCTION = """# What each bad input does

Written by `python tests/bad_inputs/make_table.py` from the tests; a test compares it with what they
give.

Under `on_error="raise"` a bad cell ends the pass with a `ReadError`, whose message begins with row,
label, column and item. The table shows what follows; `...` stands for what the library behind said.
Under `on_error="missing"` its row is missing, with one warning that names it. Either way the other
rows are, bit for bit, those of a table in which that cell is missing; tests show it on one thread
and on two, and in a grid search. What is accepted is so under both.

The last column names the test: `pytest tests/bad_inputs -k NAME`, or a test elsewhere.
"""
_HEAD = '| | the cell | `on_error="raise"` | `"missing"` | test |\n|---|---|---|---|---|'


def page(folder: Path) -> str:
    """Return the text of the page; cells are made in `folder`."""
    lines = [_INTRODUCTION.rstrip()]
    for number in NUMBERS:
        if number in _SECTIONS:
            lines += ["", f"## {_SECTIONS[number]}", "", _HEAD]
        for case in (case for case in CASES if case.number == number):
            place = folder / case.id
            place.mkdir()
            lines.append(_line(number, case.title, *_outcomes(case, place), f"`{case.id}`"))
        for item in (item for item in ELSEWHERE if item.number == number):
            tests = ", ".join(f"`{test.removeprefix('tests/')}`" for test in item.tests)
            lines.append(_line(number, item.title, item.outcome, "", tests))
    return "\n".join(lines) + "\n"


def _line(number, *parts):
    return " | ".join([f"| {number}", *(part.replace("|", r"\|") for part in parts)]) + " |"


def _outcomes(case, folder):
    if case.outcome == "missing":
        return "missing", "missing"
    if case.outcome == "accepted":
        return f"accepted: {case.note}" if case.note else "accepted", "accepted"
    return f"`{_reason(case, folder)}`", "missing, warned of"


def _reason(case, folder):
    """What the cell raises, without what depends on the place or on the version of a library."""
    cell = case.make(folder)
    try:
        case.extractor(folder).fit_transform([*case.subject.good(), cell])
    except ReadError as error:
        reason = " ".join(error.reason.split())
        if error.cause is not None and (foreign := " ".join(str(error.cause).split())):
            reason = reason.replace(foreign, "...")
        return reason.replace(str(folder), "folder").replace(str(Path.cwd()), "folder")
    raise AssertionError(f"{case.id} raises nothing")
