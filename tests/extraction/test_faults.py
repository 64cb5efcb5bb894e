"""What becomes of the feature store when processes die and disks fill up."""

import os
import shutil
import signal
import subprocess
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from byte_counts import ByteCounts, computed, plain_rows
from kept_work import N_FILES, TRANSFORM, check_right
from scripts import finish, run

import mmsk
from mmsk.exceptions import CacheWarning
from mmsk.extraction import _store


def test_a_killed_process_is_resumed(work):
    process = work.start("killed", seconds=0.02)
    work.wait_for(N_FILES // 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    n_before = work.n_computed
    assert n_before < N_FILES
    check_right(work, work.transform(seconds_a_row=0.02))
    # At most the batch that was being computed is computed a second time.
    assert N_FILES <= work.n_computed <= N_FILES + 4
    check_right(work, work.transform(seconds_a_row=0.02))
    assert work.n_computed <= N_FILES + 4


def test_ctrl_c_keeps_what_was_computed(work):
    process = work.start("stopped", seconds=0.02)
    work.wait_for(N_FILES // 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert "KeyboardInterrupt" in err
    assert "Exception ignored" not in err
    check_right(work, work.transform(seconds_a_row=0.02))
    assert N_FILES <= work.n_computed <= N_FILES + 4
    assert not list(work.store.glob("*/claims/*.items"))


def test_processes_that_race_compute_every_item_once(work):
    rng = np.random.default_rng(0)
    orders = [rng.permutation(work.paths).tolist() for _ in range(2)]
    processes = [
        work.start(f"racer{number}", order, seconds=0.01) for number, order in enumerate(orders)
    ]
    for process in processes:
        finish(process)
    assert work.n_computed == N_FILES
    for number, order in enumerate(orders):
        check_right(work, work.result(f"racer{number}"), order)


def test_processes_that_race_on_bad_items_wait_for_each_other_in_vain_but_not_for_ever(work):
    bad = [work.folder / f"bad{number}" for number in range(9)]
    for path in bad:
        path.write_bytes(b"bad" + path.name.encode())
    column = [*work.paths[:10], *map(str, bad)]
    orders = [column, column[::-1]]
    processes = [
        work.start(f"racer{number}", order, seconds=0.01, on_error="missing")
        for number, order in enumerate(orders)
    ]
    for process in processes:
        finish(process)
    assert work.n_computed == 10
    for number, order in enumerate(orders):
        good = [path if "bad" not in Path(path).name else None for path in order]
        check_right(work, work.result(f"racer{number}"), good)


def test_a_process_that_waits_computes_what_a_killed_one_claimed(work):
    process = work.start("killed", seconds=0.03)
    work.wait_for(4)
    waiting = work.start("waiting", seconds=0.03)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    finish(waiting)
    check_right(work, work.result("waiting"))
    assert work.n_computed <= N_FILES + 4


def test_a_full_disk(work, tmp_path):
    """A process that may not write large files gets the error of a full disk, in mid-write."""
    script = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
""" + TRANSFORM.replace("np.save(out, ", "values = (")
    script += "sys.stdout.write(values.tobytes().hex())\n"
    cells = work.folder / "cells.txt"
    cells.write_text("\n".join(work.paths))
    (work.store).mkdir()
    # The log is a device, which takes any number of bytes.
    out, err = run(script, work.store, os.devnull, cells, "-", 0, "raise")
    check_right(work, np.frombuffer(bytes.fromhex(out), np.float32).reshape(-1, 4))
    assert err.count("CacheWarning: ") == 1
    check_right(work, work.transform())


def test_a_full_file_system(work, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        with mmsk.config_context(cache_dir=small / "store"):
            (small / "filler").write_bytes(bytes(16 * 1024))
            rng = np.random.default_rng(0)
            cells = [bytes(rng.bytes(64)) for _ in range(3000)]
            extractor = ByteCounts(work.log, batch_size=64)
            with pytest.warns(CacheWarning, match="cannot be used: .*No space left"):
                rows = extractor.transform(cells)
            with mmsk.config_context(cache=False):
                assert extractor.transform(cells).tobytes() == rows.tobytes()
            (small / "filler").unlink()
            before = work.n_computed
            assert extractor.transform(cells[:200]).tobytes() == rows[:200].tobytes()
            assert work.n_computed == before  # what was written before the disk was full
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def read_only(folder):
    """Make a folder read-only for root, too; tell whether that worked."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        return True
    mount = ["mount", "--bind", "-o", "ro", str(folder), str(folder)]
    return shutil.which("mount") and subprocess.run(mount, capture_output=True).returncode == 0


@pytest.fixture
def read_only_store(work):
    """Make the store read-only with half of the rows, and skip where root cannot be refused."""
    ByteCounts(work.log).transform(work.paths[::2])
    mount = ["mount", "--bind", "-o", "ro", str(work.store), str(work.store)]
    folders = [work.store, *(path for path in work.store.rglob("*") if path.is_dir())]
    if os.geteuid() != 0:
        for folder in folders:
            folder.chmod(0o500)
    elif not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a folder cannot be made read-only for root here")
    yield
    if os.geteuid() == 0:
        subprocess.run(["umount", "-l", str(work.store)], check=True)
    for folder in folders:
        folder.chmod(0o700)


@pytest.mark.usefixtures("read_only_store")
def test_a_read_only_store_gives_what_it_has(work):
    _store._tables.clear()
    n_before = work.n_computed
    check_right(work, ByteCounts(work.log).transform(work.paths[::2]), work.paths[::2])
    assert work.n_computed == n_before
    with pytest.warns(CacheWarning, match="cannot be used: (Read-only|Permission)"):
        check_right(work, work.transform())
    check_right(work, work.transform())  # without a second warning, which would be raised


@pytest.mark.usefixtures("read_only_store")
def test_a_new_table_in_a_read_only_store(work):
    with pytest.warns(CacheWarning, match="cannot be used: (Read-only|Permission)"):
        work.transform(scale=2.0)
    work.transform(scale=2.0)


def test_a_folder_that_cannot_be_made(work):
    (work.folder / "file").write_text("")
    with (
        mmsk.config_context(cache_dir=work.folder / "file" / "store"),
        pytest.warns(CacheWarning, match=r"cannot be used: .*Not a directory"),
    ):
        check_right(work, work.transform())


@pytest.mark.parametrize("what", ["store", "table", "locks", "claims"])
def test_a_folder_that_is_removed_in_use(work, what):
    class Removing(ByteCounts):
        def _extract(self, samples):
            if computed(self.log) == 8:
                for folder in self.folders():
                    shutil.rmtree(folder)
            return super()._extract(samples)

        @staticmethod
        def folders():
            table = next(work.store.glob("*/about.json")).parent
            of_table = {"table": table, "claims": table / "claims"}
            return [{"store": work.store, "locks": work.store / "locks", **of_table}[what]]

    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        rows = Removing(work.log).transform(work.paths)
    check_right(work, rows)
    assert work.n_computed == N_FILES
    assert [type(warning.message) for warning in record] in ([], [CacheWarning])
    check_right(work, Removing(work.log).transform(work.paths))


def test_a_newer_format_is_left_alone(work):
    work.store.mkdir()
    (work.store / "format.json").write_text('{"format": 2, "more": 1}')
    with pytest.warns(CacheWarning, match=r"newer mmsk, in format 2.*mmsk.set_config\(cache_dir="):
        check_right(work, work.transform())
    assert [path.name for path in work.store.iterdir()] == ["format.json"]
    assert (work.store / "format.json").read_text() == '{"format": 2, "more": 1}'


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_forked_in_the_middle_of_a_pass_shares_nothing_with_it(work):
    class Forking(ByteCounts):
        def _extract(self, samples):
            if computed(self.log) == 8:
                child = os.fork()
                if child == 0:
                    status = 1
                    try:
                        rows = ByteCounts(self.log + "2").transform(work.paths)
                        status = int(not np.array_equal(rows, plain_rows(work.paths)))
                    finally:
                        os._exit(status)
                assert os.waitpid(child, 0)[1] == 0
            return super()._extract(samples)

    check_right(work, Forking(work.log).transform(work.paths))
    assert (work.n_computed, computed(work.log + "2")) == (N_FILES, N_FILES)


SCRIPT = """
import sys
import joblib, mmsk
import numpy as np
from byte_counts import ByteCounts, computed

class Mine(ByteCounts):
    def _extract(self, samples):
        return super()._extract(samples) * 1

def work(extractor, cells):
    return extractor.transform(cells)

if __name__ == "__main__":
    store, log, cells = sys.argv[1:]
    mmsk.set_config(cache_dir=store)
    cells = open(cells).read().split()
    half = len(cells) // 2
    tasks = [joblib.delayed(work)(Mine(log), part) for part in (cells[half:], cells, cells[:half])]
    joblib.Parallel(n_jobs=2)(tasks)
    Mine(log).transform(cells)
    print(computed(log))
"""


def test_a_class_of_a_script_is_kept_once_for_its_workers_and_anew_when_edited(work):
    cells = work.folder / "cells.txt"
    cells.write_text("\n".join(work.paths))
    script = work.folder / "script.py"
    counts = []
    for source in (SCRIPT, SCRIPT.replace("* 1", "* 2")):
        script.write_text(source)
        run_file = f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"
        out, err = run(run_file, work.store, work.log, cells)
        assert "CacheWarning" not in err
        counts.append(int(out))
    assert counts == [N_FILES, 2 * N_FILES]


def test_another_device_or_batch_size_hits(work):
    work.transform()
    for parameters in ({"device": "cuda"}, {"batch_size": 7}, {"n_jobs": 2}):
        check_right(work, work.transform(**parameters))
    assert work.n_computed == N_FILES


def test_changed_weights_under_the_same_name_are_noticed(work):
    torch = pytest.importorskip("torch")
    import torchvision

    from mmsk.image import CNNEmbedder

    weights = str(work.folder / "weights.pt")
    picture = [np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)]
    rows = []
    for seed in (0, 1, 0):
        torch.manual_seed(seed)
        torch.save(torchvision.models.squeezenet1_0().state_dict(), weights)
        rows.append(CNNEmbedder("squeezenet1_0", weights=weights, image_size=40).transform(picture))
    assert rows[0].tobytes() == rows[2].tobytes() != rows[1].tobytes()
    assert len(mmsk.cache_info()) == 2


def test_stricter_limits_are_not_passed_by_a_hit(work):
    import PIL.Image

    from mmsk.exceptions import ReadError
    from mmsk.image import HOGEmbedder, ImageReader

    path = work.folder / "picture.png"
    PIL.Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(path)
    HOGEmbedder(16).transform([str(path)])
    (work.folder / "root").mkdir()
    for limits, message in [
        ({"max_pixels": 1999}, "max_pixels"),
        ({"max_bytes": 20}, "max_bytes"),
        ({"root": str(work.folder / "root")}, "leaves root"),
    ]:
        with pytest.raises(ReadError, match=message):
            HOGEmbedder(16, reader=ImageReader(**limits)).transform([str(path)])
