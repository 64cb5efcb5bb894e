"""Threads of a pass whose samples go through a frozen network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmsk._device import sharing_devices
from mmsk.extraction._stream import Threads


@contextmanager
def network_threads(
    device: str,
    n_jobs: int | None,
    *,
    most_rows: int | None = None,
    n_reading: int | None = None,
) -> Iterator[Threads]:
    """Tell which threads read and compute: on the CPU they do both, for GPUs some read ahead.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}
        Where the network runs.
    n_jobs : int or None
        Threads on the CPU, as joblib counts; None is the number that torch would use.
    most_rows : int, default=None
        Rows that a thread on the CPU takes at a time, at most; None is a batch.
    n_reading : int, default=None
        Threads that read ahead of GPUs; None is `n_jobs`.

    Yields
    ------
    threads : Threads
        For one pass.
    """
    from mmsk._nets.threads import gpu_threads, single_threads

    devices = sharing_devices(device)
    with single_threads(n_jobs) as (n_threads, start):
        if devices == ["cpu"]:
            yield Threads(n_computing=n_threads, start_computing=start, most_rows=most_rows)
        else:
            n_computing, start_computing = gpu_threads(devices)
            yield Threads(n_reading or n_threads, n_computing, start, start_computing)


def device_of_thread(device: str) -> str:
    """Return where the calling thread computes: the GPU that it was given, or the first one."""
    from mmsk._nets.threads import own_device

    return own_device(otherwise=sharing_devices(device)[0])
