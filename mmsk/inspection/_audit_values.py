"""What an audit looks for in texts, numbers and categories."""

from __future__ import annotations

import math
import re
from numbers import Number
from typing import Any

import numpy as np

from mmsk.exceptions import ReadError
from mmsk.extraction._digest import digest_text
from mmsk.inspection._audit_look import Look
from mmsk.inspection._audit_names import is_name_of_file
from mmsk.text._documents import attempt

FEWEST_WORDS_COMPARED = 5
_SPELLED_MISSING = {"nan", "none", "null", "n/a", "na", "<na>", "nat", "missing", "-", "?"}
_LONGEST_SPELLED = max(map(len, _SPELLED_MISSING))
_ODD_CHARACTERS = {
    "control characters": re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"),
    "half of a surrogate pair": re.compile(r"[\ud800-\udfff]"),
    "replacement characters, which stand for bytes that could not be decoded": re.compile("\ufffd"),
    # Accented letters and curly quotes of UTF-8, read as Latin-1 or Windows-1252.
    "characters of UTF-8 that was read as another encoding": re.compile(
        "[\xc2\xc3][\x80-\xbf]|\xe2\u20ac|\xe2\x80"
    ),
}


def look_at_text(cell: Any) -> Look:
    """Read a text; tell its length, and whether it is likely to be one."""
    text = attempt(cell)
    if isinstance(text, ReadError):
        raise text
    odd = tuple(_odd_text(text))
    repeats = len(text.split(None, FEWEST_WORDS_COMPARED)) < FEWEST_WORDS_COMPARED
    is_empty = not text.strip() or _spells_missing(text)
    return Look(digest_text(text), None if is_empty else float(len(text)), None, odd, repeats)


def _odd_text(text: str) -> list[str]:
    if not text.strip():
        return ["empty text" if not text else "nothing but white space"]
    if _spells_missing(text):
        return [f"spells a missing value, but is the text {text.strip()!r}"]
    if is_name_of_file(text):
        return ["looks like the name of a file, which is not read from a text column"]
    return [reason for reason, pattern in _ODD_CHARACTERS.items() if pattern.search(text)]


def look_at_number(cell: Any) -> Look:
    """Check that a cell of a numeric column is a finite number."""
    if not _is_number(cell):
        what = repr(cell) if isinstance(cell, str) else type(cell).__name__
        raise ReadError(f"not a number: {what[:80]}", "check")
    if math.isinf(cell):
        raise ReadError("infinite", "check")
    return Look(digest_text(float(cell)), repeats=True)


def look_at_category(cell: Any) -> Look:
    """Check that a cell of a categorical column is a text, a number or a truth value."""
    if isinstance(cell, bool | np.bool_):
        return Look(digest_text(cell), kind="a truth value", repeats=True)
    if _is_number(cell):
        return Look(digest_text(cell), kind="a number", repeats=True)
    if not isinstance(cell, str):
        raise ReadError(f"not a category, but a {type(cell).__name__}", "check")
    return Look(digest_text(cell), kind="a text", odd=tuple(_odd_category(cell)), repeats=True)


def _odd_category(text: str) -> list[str]:
    if not text.strip() or _spells_missing(text):
        return _odd_text(text)
    return ["white space around it"] if text != text.strip() else []


def _is_number(cell: Any) -> bool:
    is_complex = isinstance(cell, complex | np.complexfloating)
    return isinstance(cell, Number | np.bool_) and not is_complex


def _spells_missing(text: str) -> bool:
    return len(text) <= 2 * _LONGEST_SPELLED and text.strip().lower() in _SPELLED_MISSING
