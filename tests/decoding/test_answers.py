import json
import warnings

import numpy as np
import pytest

from mmsk._decoding.answers import MOST_CHARS, MOST_WARNINGS, from_message, to_message
from mmsk.exceptions import MissingDependencyError, ReadError


def there_and_back(sample, told=()):
    head, buffers = to_message(sample, told)
    parts = iter(buffers)
    return from_message(head, lambda n_bytes: np.frombuffer(bytearray(next(parts)), np.uint8))


def test_a_sample():
    assert there_and_back({"a": np.arange(3)}).result()["a"].tolist() == [0, 1, 2]


def test_a_bad_cell():
    error = there_and_back(ReadError("bad", "check", cause=OSError("x" * 10**6))).result()
    assert (error.reason, error.stage) == ("bad", "check")
    assert len(str(error.cause)) == MOST_CHARS
    assert there_and_back(ReadError("bad")).result().cause is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("n"), ValueError),
        (OSError("n"), OSError),
        (MissingDependencyError("n"), MissingDependencyError),
        (StopIteration("n"), RuntimeError),
        (UnicodeDecodeError("utf-8", b"n", 0, 1, "n"), RuntimeError),
        (type("Own", (Exception,), {})("n"), RuntimeError),
    ],
)
def test_an_error_of_the_program(error, expected):
    answer = there_and_back(error)
    with pytest.raises(expected, match="n") as caught:
        answer.result()
    assert type(caught.value) is expected
    assert type(error).__name__ in caught.value.__notes__[0]


def test_a_sample_that_is_no_sample():
    nested = []
    nested.append(nested)
    with pytest.raises(RuntimeError, match="RecursionError"):
        there_and_back(nested).result()


def test_warnings():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warnings.warn("one", RuntimeWarning)
        warnings.warn("two", type("Own", (Warning,), {}))
        for number in range(100):
            warnings.warn(f"more {number}")
    answer = there_and_back(1, told)
    assert len(answer.warnings) == MOST_WARNINGS
    assert answer.warnings[:2] == [(RuntimeWarning, "one"), (UserWarning, "two")]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert answer.result() == 1
    assert [str(item.message) for item in told[:3]] == ["one", "two", "more 0"]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"sample": 1},
        {"sample": 1, "warnings": 3},
        {"sample": 1, "warnings": [3]},
        {"sample": ["array", "|O8", [1], "C"], "warnings": []},
        {"sample": ["sample", "Image", [None]], "warnings": []},
        {"sample": ["sample", "Series", [1, 2, 3]], "warnings": []},
        {"bad": ["reason"], "warnings": []},
        {"bad": [1, "decode", None], "warnings": []},
        {"error": ["SystemExit"], "warnings": []},
    ],
    ids=str,
)
def test_what_is_no_answer_is_a_value_error(answer):
    with pytest.raises(ValueError, match=r"answer|unpack|sample"):
        from_message(json.dumps(answer).encode(), lambda n_bytes: np.zeros(n_bytes, np.uint8))


def test_a_deep_answer_is_a_value_error():
    with pytest.raises(ValueError, match="an answer that cannot be read"):
        from_message(b"[" * 10**6, None)


def test_no_warning_or_error_is_made_of_another_class():
    head = b'{"sample": 1, "warnings": [["eval", "a"], ["KeyboardInterrupt", "b"]]}'
    assert [kind for kind, _ in from_message(head, None).warnings] == [UserWarning] * 2
    head = b'{"error": ["SystemExit", "a", ""], "warnings": []}'
    assert type(from_message(head, None).error) is RuntimeError
