import threading
import time
from contextlib import closing

import pytest

from mmsk.exceptions import ReadError
from mmsk.extraction._stream import BATCHES_AHEAD, stream


def collect(cells, prepare, rows=None, batch_size=4, n_jobs=1):
    rows = range(len(cells)) if rows is None else rows
    return list(stream(cells, rows, prepare, batch_size=batch_size, n_jobs=n_jobs))


def first_takes_long(prepare):
    """Make the first cell slow, with which the threads begin."""

    def prepare_or_wait(cell):
        if cell == 0:
            time.sleep(0.002)
            return cell
        return prepare(cell)

    return prepare_or_wait


@pytest.mark.parametrize("n_jobs", [None, 1, 3, -1])
@pytest.mark.parametrize("n_cells", [0, 1, 3, 4, 5, 8, 9, 50])
def test_batches_are_full_and_in_order(n_cells, n_jobs):
    batches = collect(list(range(n_cells)), lambda cell: cell * 10, n_jobs=n_jobs)
    assert [pair for batch in batches for pair in batch] == [(n, n * 10) for n in range(n_cells)]
    assert all(len(batch) == 4 for batch in batches[:-1])
    assert all(1 <= len(batch) <= 4 for batch in batches)


def test_only_the_rows_asked_for_are_read():
    batches = collect("abcdef", str.upper, rows=[4, 1, 1])
    assert batches == [[(4, "E"), (1, "B"), (1, "B")]]


def test_read_errors_are_samples():
    def prepare(cell):
        if cell == 2:
            raise ReadError("bad")
        return cell

    ((_, (_, error), _),) = collect([1, 2, 3], prepare)
    assert isinstance(error, ReadError)
    assert error.reason == "bad"


def test_other_errors_pass_with_the_row():
    def prepare(cell):
        return 1 / cell

    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        collect([1, 1, 0, 1], prepare)
    assert caught.value.__notes__ == ["while reading row 2"]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_reading_ahead_is_bounded(batch_size):
    read = []
    cells = range(200)
    batches = stream(cells, cells, lambda cell: read.append(cell), batch_size=batch_size, n_jobs=2)
    with closing(batches):
        for taken, _ in zip(range(1, 6), batches, strict=False):
            assert len(read) <= (taken + BATCHES_AHEAD) * batch_size + 1


def test_reading_goes_on_while_a_batch_is_computed():
    ahead = threading.Event()

    def prepare(cell):
        if cell == 7:
            ahead.set()
        return cell

    cells, prepare = range(100), first_takes_long(prepare)
    with closing(stream(cells, cells, prepare, batch_size=4, n_jobs=1)) as batches:
        next(batches)
        assert ahead.wait(10), "the next batch must be read while this one is computed"


def test_closing_stops_the_threads():
    read = []
    before = threading.active_count()
    prepare = first_takes_long(read.append)
    batches = stream(range(1000), range(1000), prepare, batch_size=4, n_jobs=3)
    next(batches)
    assert threading.active_count() > before
    batches.close()
    assert threading.active_count() == before
    assert len(read) < 20


def test_threads_work_at_the_same_time():
    meeting = threading.Barrier(3, timeout=10)
    batches = collect(range(10), first_takes_long(lambda cell: meeting.wait()), n_jobs=3)
    assert sum(map(len, batches)) == 10


def test_what_is_read_quickly_is_read_without_threads(monkeypatch):
    monkeypatch.setattr("mmsk.extraction._stream.SECONDS_WORTH_A_THREAD", 10)
    readers = {
        thread
        for batch in collect(range(50), lambda _: threading.get_ident(), n_jobs=3)
        for _, thread in batch
    }
    assert readers == {threading.get_ident()}
