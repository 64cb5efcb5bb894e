"""Networks on the CPU: one thread for each of several batches, not several for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from joblib import effective_n_jobs


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
