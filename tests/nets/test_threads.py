import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from mmsk import CNNEmbedder
from mmsk._nets.threads import (
    SharedContext,
    gpu_threads,
    own_device,
    single_threads,
    threads_of_torch,
)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def in_a_thread(function):
    """Return what a function gives in a thread of its own."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_every_computing_thread_uses_one_thread_of_torch(two_threads):
    def threads_of_torch():
        start()
        return torch.get_num_threads()

    with single_threads(None) as (n_threads, start):
        assert n_threads == 2
        assert in_a_thread(threads_of_torch) == 1
        assert torch.get_num_threads() == 2


def test_torch_is_left_as_it_was(two_threads):
    with single_threads(3) as (n_threads, start):
        assert n_threads == 3
        in_a_thread(start)
    assert torch.get_num_threads() == 2
    assert in_a_thread(torch.get_num_threads) == 2


def test_passes_side_by_side_leave_torch_as_it_was(two_threads):
    first, second = single_threads(None), single_threads(None)
    _, start = first.__enter__()
    in_a_thread(start)
    n_threads = in_a_thread(lambda: second.__enter__()[0])
    first.__exit__(None, None, None)
    in_a_thread(lambda: second.__exit__(None, None, None))
    assert n_threads == 2
    assert in_a_thread(torch.get_num_threads) == 2


def test_a_shared_context_is_entered_once_at_a_time():
    events = []

    @contextmanager
    def noted():
        events.append("set up")
        yield len(events)
        events.append("restored")

    shared = SharedContext(noted)
    with shared as outer, shared as inner:
        assert outer == inner == 1
        assert events == ["set up"]
    assert events == ["set up", "restored"]
    with pytest.raises(ZeroDivisionError, match="inside"), shared:
        raise ZeroDivisionError("inside")
    assert events == ["set up", "restored"] * 2


def test_gpus_are_given_to_threads_in_turn():
    n_threads, start = gpu_threads(["first", "second", "third"])
    meeting = threading.Barrier(n_threads, timeout=10)

    def device():
        meeting.wait()  # so that no thread takes two
        return own_device(otherwise="cpu")

    with ThreadPoolExecutor(n_threads, initializer=start) as pool:
        devices = [pool.submit(device) for _ in range(n_threads)]
    assert sorted(future.result() for future in devices) == sorted(["first", "second", "third"] * 2)
    assert own_device(otherwise="cpu") == "cpu"


def test_rows_do_not_depend_on_the_number_of_threads(two_threads):
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(11)]
    embedder = CNNEmbedder("mobilenet_v2", weights=None, image_size=64, batch_size=3)
    rows = [embedder.set_params(n_jobs=n_jobs).transform(pictures) for n_jobs in (None, 1, 3)]
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])


def test_one_thread_and_then_as_many_as_before(two_threads):
    """Also where two threads are inside at once, and the first leaves first."""
    first_inside, second_inside, first_left = (threading.Event() for _ in range(3))
    inside = []

    def second():
        first_inside.wait(60)
        with threads_of_torch(1):
            inside.append(torch.get_num_threads())
            second_inside.set()
            first_left.wait(60)

    thread = threading.Thread(target=second)
    thread.start()
    with threads_of_torch(1):
        inside.append(torch.get_num_threads())
        first_inside.set()
        second_inside.wait(60)
    first_left.set()
    thread.join()
    assert inside == [1, 1]
    assert torch.get_num_threads() == 2
    assert in_a_thread(torch.get_num_threads) == 2
