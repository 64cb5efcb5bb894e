"""What a process that decodes answers for a cell, as a plain message."""

from __future__ import annotations

import builtins
import json
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmsk._decoding.plain import from_plain, to_plain
from mmsk.exceptions import MissingDependencyError, ReadError

MOST_WARNINGS = 20
MOST_CHARS = 10_000
# Errors that can be made again from their text. Others become a RuntimeError.
_ERRORS: dict[str, type[Exception]] = {
    kind.__name__: kind
    for kind in (ValueError, TypeError, AttributeError, RuntimeError, ZeroDivisionError)
    + (IndexError, NotImplementedError, ImportError, ModuleNotFoundError, OSError)
    + (MissingDependencyError,)
}


@dataclass(frozen=True)
class Answer:
    """What became of a cell.

    Attributes
    ----------
    sample : object
        What was read, or the ReadError that says why nothing was.
    error : Exception or None
        Another error, which is no fault of the cell.
    warnings : sequence of (class, str)
        What was warned of.
    """

    sample: Any = None
    error: Exception | None = None
    warnings: Sequence[tuple[type[Warning], str]] = ()

    def result(self) -> Any:
        """Return the sample or ReadError; warn and raise as reading in this process would."""
        for category, text in self.warnings:
            warnings.warn(text, category)
        if self.error is not None:
            raise self.error
        return self.sample


def to_message(sample: Any, told: Sequence[warnings.WarningMessage] = ()) -> tuple[bytes, list]:
    """Return the head of an answer, and the buffers that follow it.

    Parameters
    ----------
    sample : object
        A sample, or the exception that was raised instead.
    told : sequence of WarningMessage
        What was warned of meanwhile.
    """
    buffers: list[Any] = []
    what: dict[str, Any]
    if not isinstance(sample, Exception):
        try:
            what = {"sample": to_plain(sample, buffers)}
        except Exception as error:
            sample, buffers = error, []
    if isinstance(sample, ReadError):
        cause = None if sample.cause is None else repr(sample.cause)[:MOST_CHARS]
        what = {"bad": [str(sample.reason)[:MOST_CHARS], str(sample.stage), cause]}
    elif isinstance(sample, Exception):
        trace = "".join(traceback.format_exception(sample))[-MOST_CHARS:]
        what = {"error": [type(sample).__name__, str(sample)[:MOST_CHARS], trace]}
    what["warnings"] = [
        [item.category.__name__, str(item.message)[:MOST_CHARS]] for item in told[:MOST_WARNINGS]
    ]
    return json.dumps(what).encode(), buffers


def from_message(head: bytes | bytearray, take: Callable[[int], np.ndarray]) -> Answer:
    """Return the answer of a message.

    Parameters
    ----------
    head : bytes
        From `to_message`, or from a process that a file has taken over: nothing is taken for
        granted about it.
    take : callable
        Gives the next bytes of what follows.

    Raises
    ------
    ValueError
        If it is no answer.
    """
    try:
        match json.loads(head):
            case {"sample": tree, "warnings": [*told]}:
                return Answer(from_plain(tree, take), warnings=_warnings(told))
            case {"bad": [str(reason), str(stage), cause], "warnings": [*told]}:
                behind = None if cause is None else RuntimeError(str(cause))
                return Answer(ReadError(reason, stage, cause=behind), warnings=_warnings(told))
            case {"error": [str(name), str(text), str(trace)], "warnings": [*told]}:
                return Answer(error=_error(name, text, trace), warnings=_warnings(told))
    except (EOFError, OSError):
        raise
    except Exception as error:
        raise ValueError(f"an answer that cannot be read: {error}") from error
    raise ValueError("an answer without a sample")


def _warnings(told: list[Any]) -> list[tuple[type[Warning], str]]:
    found = []
    for item in told[:MOST_WARNINGS]:
        category, text = item
        kind = getattr(builtins, str(category), UserWarning)
        is_warning = isinstance(kind, type) and issubclass(kind, Warning)
        found.append((kind if is_warning else UserWarning, str(text)))
    return found


def _error(name: str, text: str, trace: str) -> Exception:
    error = _ERRORS[name](text) if name in _ERRORS else RuntimeError(f"{name}: {text}")
    error.add_note(f"In the process of a decoder:\n{trace}")
    return error
