"""No connection, nothing written elsewhere, no pickle from the store, no file left behind."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import soundfile
from byte_counts import ByteCounts
from scripts import run, start

import mmsk
from mmsk._replace import replacing
from mmsk.extraction import _store
from mmsk.extraction._store import Session, prepare_store

FIT = """
import json, os, sys

out, events = sys.argv[1], []

def note(event, arguments):
    if event.startswith(("socket.", "os.exec", "os.fork", "os.posix_spawn", "os.system")):
        events.append([event, ""])
    elif event == "subprocess.Popen" and "ldconfig" not in str(arguments[0]):
        events.append([event, ""])  # torch asks ldconfig where libraries are when it is imported
    elif event == "open":
        path, mode, flags = arguments
        writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
        if not isinstance(path, int) and (set(mode or "") & set("wax+") or flags & writes):
            events.append([event, os.path.abspath(os.fsdecode(path))])
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.utime"):
        if not isinstance(arguments[0], int):
            events.append([event, os.path.abspath(os.fsdecode(arguments[0]))])
    elif event in ("os.rename", "os.link", "os.symlink"):
        events.extend([event, os.path.abspath(os.fsdecode(path))] for path in arguments[:2])

sys.addaudithook(note)
import pandas as pd
import mmsk

table = pd.read_json(sys.argv[2])
y = table.pop("y")
networks = {"image": mmsk.CNNEmbedder("squeezenet1_0", weights=None, device="cpu")}
model = mmsk.multimodal_pipeline(table, extractors=networks).fit(table, y)
predicted = model.predict(table)
mmsk.audit(table, y=y)
with open(3, "w") as answer:
    json.dump([events, len(predicted), mmsk.cache_info()["rows"].tolist()], answer)
"""
MODALITIES = ["text", "image", "audio", "video", "series", "numeric"]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A process with folders of its own that fits and predicts; and what it did."""
    place = tmp_path_factory.mktemp("place")
    folders = {name: place / name for name in ("home", "temporary", "working", "store")}
    for name in ("home", "temporary", "working"):
        folders[name].mkdir()
    table, y = mmsk.datasets.make_multimodal(
        12, folder=place / "made", modalities=MODALITIES, random_state=0
    )
    table.assign(y=y).to_json(place / "table.json")
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "COV_", "COVERAGE_", "MPL", "TORCH", "HF_", "JOBLIB_"))
    }
    reading, writing = os.pipe()
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import os; os.dup2({writing}, 3)\n{FIT}",
            "",
            place / "table.json",
        ],
        env=kept
        | {
            "HOME": str(folders["home"]),
            "TMPDIR": str(folders["temporary"]),
            "MMSK_CACHE_DIR": str(folders["store"]),
        },
        cwd=folders["working"],
        pass_fds=[writing],
        capture_output=True,
        text=True,
    )
    os.close(writing)
    assert process.returncode == 0, process.stderr
    with os.fdopen(reading) as answer:
        events, n_predicted, n_rows = json.load(answer)
    assert n_predicted == 12
    assert n_rows
    assert set(n_rows) == {12}
    return folders, before, events


def test_no_connection_is_opened_and_no_process_started(fitted):
    _, _, events = fitted
    assert [event for event, path in events if not path] == []


def test_nothing_is_written_outside_the_store(fitted):
    folders, before, events = fitted
    place = folders["home"].parent
    new = {path for path in place.rglob("*") if path not in before}
    # torch makes an empty folder when it is imported.
    new = {path for path in new if not path.name.startswith("torchinductor_")}
    assert {path.relative_to(place).parts[0] for path in new} == {"store"}
    assert {path: path.stat().st_mtime_ns for path in before if path.is_file()} == {
        path: changed for path, changed in before.items() if path.is_file()
    }
    # Python and numba keep compiled code beside the source, as they do for every package.
    elsewhere = {
        path
        for _, path in events
        if path
        and not path.startswith((str(folders["store"]), str(folders["temporary"])))
        and "__pycache__" not in path
        and path != os.devnull
    }
    assert elsewhere == set()


def test_the_store_is_for_its_owner_only(fitted):
    store = fitted[0]["store"]
    found = {path: path.stat().st_mode & 0o777 for path in [store, *store.rglob("*")]}
    assert {mode for path, mode in found.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in found.items() if path.is_file()} == {0o600}


class Marking:
    """Writes a file when it is loaded from a pickle."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (Path(self.marker),)


READ = """
import sys
loaded = []
sys.addaudithook(lambda event, arguments: event == "pickle.find_class" and loaded.append(arguments))
import mmsk
import numpy as np
mmsk.set_config(cache_dir=sys.argv[1])
pictures = [np.full((9, 9), value, dtype=np.uint8) for value in range(5)]
rows = mmsk.ColorHistogramEmbedder().fit_transform(pictures)
print(len(mmsk.cache_info()), len(loaded), rows.tobytes().hex())
"""
PICTURES = [np.full((9, 9), value, dtype=np.uint8) for value in range(5)]


@pytest.mark.parametrize("kind", ["pickle", "array of objects"])
def test_no_pickle_is_read_from_the_store(tmp_path, kind):
    """In the place of every file that the store has, and under other names that are often read."""
    store, marker = tmp_path / "store", tmp_path / "marker"
    with mmsk.config_context(cache=True, cache_dir=store):
        rows = mmsk.ColorHistogramEmbedder().fit_transform(PICTURES)
    if kind == "pickle":
        content = pickle.dumps(Marking(marker))
    else:
        with open(tmp_path / "a.npy", "wb") as file:
            np.save(file, np.array([Marking(marker)], dtype=object), allow_pickle=True)
        content = (tmp_path / "a.npy").read_bytes()
    files = [path for path in store.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"format.json", "about.json", "keys.bin", "rows.bin"}
    for path in files:
        path.write_bytes(content)
    for name in ("rows.npy", "rows.pkl", "index.pkl", "output.pkl", "func_code.py", "state.joblib"):
        for folder in {path.parent for path in files}:
            (folder / name).write_bytes(content)
    found, _ = run(READ, store)
    assert found.split() == ["1", "0", rows.tobytes().hex()]
    assert not marker.exists()
    np.load(store / "rows.npy", allow_pickle=True)  # what was planted does run when it is loaded
    assert marker.exists()


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o707])
def test_a_store_that_every_user_may_write_to_is_not_used(tmp_path, mode):
    store = tmp_path / "store"
    store.mkdir()
    store.chmod(mode)
    with pytest.raises(PermissionError, match=f"every user may write to it .mode {mode:o}.: give"):
        prepare_store(store)
    assert list(store.iterdir()) == []
    extractor = ByteCounts(str(tmp_path / "log"))
    with mmsk.config_context(cache=True, cache_dir=store):
        with pytest.warns(mmsk.CacheWarning, match="cannot be used: every user may write to it"):
            assert extractor.transform([b"abc"]).shape == (1, 4)
        with pytest.raises(PermissionError, match="every user may write to it"):
            mmsk.clear_cache()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root to change owners")
@pytest.mark.parametrize(("owner", "accepted"), [(1234, False), (0, True), (4321, True)])
def test_a_store_of_another_user_is_not_used(tmp_path, monkeypatch, owner, accepted):
    tmp_path.chmod(0o755)
    os.chown(tmp_path, owner, owner)
    monkeypatch.chdir(tmp_path)  # folders around it are closed to another user
    refused = pytest.raises(PermissionError, match=r"another user \(number 1234\): give")
    os.seteuid(4321)
    try:
        with nullcontext() if accepted else refused:
            _store.check_own(Path())
    finally:
        os.seteuid(0)


def test_folders_around_the_store_are_for_their_owner_only(tmp_path):
    before = os.umask(0)
    try:
        prepare_store(tmp_path / "home" / "cache" / "store")
    finally:
        os.umask(before)
    for folder in ("home", "home/cache", "home/cache/store"):
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder of temporary files, which a test must leave empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("kept", [1.0, 0.5, 0.01])
def test_sounds_leave_no_temporary_file(tmp_path, kept):
    tone = np.sin(np.arange(8000) / 5)
    soundfile.write(tmp_path / "a.mp3", tone, 8000)
    content = (tmp_path / "a.mp3").read_bytes()
    extractor = mmsk.MFCC(on_error="missing")
    with pytest.warns(mmsk.BadCellWarning) if kept < 1 else np.errstate():
        extractor.fit_transform([content[: int(kept * len(content))]])


INTERRUPTED = """
import sys
import mmsk
from byte_counts import ByteCounts
mmsk.set_config(cache_dir=sys.argv[1])
print("ready", flush=True)
ByteCounts(sys.argv[2], seconds_a_row=0.02).transform([bytes([value]) for value in range(250)])
"""


def test_ctrl_c_leaves_no_part_of_a_file(tmp_path):
    store, temporary = tmp_path / "store", tmp_path / "temporary"
    temporary.mkdir()
    process = start(INTERRUPTED, store, tmp_path / "log", TMPDIR=str(temporary))
    while process.poll() is None and not any(store.glob("*/rows.bin")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    left = {path.name for path in store.rglob("*") if path.suffix in (".part", ".items")}
    assert left == set()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_file_that_is_not_finished_is_removed(tmp_path, monkeypatch, error):
    def fail(file, target):
        raise error

    monkeypatch.setattr(os, "replace", fail)  # which that of Path calls, too
    with pytest.raises(error), replacing(tmp_path / "weights.safetensors") as file:
        file.write(b"abc")
    with pytest.raises(error):
        Session(tmp_path / "store", "table", 2, {}, 10**6)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_weights_are_written_with_the_mode_that_the_user_has_set(tmp_path):
    before = os.umask(0o077)
    try:
        with replacing(tmp_path / "a.safetensors") as file:
            file.write(b"abc")
    finally:
        os.umask(before)
    assert (tmp_path / "a.safetensors").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a.safetensors").read_bytes() == b"abc"
