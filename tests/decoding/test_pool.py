import os
import signal
import time
from pathlib import Path

import pytest
from scripts import run, start, wait_until_gone

from mmsk._decoding import pool
from mmsk._decoding.pool import DecoderPool

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes that decode need POSIX")


@pytest.fixture
def decoders():
    decoders = DecoderPool()
    yield decoders
    decoders.close()


def test_a_process_is_used_again_best_by_what_it_has_loaded(decoders):
    one, other = decoders.take(b"one"), decoders.take(b"other")
    one.loaded, other.loaded = b"one", b"other"
    assert one.process.pid != other.process.pid
    decoders.give_back(one)
    decoders.give_back(other)
    assert decoders.take(b"one") is one
    assert decoders.take(b"one") is other
    decoders.give_back(one)
    decoders.give_back(other)


def test_processes_end_when_the_pool_is_closed_and_leave_nothing(decoders):
    decoder = decoders.take(b"")
    decoders.give_back(decoder)
    decoders.close()
    assert decoder.process.returncode == -signal.SIGKILL
    assert not Path(f"/proc/{decoder.process.pid}").exists()
    assert decoder.connection.fileno() == -1


def test_idle_processes_end_after_a_while(decoders, monkeypatch):
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.05)
    decoder = decoders.take(b"")
    decoders.give_back(decoder)
    for _ in range(500):
        if decoder.process.returncode is not None:
            break
        time.sleep(0.02)
    assert decoder.process.returncode == -signal.SIGKILL


BEGIN = """
import os, pickle, sys
from hostile_decoder import obey
from mmsk._decoding.pool import decoders

load = pickle.dumps(("load", os.getcwd(), pickle.dumps(obey)))
def read(cell):
    decoder = decoders.take(load)
    decoder.load(load)
    answer = decoder.read(pickle.dumps(("read", cell, 100.0)), 100.0)
    decoders.give_back(decoder)
    return answer.result().tolist()
"""


def test_processes_end_with_their_parent(tmp_path):
    process = tmp_path / "process"
    _, err = run(BEGIN + "read(sys.argv[1])", f"note_process {process}")
    assert err == ""
    wait_until_gone(int(process.read_text()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_sleeps_ends_with_a_parent_that_is_killed(tmp_path, number):
    process = tmp_path / "process"
    parent = start(BEGIN + "read(sys.argv[1])", f"note_and_sleep {process}")
    while not process.exists() or not process.read_text().endswith("\n"):
        time.sleep(0.01)
    parent.send_signal(number)
    parent.communicate()
    wait_until_gone(int(process.read_text()))


FORK = """
assert read("good") == [4, 1]
(mine,) = decoders._all
child = os.fork()
if child == 0:
    assert not decoders._all
    assert read("better") == [6, 1]
    decoders.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert read("good") == [4, 1]
assert list(decoders._all) == [mine]
"""


def test_a_fork_has_processes_of_its_own():
    _, err = run(BEGIN + FORK)
    assert err == ""
