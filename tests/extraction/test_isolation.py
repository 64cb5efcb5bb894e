"""Cells that kill, stall or take over the process that reads them: their rows are reported."""

import io
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from contract_table import EXTRACTORS
from hostile_decoder import obey
from scripts import run, wait_until_gone
from sklearn.base import clone

from mmsk import config_context
from mmsk._decoding.pool import decoders
from mmsk._validation import raw_column
from mmsk.exceptions import BadCellWarning, MissingDependencyError, ReadError
from mmsk.extraction._isolation import _how_it_ended, attempts
from mmsk.extraction._reading import read_batches
from mmsk.image import augment_table

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes that decode need POSIX")


@pytest.fixture(autouse=True)
def processes():
    """Read in processes."""
    with config_context(decode_workers="process"):
        yield


@pytest.fixture(autouse=True, scope="module")
def no_process_stays():
    """End the processes, which tests share, after the last one."""
    yield
    decoders.close()


@pytest.fixture
def new_processes():
    """Read in processes that were started for one test."""
    decoders.close()
    yield
    decoders.close()


@pytest.fixture
def little_time(monkeypatch):
    """Stop what takes a second, also in a new process."""
    monkeypatch.setattr("mmsk._decoding.decoder.SECONDS_FOR_IMPORTS", 0.0)
    with config_context(decode_seconds=1.0):
        yield


def read(*cells):
    """Read cells with `obey`; return the reason for each that cannot be read, None for others."""
    results = attempts(obey)(cells, range(len(cells)))
    assert [row for row, _ in results] == list(range(len(cells)))
    for cell, (_, sample) in zip(cells, results, strict=True):
        if not isinstance(sample, ReadError):
            assert sample.tolist() == [len(cell), 1]
    return [sample.reason if isinstance(sample, ReadError) else None for _, sample in results]


def test_a_cell_that_kills_its_process_is_reported_and_no_other():
    assert read("good", "kill", "crash", "good", "leave", "good") == [
        None,
        "the decoder's process was killed by SIGKILL (the system does so where memory runs out)",
        "the decoder's process was killed by SIGSEGV",
        None,
        "the decoder's process ended with exit code 3",
        None,
    ]


def test_the_error_of_a_killed_process_says_where_and_why():
    (_, error), *_ = attempts(obey)(["kill"], [0])
    assert error.stage == "decode"
    assert isinstance(error.cause, EOFError | ConnectionError)


def test_a_process_that_dies_of_an_earlier_cell_is_not_held_against_the_next(tmp_path):
    """It dies while it reads the third cell, in which nothing is wrong."""
    assert read("die_later 0.05", f"sleep_once {tmp_path / 'slept'}", "good") == [None] * 3
    assert (tmp_path / "slept").exists()


def test_a_process_that_dies_while_it_waits_is_replaced(tmp_path):
    assert read(f"note_process {tmp_path / 'process'}") == [None]
    os.kill(int((tmp_path / "process").read_text()), signal.SIGKILL)
    assert read("good") == [None]


def test_a_cell_that_takes_too_long_is_stopped_with_all_that_it_started(tmp_path, little_time):
    reason = "took more than decode_seconds=1 and was stopped"
    assert read(f"start_and_sleep {tmp_path / 'process'}", "good") == [reason, None]
    wait_until_gone(int((tmp_path / "process").read_text()))


def test_a_cell_that_takes_too_much_memory_is_reported(monkeypatch, new_processes):
    monkeypatch.setattr("mmsk._decoding.decoder.MOST_MEMORY_BYTES", 2**29)
    reasons = read("take_memory 1000000", "take_memory 100000000", "good")
    if sys.platform != "linux":
        pytest.skip("only Linux limits the memory of a process in this way")
    assert reasons == [None, "more memory than the process of a decoder may take", None]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("write_junk", "a message of [0-9]+ bytes, over "),
        ("answer_with_pickle {}", "Expecting value|can't decode byte"),
        ("answer_with_class", "no sample, but something else"),
        ("answer_too_large", "a sample larger than the memory of the process"),
    ],
)
def test_what_a_decoder_that_was_taken_over_answers_is_not_run(tmp_path, cell, reason):
    marker = tmp_path / "marker"
    bad, good = read(cell.format(marker), "good")
    assert good is None
    assert bad.startswith("the decoder's process gave no sample, but ")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(bad)
    assert not marker.exists()


def test_the_pickle_of_that_test_would_have_run(tmp_path):
    import pickle

    from hostile_decoder import MarkerWhenLoaded

    pickle.loads(pickle.dumps(MarkerWhenLoaded(str(tmp_path / "marker"))))
    assert (tmp_path / "marker").exists()


def test_a_process_that_hangs_up_is_ended(tmp_path):
    process = tmp_path / "process"
    bad, good = read(f"note_and_hang_up {process}", "good")
    assert bad.startswith("the decoder's process was killed by SIGKILL")
    assert good is None
    for number in process.read_text().split():
        wait_until_gone(int(number))


def test_prints_and_messages_go_to_standard_error(capfd, new_processes):
    assert read("speak", "good") == [None, None]
    out, err = capfd.readouterr()
    assert out == ""
    assert sorted(err.split("\n")) == ["", "a decoder speaks", "and writes"]


def test_warnings_are_warned_of_here():
    with pytest.warns(RuntimeWarning, match="the decoder has doubts") as caught:
        assert read("warn") == [None]
    assert len(caught) == 1


def test_errors_of_the_cell_and_of_the_program_are_told_apart():
    (_, error), *_ = attempts(obey)(["refuse"], [0])
    assert (error.reason, error.stage) == ("it is bad", "extract")
    assert str(error.cause) == "OSError('why')"
    with pytest.raises(ZeroDivisionError, match="a fault of the program") as caught:
        attempts(obey)(["good", "fail"], [0, 1])
    assert "in fail" in caught.value.__notes__[0]
    assert caught.value.__notes__[1] == "while reading row 1"
    with pytest.raises(MissingDependencyError, match="install something"):
        attempts(obey)(["miss"], [0])


def test_a_sample_that_cannot_come_back_is_no_fault_of_the_cell():
    with pytest.raises(TypeError, match=r"a builtins\.object cannot come back from a process"):
        attempts(lambda cell: object())(["a"], [0])


def test_what_cannot_be_sent_or_loaded_is_no_fault_of_the_cell(monkeypatch):
    with pytest.raises(TypeError, match="cannot pickle") as caught:
        attempts(lambda cell, file=sys.stderr: cell)(["a"], [0])
    assert "decode_workers='process' sends" in caught.value.__notes__[0]
    module = ModuleType("only_here")
    exec("def prepare(cell): return cell", vars(module))
    monkeypatch.setitem(sys.modules, "only_here", module)
    with pytest.raises(RuntimeError, match="cannot be loaded in another process") as caught:
        attempts(module.prepare)(["a"], [0])
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_a_process_that_cannot_start_is_no_fault_of_the_cell(monkeypatch, new_processes):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"cannot start: .* ended with exit code 1"):
        read("good")


def test_file_objects_and_views_are_read_and_sent_as_their_content():
    def kind(cell):
        content = cell.read() if hasattr(cell, "read") else cell
        return f"{type(cell).__name__} {content!r}"

    cells = [io.BytesIO(b"one"), memoryview(b"two"), bytearray(b"three"), np.arange(3)]
    cells[0].seek(2)
    samples = [sample for _, sample in attempts(kind)(cells, range(4))]
    expected = ["BytesIO b'one'", "bytes b'two'", "bytearray bytearray(b'three')"]
    assert samples == [*expected, "ndarray array([0, 1, 2])"]


def test_a_table_with_a_column_read_is_no_file():
    (_, found), *_ = attempts(lambda cell: list(cell))([pd.DataFrame({"read": [1]})], [0])
    assert found == ["read"]


def test_a_cell_that_cannot_be_sent_is_a_bad_cell():
    (_, error), *_ = attempts(obey)([(number for number in "ab")], [0])
    assert error.reason.startswith("a generator that cannot be sent to a process: cannot pickle")
    assert error.stage == "check"


def test_signals_without_a_name():
    assert _how_it_ended(-40) == "the decoder's process was killed by signal 40"


def test_paths_start_from_the_working_directory(tmp_path, monkeypatch):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
        monkeypatch.chdir(tmp_path / name)
        assert attempts(lambda cell: Path(cell).read_text())(["file"], [0]) == [(0, name)]


def test_text_stays_in_this_process():
    process = attempts(lambda cell: os.getpid(), is_text=True)(["a"], [0])
    assert process == [(0, os.getpid())]
    assert attempts(lambda cell: os.getpid())(["a"], [0]) != process


@pytest.mark.parametrize("n_threads", [1, 2])
def test_batches_are_filled_and_rows_stay_aligned(n_threads):
    cells = [f"good {number:0{1 + number % 7}}" for number in range(30)]
    cells[3] = cells[4] = cells[17] = "kill"
    cells[5] = None
    good = [row for row, cell in enumerate(cells) if cell not in (None, "kill")]
    options = {"max_bad_fraction": 0.2, "batch_size": 4, "n_threads": n_threads}
    batches = read_batches(obey, raw_column(cells), on_error="missing", **options)
    with pytest.warns(BadCellWarning, match="3 unreadable cells .*: rows 3, 4, 17. The first: row"):
        found = [item for batch in batches for item in zip(*batch, strict=True)]
    assert [row for row, _ in found] == good
    assert [sample.tolist() for _, sample in found] == [[len(cells[row]), 1] for row in good]
    with pytest.raises(ReadError, match=r"^row 3 \('kill'\): the decoder's process was") as caught:
        list(read_batches(obey, raw_column(cells), on_error="raise", **options))
    assert [error.row for error in caught.value.others] == [4, 17]


# One of each reader, and of each way in which samples are read.
ENTRIES = ["HOGEmbedder", "MFCC", "MotionDescriptors", "SpectralSeries"]
ENTRIES += ["ConvEncoder", "RecurrentEncoder", "TransformerEmbedder"]


@pytest.mark.parametrize("name", ENTRIES)
def test_results_are_those_of_threads(name):
    entry = EXTRACTORS[name]
    with config_context(decode_workers="thread"):
        expected = clone(entry.estimator).fit_transform(entry.cells, entry.y)
    found = clone(entry.estimator).fit_transform(entry.cells, entry.y)
    assert found.tobytes() == expected.tobytes()


def test_augmented_pictures_are_those_of_threads():
    picture = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8))
    file = io.BytesIO()
    picture.save(file, "PNG")
    table = pd.DataFrame({"photo": [file.getvalue(), picture, None, b"bad"]})
    options = {"column": "photo", "random_state": 0, "on_error": "missing", "n_copies": 2}
    tables = []
    for workers in ("thread", "process"):
        with (
            config_context(decode_workers=workers),
            pytest.warns(BadCellWarning, match="row 3. The first: .* not an image"),
        ):
            tables.append(augment_table(table, max_bad_fraction=0.5, **options)[0]["photo"])
    for one, other in zip(*tables, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


WORKER = """
import joblib
import mmsk
from hostile_extractor import HostileExtractor

# There is no guard of __main__ here: nothing runs this file a second time.
class Mine(HostileExtractor):
    def _prepare(self, cell):
        return 2 * super()._prepare(cell)

mmsk.set_config(decode_workers="process", cache=False)
transform = joblib.delayed(Mine(on_error="missing").transform)
(rows,) = joblib.Parallel(n_jobs=2)([transform(["kill", "good", None, "good 2"])])
print(rows.tolist())
"""


def test_a_pass_in_a_worker_of_joblib_finishes():
    """It follows the settings of its parent, and knows a class that no file defines."""
    out, err = run(WORKER)
    assert out == "[[nan, nan], [8.0, 2.0], [nan, nan], [12.0, 2.0]]\n"
    assert "BadCellWarning: 1 unreadable cell is taken as missing: row 0. The first: row 0" in err
    assert "ResourceWarning" not in err
