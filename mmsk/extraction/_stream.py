"""Reading ahead: threads prepare the next batches while the current one is computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from joblib import effective_n_jobs

from mmsk.exceptions import ReadError

BATCHES_AHEAD = 2


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

    Memory is bounded: at most `BATCHES_AHEAD` prepared batches wait for the consumer.

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
    waiting: deque[tuple[int, Future]] = deque()
    batch: list[tuple[int, Any]] = []
    pool = ThreadPoolExecutor(effective_n_jobs(n_jobs), thread_name_prefix="mmsk-read")
    try:
        for row in rows:
            waiting.append((row, pool.submit(_attempt, prepare, cells[row], row)))
            if len(waiting) > BATCHES_AHEAD * batch_size:
                batch.append(_next(waiting))
            if len(batch) == batch_size:
                yield batch
                batch = []
        while waiting:
            batch.append(_next(waiting))
            if len(batch) == batch_size or not waiting:
                yield batch
                batch = []
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _attempt(prepare: Callable[[Any], Any], cell: Any, row: int) -> Any:
    try:
        return prepare(cell)
    except ReadError as error:
        return error
    except Exception as error:
        error.add_note(f"while reading row {row}")
        raise


def _next(waiting: deque[tuple[int, Future]]) -> tuple[int, Any]:
    row, future = waiting.popleft()
    return row, future.result()
