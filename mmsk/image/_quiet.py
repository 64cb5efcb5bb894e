"""Keep a decoder's warnings to itself, in the threads that read and nowhere else."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_reading = threading.local()


class _PillowWhileReading:
    """Matches Pillow's modules, in a thread that is inside `quiet_decoder`.

    It stands where a filter of `warnings` holds the pattern for the module.
    ``warnings.catch_warnings`` is no way here: it swaps the filters of the whole process, and
    threads that enter and leave it in turn restore the wrong ones.
    """

    def match(self, module: str) -> bool:
        return getattr(_reading, "depth", 0) > 0 and module.startswith("PIL.")

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _PillowWhileReading)

    def __hash__(self) -> int:
        return hash(_PillowWhileReading)


_FILTER = ("ignore", None, Warning, _PillowWhileReading(), 0)


@contextmanager
def quiet_decoder() -> Iterator[None]:
    """Drop Pillow's warnings while the context lasts, for the current thread only."""
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    if not filters or filters[0] != _FILTER:
        filters[:] = [_FILTER, *(item for item in filters if item != _FILTER)]
    _reading.depth = getattr(_reading, "depth", 0) + 1
    try:
        yield
    finally:
        _reading.depth -= 1
