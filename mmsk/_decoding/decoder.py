"""A process that decodes, as seen by the one that it works for."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np

from mmsk._decoding.answers import Answer, from_message
from mmsk._decoding.messages import receive, receive_block, send_block

MOST_MEMORY_BYTES = 4 * 2**30
MOST_HEAD_BYTES = 64 * 2**20
SECONDS_TO_START = 60.0
SECONDS_FOR_IMPORTS = 60.0
# Each reading thread has a process of its own, so more threads in there would be too many.
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
_START = (
    "import sys; sys.path[:] = {path!r}; from mmsk._decoding.worker import main; "
    "main({most_memory_bytes})"
)


class Decoder:
    """A process that reads cells.

    It is a new Python, not a copy of this process, so that nothing is inherited but the
    environment, the working directory and standard error: no open file, no lock, no GPU. It
    leads a process group of its own, to which Ctrl-C does not go.

    Attributes
    ----------
    n_read : int
        Cells that it has answered for.
    loaded : bytes or None
        What was last loaded: the callable that it reads with, and the working directory.
    """

    def __init__(self) -> None:
        code = _START.format(
            path=[place for place in sys.path if isinstance(place, str)],
            most_memory_bytes=MOST_MEMORY_BYTES,
        )
        self.connection, theirs = socket.socketpair()
        try:
            with theirs:
                self.process = subprocess.Popen(
                    # -P: a module in the working directory must not take the place of another.
                    [sys.executable, "-P", "-c", code],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, **_ONE_THREAD},
                    start_new_session=True,
                )
        except BaseException:
            self.connection.close()
            raise
        self.n_read = 0
        self.loaded: bytes | None = None
        self._n_read_since_loaded = 0

    def load(self, request: bytes) -> None:
        """Send the callable that reads cells, unless it is there.

        Parameters
        ----------
        request : bytes
            The pickle of ``("load", working directory, pickle of the callable)``.

        Raises
        ------
        RuntimeError
            If it cannot be unpickled there.
        TimeoutError, EOFError, OSError, ValueError
            As `read` does.
        """
        if self.loaded == request:
            return
        answer = self._ask(request, SECONDS_TO_START)
        if answer.error is not None:
            raise RuntimeError(
                "decode_workers='process': what reads the cells cannot be loaded in another process"
            ) from answer.error
        self.loaded = request
        self._n_read_since_loaded = 0

    def read(self, request: bytes, seconds: float) -> Answer:
        """Have a cell read.

        Parameters
        ----------
        request : bytes
            The pickle of ``("read", cell, seconds)``, with a time after which the process ends
            also where nobody stops it.
        seconds : float
            Time for it. The first cell that a callable reads has `SECONDS_FOR_IMPORTS` more, since
            modules are imported when they are first needed.

        Raises
        ------
        TimeoutError
            If the time is over.
        EOFError, OSError
            If the process is gone.
        ValueError
            If it does not answer as it should.
        """
        seconds += SECONDS_FOR_IMPORTS if self._n_read_since_loaded == 0 else 0
        answer = self._ask(request, seconds)
        self._n_read_since_loaded += 1
        self.n_read += 1
        return answer

    def close(self, seconds_to_end: float = 0) -> int:
        """End the process and what it has started.

        Parameters
        ----------
        seconds_to_end : float, default=0
            How long it may take to end by itself.

        Returns
        -------
        code : int
            Its exit code, or the number of the signal that killed it, below 0.
        """
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds_to_end)
        with suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.connection.close()
        return self.process.wait()

    def forget(self) -> None:
        """Let go of it in a fork of the process that it belongs to."""
        self.connection.close()
        self.process.returncode = 0

    def _ask(self, request: bytes, seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        left = MOST_MEMORY_BYTES  # it cannot have had more

        def take(n_bytes: int) -> np.ndarray:
            nonlocal left
            left -= n_bytes
            if left < 0:
                raise ValueError("a sample larger than the memory of the process")
            content = np.empty(n_bytes, dtype=np.uint8)
            receive(self.connection, content.data, deadline)
            return content

        send_block(self.connection, request, deadline)
        return from_message(receive_block(self.connection, MOST_HEAD_BYTES, deadline), take)
