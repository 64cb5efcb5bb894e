"""Networks on the CPU: one thread for each of several batches, not several for one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from joblib import effective_n_jobs

_entering = threading.Lock()
_numbers_outside: list[int] = []


@contextmanager
def computing_threads(n_jobs: int | None) -> Iterator[tuple[int, Callable[[], None]]]:
    """Give the number of threads that compute side by side, and what each calls first.

    Threads that share one pass through a network wait for each other after every layer, and all
    of them for one that reads a file meanwhile. Threads with batches of their own never wait.

    Parameters
    ----------
    n_jobs : int or None
        As joblib counts; None is the number of threads that torch would use.

    Yields
    ------
    n_threads : int
        At least 1.
    start : callable
        Has torch use one thread for what the calling thread computes, so that the last bits of
        a row never depend on the number of threads.
    """
    n_threads = torch.get_num_threads() if n_jobs is None else effective_n_jobs(n_jobs)
    try:
        yield n_threads, partial(torch.set_num_threads, 1)
    finally:
        # The last number set would else be that of every thread to come.
        torch.set_num_threads(torch.get_num_threads())


@contextmanager
def one_thread() -> Iterator[None]:
    """Have torch use one thread, and afterwards as many as before.

    Small networks gain nothing from more, and sums come out the same on every machine and in
    every worker process.
    """
    with _entering:
        # The number is that of every thread to come: one that enters while another is inside
        # would take the other's 1 for the number to go back to.
        outside = _numbers_outside[0] if _numbers_outside else torch.get_num_threads()
        _numbers_outside.append(outside)
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _entering:
            _numbers_outside.pop()
            torch.set_num_threads(outside)
