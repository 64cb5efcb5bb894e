from decimal import Decimal

import numpy as np
import pytest

from mmsk import ReadError
from mmsk.inspection._audit_values import look_at_category, look_at_number, look_at_text


@pytest.mark.parametrize(
    "text",
    [
        "a red shoe",
        "مرحبا بالعالم",
        "naïve café 👟",
        "São Paulo: 30 °C",
        "<p>a</p>",
        "no",
        "1.png and 2.png",
    ],
)
def test_texts_without_fault(text):
    assert look_at_text(text).odd == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty text"),
        (" \n", "nothing but white space"),
        ("NaN", "spells a missing value, but is the text 'NaN'"),
        (" n/a ", "spells a missing value, but is the text 'n/a'"),
        ("photos/3.jpg", "looks like the name of a file, which is not read from a text column"),
        ("a\0b", "control characters"),
        ("a \ud83d b", "half of a surrogate pair"),
        ("caf\ufffd", "replacement characters, which stand for bytes that could not be decoded"),
        (
            "café".encode().decode("latin-1"),
            "characters of UTF-8 that was read as another encoding",
        ),
        (
            "it\u2019s".encode().decode("cp1252"),
            "characters of UTF-8 that was read as another encoding",
        ),
    ],
)
def test_texts_that_are_odd(text, reason):
    assert look_at_text(text).odd == (reason,)


def test_text_and_bytes_are_one_content_and_short_ones_may_repeat():
    assert look_at_text("five words are long enough") == look_at_text(b"five words are long enough")
    assert not look_at_text("five words are long enough").repeats
    assert look_at_text("four words are not").repeats
    assert look_at_text("abc").size == 3
    assert look_at_text("").size is None


@pytest.mark.parametrize("cell", [1, 2.5, np.float32(1), True, np.bool_(False), Decimal("1.5")])
def test_numbers(cell):
    assert look_at_number(cell).odd == ()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("12 kg", "not a number: '12 kg'"),
        (1j, "not a number: complex"),
        ([1], "not a number: list"),
        (np.inf, "infinite"),
        (Decimal("-Infinity"), "infinite"),
    ],
)
def test_what_is_no_number(cell, reason):
    with pytest.raises(ReadError, match=reason):
        look_at_number(cell)


@pytest.mark.parametrize(
    ("cell", "kind", "odd"),
    [
        ("red", "a text", ()),
        (" red", "a text", ("white space around it",)),
        ("null", "a text", ("spells a missing value, but is the text 'null'",)),
        ("", "a text", ("empty text",)),
        (3, "a number", ()),
        (True, "a truth value", ()),
    ],
)
def test_categories(cell, kind, odd):
    look = look_at_category(cell)
    assert (look.kind, look.odd) == (kind, odd)


def test_what_is_no_category():
    with pytest.raises(ReadError, match="not a category, but a list"):
        look_at_category(["red"])
