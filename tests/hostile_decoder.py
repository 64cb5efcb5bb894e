"""A decoder that does what its cell says, for tests of reading in processes."""

import ctypes
import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np

from mmsk.exceptions import MissingDependencyError, ReadError


def obey(cell):
    """Read ``"command argument"``, given as text or bytes, to its length."""
    command, _, argument = (cell.decode() if isinstance(cell, bytes) else cell).partition(" ")
    COMMANDS.get(command, nothing)(argument)
    return np.array([len(cell), 1], dtype=np.float32)


class MarkerWhenLoaded:
    """Its pickle writes a file where it is loaded."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.write_text, (Path(self.marker), "it ran")


def nothing(argument):
    pass


def kill(argument):
    os.kill(os.getpid(), signal.SIGKILL)


def crash(argument):
    ctypes.string_at(0)


def leave(argument):
    sys.exit(3)


def take_memory(argument):
    np.ones(int(argument))


def note_process(path):
    with open(path, "a") as file:
        file.write(f"{os.getpid()}\n")


def note_and_sleep(path):
    note_process(path)
    time.sleep(1000)


def start_and_sleep(path):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    Path(path).write_text(str(child.pid))
    time.sleep(1000)


def die_later(seconds):
    threading.Timer(float(seconds), kill, [""]).start()


def sleep_once(path):
    if not Path(path).exists():
        Path(path).touch()
        time.sleep(1000)


def speak(argument):
    sys.stdout.write("a decoder speaks\n")
    sys.stdout.flush()
    sys.stderr.write("and writes\n")
    assert sys.stdin.read() == ""


def warn(argument):
    warnings.warn("the decoder has doubts", RuntimeWarning)
    warnings.warn("something is old", DeprecationWarning)


def refuse(argument):
    raise ReadError("it is bad", "extract", cause=OSError("why"))


def fail(argument):
    raise ZeroDivisionError("a fault of the program")


def miss(argument):
    raise MissingDependencyError("install something")


def connection():
    """The socket that leads to the parent, which code in this process can always find."""
    for number in range(3, 64):
        try:
            found = socket.socket(fileno=number)
        except OSError:
            continue
        if found.family == socket.AF_UNIX:
            return found
        found.detach()
    raise RuntimeError("no socket")


def write_junk(argument):
    connection().sendall(os.urandom(4096))


def note_and_hang_up(path):
    note_process(path)
    connection().shutdown(socket.SHUT_RDWR)
    time.sleep(1000)


def answer_with_pickle(marker):
    content = pickle.dumps(MarkerWhenLoaded(marker))
    connection().sendall(struct.pack("<Q", len(content)) + content)


def answer(text):
    head = text.encode()
    connection().sendall(struct.pack("<Q", len(head)) + head)
    time.sleep(1000)


def answer_with_class(argument):
    answer(json.dumps({"sample": ["sample", "os.system", ["true"]], "warnings": []}))


def answer_too_large(argument):
    answer(json.dumps({"sample": ["bytes", 2**60], "warnings": []}))


COMMANDS = {
    function.__name__: function
    for function in (kill, crash, leave, take_memory, note_process, note_and_sleep, die_later)
    + (start_and_sleep, sleep_once, speak, warn, refuse, fail, miss, write_junk)
    + (note_and_hang_up, answer_with_pickle, answer_with_class, answer_too_large)
}
