"""Bytes between this process and those that decode for it, within a time."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterable
from typing import Any

LENGTH = struct.Struct("<Q")
SENT_AS_ONE_BYTES = 2**16


def send(connection: socket.socket, parts: Iterable[Any], deadline: float | None = None) -> None:
    """Send some bytes-like parts, each where the last one ended.

    Parameters
    ----------
    connection : socket
        A stream.
    parts : iterable of bytes-like
        What to send.
    deadline : float, default=None
        When to give up, by `time.monotonic`; None waits for ever.

    Raises
    ------
    TimeoutError
        If the time is over.
    OSError
        If the other side is gone.
    """
    parts = list(parts)
    if sum(map(len, parts)) <= SENT_AS_ONE_BYTES:
        parts = [b"".join(parts)]  # the other side is then woken once
    for part in parts:
        connection.settimeout(_seconds_left(deadline))
        connection.sendall(part)


def receive(connection: socket.socket, place: memoryview, deadline: float | None = None) -> None:
    """Fill a piece of memory with what the other side sends.

    Parameters
    ----------
    connection : socket
        A stream.
    place : memoryview of bytes
        Where to put it.
    deadline : float, default=None
        As for `send`.

    Raises
    ------
    TimeoutError
        If the time is over.
    EOFError, OSError
        If the other side is gone.
    """
    while place.nbytes:
        connection.settimeout(_seconds_left(deadline))
        n_bytes = connection.recv_into(place)
        if n_bytes == 0:
            raise EOFError("the other side has closed the connection")
        place = place[n_bytes:]


def send_block(connection: socket.socket, content: bytes, deadline: float | None = None) -> None:
    """Send bytes behind their number."""
    send(connection, [LENGTH.pack(len(content)), content], deadline)


def receive_block(
    connection: socket.socket, most_bytes: int, deadline: float | None = None
) -> bytearray:
    """Receive what `send_block` sent; ValueError where it is more than `most_bytes`."""
    length = bytearray(LENGTH.size)
    receive(connection, memoryview(length), deadline)
    (n_bytes,) = LENGTH.unpack(length)
    if n_bytes > most_bytes:
        raise ValueError(f"a message of {n_bytes} bytes, over {most_bytes}")
    content = bytearray(n_bytes)
    receive(connection, memoryview(content), deadline)
    return content


def _seconds_left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the time is over")
    return seconds
