"""The processes that decode for this one, kept for a while after their last cell."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref

from mmsk._decoding.decoder import Decoder

IDLE_SECONDS = 30.0


class DecoderPool:
    """Processes that wait for cells: as many as threads read at the same time.

    They are used again by later passes, since starting one takes seconds, and end when they were
    idle for `IDLE_SECONDS` or this process ends, however it does.
    """

    def __init__(self) -> None:
        self._all: weakref.WeakSet[Decoder] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._idle: list[tuple[Decoder, float]] = []
        self._timer: threading.Timer | None = None

    def take(self, load: bytes) -> Decoder:
        """Return an idle process, best one that has loaded this, or a new one."""
        with self._lock:
            for place, (decoder, _) in enumerate(self._idle):
                if decoder.loaded == load:
                    return self._idle.pop(place)[0]
            if self._idle:
                return self._idle.pop()[0]
        return self.new()

    def new(self) -> Decoder:
        """Return a new process."""
        decoder = Decoder()
        self._all.add(decoder)
        return decoder

    def give_back(self, decoder: Decoder) -> None:
        """Keep a process that waits for its next cell."""
        with self._lock:
            self._idle.append((decoder, time.monotonic()))
            self._look_later()

    def close(self, idle_seconds: float = 0.0) -> None:
        """End the processes that have been idle for so long."""
        latest = time.monotonic() - idle_seconds
        with self._lock:
            old = [decoder for decoder, since in self._idle if since <= latest]
            self._idle = [(decoder, since) for decoder, since in self._idle if since > latest]
        for decoder in old:
            decoder.close()

    def forget(self) -> None:
        """Begin anew in a fork of this process, to which the others do not belong."""
        for decoder in self._all:
            decoder.forget()
        self.__init__()  # type: ignore[misc]

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(IDLE_SECONDS, self._close_old)
            self._timer.daemon = True
            self._timer.start()

    def _close_old(self) -> None:
        self.close(IDLE_SECONDS)
        with self._lock:
            self._timer = None
            if self._idle:
                self._look_later()


decoders = DecoderPool()
atexit.register(decoders.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=decoders.forget)
