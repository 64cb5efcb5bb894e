import json
import os
import threading

import numpy as np
import pytest

from mmsk.extraction import _store
from mmsk.extraction._store import (
    Session,
    evict,
    last_used,
    prepare_store,
    read_hits,
    remove_table,
    size_of,
    table_folders,
)

NO_LIMIT = 2**40


def open_session(store, name="table", width=2, limit_bytes=NO_LIMIT):
    return Session(store, name, width, {"class": "a.B", "parameters": {}}, limit_bytes)


def digests(*numbers):
    return [number.to_bytes(16, "big") for number in numbers]


def write(store, name, n_rows=10, limit_bytes=NO_LIMIT, seconds_old=0):
    """Write a table of rows of 8 bytes and let it look old."""
    session = open_session(store, name, limit_bytes=limit_bytes)
    session.write(session.claim(digests(*range(n_rows))), np.ones((n_rows, 2), np.float32))
    session.close()
    about = store / name / "about.json"
    if about.exists():
        os.utime(about, (about.stat().st_mtime - seconds_old,) * 2)


def names(store):
    return {folder.name for folder in table_folders(store)}


def test_what_one_session_writes_another_reads(tmp_path):
    session = open_session(tmp_path)
    assert session.claim(digests(1, 2)) == digests(1, 2)
    session.write(digests(2, 1), np.array([[2, 2], [1, 1]], dtype=np.float32))
    session.close()
    session = open_session(tmp_path)
    found, rows = session.read(digests(1, 3, 2))
    session.close()
    assert found.tolist() == [True, False, True]
    assert rows.tolist() == [[1, 1], [2, 2]]
    assert read_hits(tmp_path / "table") == 2
    assert not list((tmp_path / "table" / "claims").iterdir())


def test_an_item_is_claimed_by_one_session_at_a_time(tmp_path):
    one, two = open_session(tmp_path), open_session(tmp_path)
    assert one.claim(digests(1, 2)) == digests(1, 2)
    assert two.claim(digests(2, 3)) == digests(3)
    one.write(digests(1), np.zeros((1, 2), np.float32))
    one.release()
    assert two.claim(digests(1, 2)) == digests(2)
    one.close()
    two.close()


def test_folders_and_files_are_for_their_owner_only(tmp_path):
    before = os.umask(0)
    try:
        store = tmp_path / "new" / "store"
        session = open_session(store)
        session.claim(digests(1))
        session.write(digests(1), np.zeros((1, 2), np.float32))
        session.n_hits = 1
        modes = {path: path.stat().st_mode & 0o777 for path in store.rglob("*")}
        session.close()
        modes.update({path: path.stat().st_mode & 0o777 for path in store.rglob("*")})
    finally:
        os.umask(before)
    assert store.stat().st_mode & 0o777 == 0o700
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} == {"0o700"}
    assert {oct(mode) for path, mode in modes.items() if path.is_file()} == {"0o600"}


def test_a_store_behind_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", "table")
    session = open_session(tmp_path / "real")
    assert session.read(digests(1))[0].all()
    session.close()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '"x"', '{"format": "x"}', '{"other": 1}', "\x00\xff"]
)
def test_a_damaged_format_file_is_written_anew(tmp_path, content):
    (tmp_path / "format.json").write_text(content, encoding="latin-1")
    prepare_store(tmp_path)
    assert json.loads((tmp_path / "format.json").read_text()) == {"format": 1}


def test_a_newer_format_is_refused(tmp_path):
    (tmp_path / "format.json").write_text('{"format": 2}')
    with pytest.raises(OSError, match=r"newer mmsk, in format 2, and this one knows 1: upgrade"):
        open_session(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["format.json"]


@pytest.mark.parametrize("left_bytes", [0, 3, 8, 13])
def test_a_damaged_count_of_hits_goes_on(tmp_path, left_bytes):
    write(tmp_path, "table")
    (tmp_path / "table" / "hits").write_bytes((5).to_bytes(8, "little") * 2)
    os.truncate(tmp_path / "table" / "hits", left_bytes)
    session = open_session(tmp_path)
    session.read(digests(0, 1))
    session.close()
    assert read_hits(tmp_path / "table") >= 0


def test_tables_not_used_for_longest_go_first(tmp_path):
    for number in range(4):
        write(tmp_path, f"table{number}", seconds_old=100 - 10 * number)
    size = size_of(tmp_path / "table3")
    write(tmp_path, "table4", limit_bytes=3 * size + 100)
    assert names(tmp_path) == {"table2", "table3", "table4"}
    session = open_session(tmp_path, "table2")  # used now, so that table3 is the oldest
    session.close()
    write(tmp_path, "table5", limit_bytes=3 * size + 100)
    assert names(tmp_path) == {"table2", "table4", "table5"}


def test_a_table_in_use_is_never_removed(tmp_path):
    session = open_session(tmp_path, "used")
    session.write(session.claim(digests(1)), np.ones((1, 2), np.float32))
    assert not remove_table(tmp_path / "used")
    write(tmp_path, "other", limit_bytes=0)
    assert names(tmp_path) == {"used"}
    assert session.read(digests(1))[1].tolist() == [[1, 1]]
    session.close()
    assert remove_table(tmp_path / "used")
    assert names(tmp_path) == set()


def test_a_table_that_is_removed_under_a_reader_begins_anew(tmp_path):
    write(tmp_path, "table")
    session = open_session(tmp_path)
    assert remove_table(tmp_path / "table")
    assert not session.read(digests(1, 2))[0].any()
    session.write(session.claim(digests(2)), np.ones((1, 2), np.float32))
    assert session.read(digests(1, 2))[1].tolist() == [[1, 1]]
    assert session.table.n_damaged == 0
    session.close()
    assert names(tmp_path) == {"table"}


def test_a_removed_table_begins_anew(tmp_path):
    write(tmp_path, "table")
    remove_table(tmp_path / "table")
    session = open_session(tmp_path)
    assert not session.read(digests(1, 2))[0].any()
    session.write(session.claim(digests(2)), np.ones((1, 2), np.float32))
    assert session.read(digests(1, 2))[0].tolist() == [False, True]
    assert session.table.n_damaged == 0
    session.close()


def test_what_a_killed_process_began_to_remove_is_no_table(tmp_path):
    write(tmp_path, "table")
    write(tmp_path, "trash-1")
    assert names(tmp_path) == {"table"}
    evict(tmp_path, NO_LIMIT)
    assert not (tmp_path / "trash-1").exists()


def test_a_table_that_vanishes_meanwhile_has_no_size_and_no_age(tmp_path):
    assert size_of(tmp_path / "absent") == last_used(tmp_path / "absent") == 0
    assert remove_table(tmp_path / "absent")


def test_many_tables_do_not_stay_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(_store, "_tables", {})
    monkeypatch.setattr(_store, "MOST_OPEN_TABLES", 3)
    for number in range(10):
        write(tmp_path, f"table{number}", n_rows=1)
    assert len(_store._tables) <= 3
    assert len(names(tmp_path)) == 10


def test_sessions_that_open_and_clear_one_table_at_a_time(tmp_path):
    """Opening, writing and removing the same table from many threads ends without an error."""
    errors = []

    def work(number):
        try:
            for round_ in range(8):
                session = open_session(tmp_path, limit_bytes=0 if number % 2 else NO_LIMIT)
                mine = session.claim(digests(*range(round_, round_ + 5)))
                session.write(mine, np.full((len(mine), 2), number, np.float32))
                session.read(digests(*range(10)))
                session.close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
