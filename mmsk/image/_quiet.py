"""Keep the decoders quiet: warnings, log entries, and what libtiff writes to stderr."""

from __future__ import annotations

import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import PIL.Image

_reading = threading.local()


def _is_reading() -> bool:
    return getattr(_reading, "depth", 0) > 0


def _is_not_reading(record: logging.LogRecord) -> bool:
    return not _is_reading()


class _PillowWhileReading:
    """Matches Pillow's modules, in a thread that is inside `quiet_decoder`.

    It stands where a filter of `warnings` holds the pattern for the module.
    ``warnings.catch_warnings`` is no way here: it swaps the filters of the whole process, and
    threads that enter and leave it in turn restore the wrong ones. scikit-learn hands the
    filters on to its workers by their `pattern`.
    """

    pattern = r"PIL\."

    def match(self, module: str) -> bool:
        return _is_reading() and module.startswith("PIL.")

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _PillowWhileReading)

    def __hash__(self) -> int:
        return hash(_PillowWhileReading)


# The one module of Pillow that logs errors; without a handler they go to stderr.
logging.getLogger("PIL.TiffImagePlugin").addFilter(_is_not_reading)

_FILTER = ("ignore", None, Warning, _PillowWhileReading(), 0)


@contextmanager
def quiet_decoder() -> Iterator[None]:
    """Drop Pillow's warnings and log entries in the current thread while the context lasts."""
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    if not filters or filters[0] != _FILTER:
        filters[:] = [_FILTER, *(item for item in filters if item != _FILTER)]
    _reading.depth = getattr(_reading, "depth", 0) + 1
    try:
        yield
    finally:
        _reading.depth -= 1


@lru_cache(maxsize=1)
def quiet_libtiff() -> None:
    """Stop libtiff from writing to stderr what Pillow raises as an error anyway.

    libtiff has one handler for the process and Pillow does not set it. Where libtiff is linked
    into Pillow out of reach, it goes on writing.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(PIL.Image.core.__file__).TIFFSetErrorHandler(None)
