"""Keep the MPEG decoder's own messages off standard error."""

from __future__ import annotations

import os
import re
import tempfile
import threading
from types import TracebackType
from typing import BinaryIO

_STDERR = 2
_DECODER_LINE = re.compile(
    rb"(\[src/libmpg123/|Note: |Warning: (Xing|Big change|Encountered more|Real sample|Got )).*\n?"
)


class QuietMPEG:
    """Context in which what mpg123 writes to standard error is dropped.

    mpg123, inside libsndfile, writes to file descriptor 2 and has no switch that libsndfile
    offers. Within the context the descriptor leads to a scratch file; each thread that leaves
    passes on what other parts of the process wrote meanwhile, such as a progress bar, and the
    last one puts the descriptor back. Where the platform cannot do this, nothing is changed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._passed_on = 0
        self._real: int | None = None
        self._scratch: BinaryIO | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._divert()
            self._inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._scratch is None or self._real is None:
                return
            if self._inside == 0:
                os.dup2(self._real, _STDERR)
            self._pass_on(self._scratch, self._real)
            if self._inside == 0:
                self._restore(self._scratch, self._real)

    def _divert(self) -> None:
        if not hasattr(os, "pread"):
            return
        try:
            self._real = os.dup(_STDERR)
        except OSError:  # the process has no standard error
            return
        self._scratch = tempfile.TemporaryFile()  # noqa: SIM115
        self._passed_on = 0
        os.dup2(self._scratch.fileno(), _STDERR)

    def _pass_on(self, scratch: BinaryIO, real: int) -> None:
        written = os.fstat(scratch.fileno()).st_size
        text = os.pread(scratch.fileno(), written - self._passed_on, self._passed_on)
        self._passed_on = written
        kept = _DECODER_LINE.sub(b"", text)
        if kept:
            os.write(real, kept)

    def _restore(self, scratch: BinaryIO, real: int) -> None:
        scratch.close()
        os.close(real)
        self._scratch = self._real = None


quiet_mpeg = QuietMPEG()
