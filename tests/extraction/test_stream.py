import threading
import time
from contextlib import closing

import pytest

from mmsk.exceptions import ReadError
from mmsk.extraction._stream import BATCHES_AHEAD, attempt_each, stream


def each(function):
    """Work that applies a function to every row of a group."""
    return lambda rows: [function(row) for row in rows]


def run(function, rows, group_size=1, batch_size=4, n_threads=1, start_thread=None):
    return stream(
        each(function),
        rows,
        group_size=group_size,
        batch_size=batch_size,
        n_threads=n_threads,
        start_thread=start_thread,
    )


def first_takes_long(function):
    """Make row 0 slow, with which the threads begin."""

    def wait_or_apply(row):
        if row == 0:
            time.sleep(0.002)
            return row
        return function(row)

    return wait_or_apply


@pytest.mark.parametrize("group_size", [1, 3, 4, 9])
@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("n_rows", [0, 1, 3, 4, 5, 8, 9, 50])
@pytest.mark.parametrize("slow", [True, False])
def test_batches_are_full_and_in_order(n_rows, n_threads, group_size, slow):
    work = first_takes_long(lambda row: row) if slow else lambda row: row
    batches = list(run(work, range(n_rows), group_size, n_threads=n_threads))
    assert [row for batch in batches for row in batch] == list(range(n_rows))
    assert all(len(batch) == 4 for batch in batches[:-1])
    assert all(1 <= len(batch) <= 4 for batch in batches)


def test_only_the_rows_asked_for_are_worked_on():
    assert list(run("abcdef".__getitem__, [4, 1, 1])) == [["e", "b", "b"]]


def test_read_errors_are_samples():
    def prepare(cell):
        if cell == 2:
            raise ReadError("bad")
        return cell

    (_, first), (row, error), (_, last) = attempt_each(prepare, [1, 2, 3], [0, 1, 2])
    assert (first, row, last) == (1, 1, 3)
    assert isinstance(error, ReadError)
    assert error.reason == "bad"


def test_other_errors_pass_with_the_row():
    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        attempt_each(lambda cell: 1 / cell, [1, 1, 0, 1], range(4))
    assert caught.value.__notes__ == ["while reading row 2"]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_errors_of_the_threads_reach_the_consumer(n_threads):
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        list(run(first_takes_long(lambda row: 1 / (row - 7)), range(20), n_threads=n_threads))


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("group_size", [1, 4])
def test_working_ahead_is_bounded(batch_size, group_size):
    done = []
    batches = run(first_takes_long(done.append), range(400), group_size, batch_size, n_threads=2)
    with closing(batches):
        for taken, _ in zip(range(1, 6), batches, strict=False):
            most = (taken + BATCHES_AHEAD + 1) * batch_size + 4 * group_size
            assert len(done) <= most


def test_work_goes_on_while_a_batch_is_used():
    ahead = threading.Event()

    def work(row):
        if row == 7:
            ahead.set()
        return row

    with closing(run(first_takes_long(work), range(100))) as batches:
        next(batches)
        assert ahead.wait(10), "the next batch must be worked on while this one is used"


def test_closing_stops_the_threads():
    done = []
    before = threading.active_count()
    batches = run(first_takes_long(done.append), range(1000), n_threads=3)
    next(batches)
    assert threading.active_count() > before
    batches.close()
    assert threading.active_count() == before
    assert len(done) < 30


def test_threads_work_at_the_same_time():
    meeting = threading.Barrier(3, timeout=10)
    batches = run(first_takes_long(lambda _: meeting.wait()), range(10), n_threads=3)
    assert sum(map(len, batches)) == 10


def test_what_is_quick_is_done_without_threads(monkeypatch):
    monkeypatch.setattr("mmsk.extraction._stream.SECONDS_WORTH_A_THREAD", 10)
    workers = {
        worker for batch in run(lambda _: threading.get_ident(), range(50)) for worker in batch
    }
    assert workers == {threading.get_ident()}


def test_threads_that_must_begin_do_all_the_work():
    begun = []
    batches = run(
        lambda _: threading.get_ident(),
        range(50),
        n_threads=2,
        start_thread=lambda: begun.append(threading.get_ident()),
    )
    assert {worker for batch in batches for worker in batch} <= set(begun)
    assert threading.get_ident() not in begun
