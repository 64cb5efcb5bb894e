"""Reading ahead: threads prepare the next batches while the current one is computed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

from joblib import effective_n_jobs

from mmsk.exceptions import ReadError

BATCHES_AHEAD = 2
GROUPS_A_BATCH = 8
SECONDS_WORTH_A_THREAD = 1e-4


def stream(
    cells: Sequence[Any],
    rows: Iterable[int],
    prepare: Callable[[Any], Any],
    *,
    batch_size: int,
    n_jobs: int | None,
) -> Generator[list[tuple[int, Any]], None, None]:
    """Prepare cells in threads and yield them in order, in full batches.

    ::

        threads   | prepare 0-7 | prepare 8-15 | prepare 16-23 | ...
        consumer                | compute 0-7  | compute 8-15  | ...

    Memory is bounded: at most `BATCHES_AHEAD` prepared batches wait for the consumer. Threads
    begin with the first group of cells that takes long to prepare: for arrays in memory, handing
    over costs more than reading.

    Parameters
    ----------
    cells : sequence of object
        All cells of the column.
    rows : iterable of int
        The rows to prepare, in the order in which they are yielded.
    prepare : callable
        Turns one cell into one sample; runs in a thread.
    batch_size : int
        Rows per yielded batch; the last one may be shorter.
    n_jobs : int or None
        Number of threads, as joblib counts: None is 1, -1 all CPUs.

    Yields
    ------
    batch : list of (row, sample)
        The sample is the ReadError itself where the cell could not be read.
    """
    size = max(1, batch_size // GROUPS_A_BATCH)
    most_waiting = BATCHES_AHEAD * batch_size // size
    waiting: deque[Future] = deque()
    ready: list[tuple[int, Any]] = []
    pool: ThreadPoolExecutor | None = None
    try:
        for group in _in_groups(rows, size):
            if pool is None:
                started = time.perf_counter()
                ready += _attempt_all(prepare, cells, group)
                if time.perf_counter() - started > len(group) * SECONDS_WORTH_A_THREAD:
                    pool = ThreadPoolExecutor(effective_n_jobs(n_jobs), "mmsk-read")
            else:
                waiting.append(pool.submit(_attempt_all, prepare, cells, group))
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


def _in_groups(rows: Iterable[int], size: int) -> Iterator[list[int]]:
    """Cut rows into groups, which are handed over as one."""
    rows = iter(rows)
    while some := list(islice(rows, size)):
        yield some


def _attempt_all(
    prepare: Callable[[Any], Any], cells: Sequence[Any], rows: list[int]
) -> list[tuple[int, Any]]:
    return [(row, _attempt(prepare, cells[row], row)) for row in rows]


def _attempt(prepare: Callable[[Any], Any], cell: Any, row: int) -> Any:
    try:
        return prepare(cell)
    except ReadError as error:
        return error
    except Exception as error:
        error.add_note(f"while reading row {row}")
        raise
