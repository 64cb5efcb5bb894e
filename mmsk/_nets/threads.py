"""Threads for networks: one for each of several batches, on the CPU or on one of the GPUs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from itertools import cycle
from typing import Any

import torch
from joblib import effective_n_jobs

THREADS_A_GPU = 2  # one copies, or waits for its rows, while the other one's batch is computed

_own = threading.local()


class SharedContext(AbstractContextManager):
    """A context of the whole process: the first thread to enter sets up, the last restores.

    Parameters
    ----------
    make : callable
        Returns the context.
    """

    def __init__(self, make: Callable[[], AbstractContextManager]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._entered = ExitStack()
        self._n_inside = 0
        self._value: Any = None

    def __enter__(self) -> Any:
        with self._lock:
            if self._n_inside == 0:
                self._value = self._entered.enter_context(self._make())
            self._n_inside += 1
            return self._value

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._entered.close()


@contextmanager
def _number_restored() -> Iterator[int]:
    n_threads = torch.get_num_threads()
    try:
        yield n_threads
    finally:
        # The last number set would else be that of every thread to come.
        torch.set_num_threads(n_threads)


_threads_of_torch = SharedContext(_number_restored)


@contextmanager
def single_threads(n_jobs: int | None) -> Iterator[tuple[int, Callable[[], None]]]:
    """Give the number of threads that work side by side, and what each calls first.

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
    with _threads_of_torch as n_threads_of_torch:
        n_threads = n_threads_of_torch if n_jobs is None else effective_n_jobs(n_jobs)
        yield n_threads, partial(torch.set_num_threads, 1)


@contextmanager
def threads_of_torch(n_threads: int) -> Iterator[None]:
    """Have torch use so many threads, and afterwards as many as before.

    With one, small networks lose nothing; with any number that does not follow from the machine,
    sums come out the same on every machine and in every worker process.
    """
    with _threads_of_torch as outside:
        torch.set_num_threads(n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(outside)  # the number is each thread's own, too


def gpu_threads(devices: Sequence[str]) -> tuple[int, Callable[[], None]]:
    """Return the number of threads that compute on GPUs, and what each calls first.

    Parameters
    ----------
    devices : sequence of str
        The GPUs. A batch goes to the first thread that is free, on whichever GPU.

    Returns
    -------
    n_threads : int
        `THREADS_A_GPU` for each.
    start : callable
        Gives the calling thread a GPU, in turn, and on CUDA a stream of its own.
    """
    turns = cycle(devices)

    def start() -> None:
        _own.device = next(turns)
        if _own.device.startswith("cuda"):
            torch.cuda.set_stream(torch.cuda.Stream(_own.device))

    return THREADS_A_GPU * len(devices), start


def own_device(otherwise: str) -> str:
    """Return the GPU that `gpu_threads` gave to the calling thread, if it did."""
    return getattr(_own, "device", otherwise)
