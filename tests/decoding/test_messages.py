import socket
import struct
import threading
import time

import pytest

from mmsk._decoding.messages import receive_block, send_block


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@pytest.mark.parametrize("content", [b"", b"a", bytes(range(256)) * 40_000])
def test_a_block_arrives_whole(ends, content):
    thread = threading.Thread(target=send_block, args=[ends[0], content])
    thread.start()
    assert receive_block(ends[1], len(content)) == content
    thread.join()


def test_a_block_that_is_too_large_is_refused_before_memory_is_taken(ends):
    ends[0].sendall(struct.pack("<Q", 2**60))
    with pytest.raises(ValueError, match=f"a message of {2**60} bytes, over 1000"):
        receive_block(ends[1], 1000)


def test_a_side_that_is_gone(ends):
    ends[0].sendall(struct.pack("<Q", 5) + b"ab")
    ends[0].close()
    with pytest.raises(EOFError, match="the other side has closed the connection"):
        receive_block(ends[1], 1000)
    with pytest.raises(OSError, match="Broken pipe"):
        send_block(ends[1], b"a")


def test_the_time_is_for_all_of_a_block(ends):
    """Something that trickles must not be waited for anew with every byte."""
    stop = threading.Event()

    def trickle():
        while not stop.wait(0.01):
            ends[0].sendall(b"\0")

    thread = threading.Thread(target=trickle)
    ends[0].sendall(struct.pack("<Q", 10**6))
    thread.start()
    with pytest.raises(TimeoutError):
        receive_block(ends[1], 10**6, deadline=time.monotonic() + 0.1)
    stop.set()
    thread.join()


def test_sending_to_who_does_not_listen_takes_no_more_than_its_time(ends):
    with pytest.raises(TimeoutError):
        send_block(ends[0], bytes(10**8), deadline=time.monotonic() + 0.05)
    with pytest.raises(TimeoutError, match="the time is over"):
        send_block(ends[0], b"a", deadline=time.monotonic() - 1)
