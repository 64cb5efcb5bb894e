"""Threads that work ahead: they read the next cells while the current ones are computed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from mmsk.exceptions import ReadError

BATCHES_AHEAD = 2
SECONDS_WORTH_A_THREAD = 1e-4

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Threads:
    """Threads of a pass, and what each of them does.

    ::

        n_reading, n_computing = 2, 0    2 read ahead of the pass, which computes
        n_reading, n_computing = 0, 2    2 read and compute
        n_reading, n_computing = 2, 2    2 read ahead of 2 that compute

    Attributes
    ----------
    n_reading, n_computing : int, default=0
        Number of threads.
    start_reading, start_computing : callable, default=None
        Called in each thread when it begins.
    most_rows : int, default=None
        Rows that a computing thread takes at a time, at most; None is a batch. The fewer, the
        sooner all of them end.
    """

    n_reading: int = 0
    n_computing: int = 0
    start_reading: Callable[[], None] | None = None
    start_computing: Callable[[], None] | None = None
    most_rows: int | None = None


def stream(
    work: Callable[[list[Item]], list[Result]],
    items: Iterable[Item],
    *,
    group_size: int,
    batch_size: int,
    n_threads: int,
    start_thread: Callable[[], None] | None = None,
) -> Generator[list[Result], None, None]:
    """Work on groups of items in threads; yield the results in order, in full batches.

    ::

        threads   | work on 0-7 | work on 8-15 | work on 16-23 | ...
        consumer                | take 0-7     | take 8-15     | ...

    Memory is bounded: besides the groups in work, at most `BATCHES_AHEAD` batches wait for the
    consumer. Threads begin with the first group that takes long: for arrays in memory, handing
    over costs more than reading.

    Parameters
    ----------
    work : callable
        Gives one result per item of a list of items; runs in a thread.
    items : iterable
        Rows, or what another stream gave for them; taken from it as the work goes on.
    group_size, batch_size : int
        Items handed to a thread, and results yielded, at a time; the last may be fewer.
    n_threads : int
        Number of threads.
    start_thread : callable, default=None
        Called in each thread when it begins. Where it is given, all work is done in threads.

    Yields
    ------
    batch : list of results
        In the order of the items.
    """
    most_waiting = n_threads + BATCHES_AHEAD * batch_size // group_size
    waiting: deque[Future] = deque()
    ready: list[Result] = []
    pool = ThreadPoolExecutor(n_threads, "mmsk", start_thread) if start_thread else None
    try:
        for group in _in_groups(items, group_size):
            if pool is None:
                started = time.perf_counter()
                ready += work(group)
                if time.perf_counter() - started > len(group) * SECONDS_WORTH_A_THREAD:
                    pool = ThreadPoolExecutor(n_threads, "mmsk", start_thread)
            else:
                waiting.append(pool.submit(work, group))
                if len(waiting) > most_waiting:
                    ready += waiting.popleft().result()
            while len(ready) >= batch_size:
                yield ready[:batch_size]
                del ready[:batch_size]
        while waiting or ready:
            while waiting and len(ready) < batch_size:
                ready += waiting.popleft().result()
            yield ready[:batch_size]
            del ready[:batch_size]
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def attempt_each(
    prepare: Callable[[Any], Any], cells: Sequence[Any], rows: Sequence[int]
) -> list[tuple[int, Any]]:
    """Return each row with its sample, or with the ReadError that says why there is none."""
    return [(row, _attempt(prepare, cells[row], row)) for row in rows]


def _attempt(prepare: Callable[[Any], Any], cell: Any, row: int) -> Any:
    try:
        return prepare(cell)
    except ReadError as error:
        return error
    except Exception as error:
        error.add_note(f"while reading row {row}")
        raise


def _in_groups(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut items into groups, which are handed over as one."""
    items = iter(items)
    while group := list(islice(items, size)):
        yield group
