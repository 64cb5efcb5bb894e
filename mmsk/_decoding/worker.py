"""The process that reads cells for another one: what it does from its start to its end.

It begins with nothing but a socket as its standard input, and ends with the process at the
other end, with a cell that takes too long, or with one that kills it.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mmsk._decoding.answers import to_message
from mmsk._decoding.messages import LENGTH, receive_block, send
from mmsk.exceptions import ReadError

# The parent stops a process whose time is over. Where there is none any more, the system does.
SPARE_SECONDS = 5
# For those who write code, not for those who have data.
_NOT_TOLD = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


def main(most_memory_bytes: int) -> None:
    """Serve the process at the other end of standard input until that ends.

    Parameters
    ----------
    most_memory_bytes : int
        Memory that this process may take, where the system can limit it.
    """
    _limit(most_memory_bytes)
    connection = socket.socket(fileno=os.dup(0))
    # What reads standard input finds nothing, and what prints writes where messages go.
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    with suppress(OSError):
        os.dup2(2, 1)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=[connection], daemon=True).start()
    with suppress(EOFError, OSError):
        serve(connection)


def serve(connection: socket.socket) -> None:
    """Answer requests until the other side is gone.

    A request is a pickle of ``("load", folder, pickled callable)`` or ``("read", cell, seconds)``,
    from a process that this one need not be protected from. An answer is plain.
    """
    prepare: Callable[[Any], Any] | None = None
    while True:
        what, *arguments = pickle.loads(receive_block(connection, sys.maxsize))
        if what == "load":
            prepare = _load(connection, *arguments)
        else:
            _read(connection, prepare, *arguments)


def _load(connection: socket.socket, folder: str, pickled: bytes) -> Any:
    prepare, error = None, None
    try:
        os.chdir(folder)
        prepare = pickle.loads(pickled)
        # What reads cells may extract from them as well (windows): it does so in this process.
        if "mmsk._config" in sys.modules:
            sys.modules["mmsk._config"].set_config(decode_workers="thread", cache=False)
    except Exception as raised:
        error = raised
    _send(connection, error)
    return prepare


def _read(connection: socket.socket, prepare: Any, cell: Any, seconds: float) -> None:
    signal.alarm(int(seconds) + SPARE_SECONDS)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for category in _NOT_TOLD:
            warnings.simplefilter("ignore", category)
        try:
            sample = prepare(cell)
        except MemoryError as error:
            reason = "more memory than the process of a decoder may take"
            sample = ReadError(reason, "decode", cause=error)
        except Exception as error:
            sample = error
    _send(connection, sample, told)
    signal.alarm(0)


def _send(connection: socket.socket, *answer: Any) -> None:
    head, buffers = to_message(*answer)
    send(connection, [LENGTH.pack(len(head)), head, *buffers])


def _limit(most_memory_bytes: int) -> None:
    """Take no more memory than this, and leave no image of it on the disk.

    What counts is memory that only this process has, not the libraries that it maps.
    """
    for what, most in [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, most_memory_bytes)]:
        with suppress(OSError, ValueError):  # a system that has no such limit
            hard = resource.getrlimit(what)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, most))


def _end_with_parent(connection: socket.socket) -> None:
    """Wait until the other side is gone, also while a cell is read; then end, with all children."""
    poll = select.poll()
    poll.register(connection, select.POLLHUP)
    while not poll.poll():
        pass
    os.killpg(0, signal.SIGKILL)
