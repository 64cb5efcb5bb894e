import os
import pickle
import threading
from importlib.util import find_spec
from pathlib import Path

import joblib
import pytest
from byte_counts import computed
from letter_counts import LetterCounts
from scripts import run

import mmsk
from mmsk import _config
from mmsk._config import Config, config_to_send, current_config, receive_config


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    monkeypatch.setattr(_config, "_global", Config())
    monkeypatch.setattr(_config, "_set_in_process", None)
    monkeypatch.delenv("MMSK_CACHE_DIR")


def test_settings_are_changed_one_by_one(tmp_path):
    mmsk.set_config(cache_dir=tmp_path)
    mmsk.set_config(cache_limit_bytes=5)
    mmsk.set_config(cache=False)
    mmsk.set_config(progress=True)
    expected = {"cache": False, "cache_dir": str(tmp_path), "cache_limit_bytes": 5}
    mmsk.set_config(decode_workers="process")
    mmsk.set_config(decode_seconds=2)
    expected |= {"progress": True, "decode_workers": "process", "decode_seconds": 2}
    assert mmsk.get_config() == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cache": "off"}, "cache='off' is not one of True, False"),
        ({"progress": 1}, "progress=1 is not one of True, False"),
        ({"decode_workers": "fork"}, "decode_workers='fork' is not one of 'thread', 'process'"),
        ({"decode_seconds": 0}, "decode_seconds=0 is not a number above 0 and at most 86400"),
        ({"decode_seconds": float("inf")}, "decode_seconds=inf is not a number above 0"),
        ({"cache_limit_bytes": -1}, "cache_limit_bytes=-1 is not an integer of at least 0"),
        ({"cache_limit_bytes": 1.5}, "cache_limit_bytes=1.5 is not an integer"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    before = mmsk.get_config()
    with pytest.raises(ValueError, match=message):
        mmsk.set_config(**settings)
    with pytest.raises(ValueError, match=message), mmsk.config_context(**settings):
        pass
    assert mmsk.get_config() == before


def test_a_relative_folder_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mmsk.set_config(cache_dir="rows")
    monkeypatch.chdir("/")
    assert current_config().folder == tmp_path / "rows"


def test_contexts_nest():
    with mmsk.config_context(cache_limit_bytes=1):
        with mmsk.config_context(cache=False):
            assert mmsk.get_config()["cache_limit_bytes"] == 1
            assert not mmsk.get_config()["cache"]
        assert mmsk.get_config()["cache"]
    assert current_config() == Config()


def test_a_context_ends_with_an_error():
    with pytest.raises(KeyError, match="x"), mmsk.config_context(cache_limit_bytes=1):
        raise KeyError("x")
    assert current_config() == Config()


def test_a_thread_follows_its_own_context_then_the_open_one():
    seen, entered, look = [], threading.Event(), threading.Event()

    def work():
        seen.append(current_config().cache_limit_bytes)
        with mmsk.config_context(cache_limit_bytes=2):
            entered.set()
            look.wait(10)
            seen.append(current_config().cache_limit_bytes)
        seen.append(current_config().cache_limit_bytes)

    with mmsk.config_context(cache_limit_bytes=1):
        thread = threading.Thread(target=work)
        thread.start()
        entered.wait(10)
        assert current_config().cache_limit_bytes == 1
        with mmsk.config_context(cache_limit_bytes=3):
            look.set()
            thread.join()
    assert seen[:2] == [1, 2]
    assert seen[2] in (1, 3)


@pytest.mark.parametrize(
    ("variable", "cache_dir", "folder"),
    [
        ("/rows", None, "/rows"),
        ("~/rows", None, "{home}/rows"),
        ("/rows", "/mine", "/mine"),
        ("off", None, None),
        ("", None, None),
        ("0", None, None),
        ("off", "/mine", "/mine"),
        (None, None, "{home}/.cache/mmsk/features"),
    ],
)
def test_where_the_store_is(monkeypatch, tmp_path, variable, cache_dir, folder):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if variable is not None:
        monkeypatch.setenv("MMSK_CACHE_DIR", variable)
    mmsk.set_config(cache_dir=cache_dir)
    expected = None if folder is None else Path(folder.format(home=tmp_path))
    assert current_config().folder == expected
    with mmsk.config_context(cache=False):
        assert current_config().folder is None


@pytest.mark.parametrize(("base", "used"), [("/base", True), ("base", False), ("", False)])
def test_the_user_cache_folder(monkeypatch, tmp_path, base, used):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", base)
    parent = Path(base) if used else tmp_path / ".cache"
    assert current_config().folder == parent / "mmsk" / "features"


def test_a_user_without_home_is_told_what_to_do(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(FileNotFoundError, match="set MMSK_CACHE_DIR, or give a folder with mmsk"):
        _ = current_config().folder
    assert config_to_send()["config"] == vars(Config())


def test_settings_are_taken_from_the_parent_only(monkeypatch, tmp_path):
    with mmsk.config_context(cache_dir=tmp_path):
        sent = config_to_send()
    assert sent["process"][0] == os.getpid()
    receive_config(sent)
    assert current_config() == Config()  # this process is not its own child
    monkeypatch.setattr(os, "getppid", os.getpid)
    receive_config(sent)
    assert current_config() == Config(cache_dir=str(tmp_path))
    another = {**sent, "process": (os.getpid(), "started another day")}
    receive_config({**another, "config": vars(Config())})
    assert current_config() == Config(cache_dir=str(tmp_path))


def test_what_a_worker_has_set_itself_stays(monkeypatch):
    sent = config_to_send()
    monkeypatch.setattr(os, "getppid", os.getpid)
    mmsk.set_config(cache_limit_bytes=7)
    receive_config(sent)
    assert mmsk.get_config()["cache_limit_bytes"] == 7


def test_the_folder_is_sent_as_the_parent_sees_it(monkeypatch, tmp_path):
    monkeypatch.setenv("MMSK_CACHE_DIR", str(tmp_path))
    assert config_to_send()["config"]["cache_dir"] == str(tmp_path)
    monkeypatch.setenv("MMSK_CACHE_DIR", "off")
    assert config_to_send()["config"]["cache"] is False


@pytest.mark.parametrize("protocol", range(6))
def test_settings_leave_no_trace_on_the_extractor(protocol):
    extractor = LetterCounts("xyz")
    copy = pickle.loads(pickle.dumps(extractor, protocol))
    assert vars(copy) == vars(extractor)


def test_hashes_of_joblib_depend_on_no_setting(tmp_path):
    before = joblib.hash(LetterCounts())
    with mmsk.config_context(cache_dir=tmp_path):
        assert joblib.hash(LetterCounts()) == before


SEARCH = """
import sys
from contextlib import nullcontext
from pathlib import Path
import joblib
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
import mmsk
from byte_counts import ByteCounts, computed, write_files

def search(backend, log, cells):
    model = make_pipeline(ByteCounts(log), SimpleImputer(), GaussianNB())
    grid = {"gaussiannb__var_smoothing": [1e-9, 1e-3]}
    with joblib.parallel_config(backend, n_jobs=2) if backend else nullcontext():
        GridSearchCV(model, grid, cv=2, n_jobs=2, error_score="raise").fit(cells, [0, 1] * 6)
    print(computed(log), flush=True)

def main(backend, folder):
    log, cells = str(folder / "log"), write_files(folder / "cells", 12)
    mmsk.set_config(cache_dir=folder / "one")
    search(backend, log, cells)                    # 12
    search(backend, log, cells)                    # 12
    with mmsk.config_context(cache_dir=folder / "two"):
        search(backend, log, cells)                # 24
    search(backend, log, cells)                    # 24: one again
    with mmsk.config_context(cache=False):
        search(backend, log, cells)                # 24 + at least 48
    mmsk._config._global = mmsk._config.Config()   # the default: MMSK_CACHE_DIR
    search(backend, log, cells)                    # + 12
    print(sorted(path.parent.name for path in folder.glob("*/format.json")))

if __name__ == "__main__":
    backend, folder = sys.argv[1], Path(sys.argv[2])
    if backend == "dask":
        from distributed import Client, LocalCluster
        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with LocalCluster(processes=True, **options) as cluster, Client(cluster):
            main(backend, folder)
    else:
        main(backend, folder)
"""


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing", "dask"])
def test_workers_follow_the_settings_of_their_parent(tmp_path, backend):
    if backend == "dask" and find_spec("distributed") is None:
        pytest.skip("distributed is not installed")
    script = tmp_path / "search.py"
    script.write_text(SEARCH)
    run_file = f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"
    out, _ = run(run_file, backend, tmp_path, MMSK_CACHE_DIR=str(tmp_path / "default"))
    one, again, two, one_again, without, last, folders = out.splitlines()
    assert (one, again, two, one_again) == ("12", "12", "24", "24")
    assert int(without) >= 24 + 2 * 24
    assert int(last) == int(without) + 12 == computed(tmp_path / "log")
    assert folders == "['default', 'one', 'two']"


def test_processes_need_what_windows_lacks(monkeypatch):
    monkeypatch.setattr(_config.os, "name", "nt")
    with pytest.raises(ValueError, match="decode_workers='process' needs Linux or macOS"):
        mmsk.set_config(decode_workers="process")


def test_where_cells_are_read_travels_with_an_extractor(monkeypatch):
    with mmsk.config_context(decode_workers="process", decode_seconds=3.5):
        sent = pickle.loads(pickle.dumps(config_to_send()))
    monkeypatch.setattr(os, "getppid", os.getpid)
    receive_config(sent)
    assert (current_config().decode_workers, current_config().decode_seconds) == ("process", 3.5)


def test_a_folder_must_be_a_path():
    with pytest.raises(ValueError, match="cache_dir=3 is not a path"):
        mmsk.set_config(cache_dir=3)
