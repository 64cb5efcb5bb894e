"""What becomes of the feature store when its files are damaged."""

import os

import pytest
from kept_work import N_FILES
from scripts import run

from mmsk.exceptions import CacheWarning
from mmsk.extraction import _store
from mmsk.extraction._table import KEY

ROW_BYTES = 16
KEY_PLACES = {"digest": 3, "checksum": 17}


@pytest.mark.parametrize("number", [0, N_FILES // 2, N_FILES - 1])
@pytest.mark.parametrize("place", ["digest", "checksum", "row"])
def test_a_flipped_bit_is_mended(work, number, place):
    first = work.transform()
    name, size = ("rows.bin", ROW_BYTES) if place == "row" else ("keys.bin", KEY.itemsize)
    file = work.table_file(name)
    content = bytearray(file.read_bytes())
    content[number * size + KEY_PLACES.get(place, 5)] ^= 16
    file.write_bytes(content)
    _store._tables.clear()  # as in a new process
    if place == "digest":
        again = work.transform()  # the damaged key is of no item, which no one can tell
    else:
        with pytest.warns(CacheWarning, match="had 1 damaged rows, which were computed anew"):
            again = work.transform()
    assert again.tobytes() == first.tobytes()
    assert work.n_computed == N_FILES + 1
    _store._tables.clear()
    assert work.transform().tobytes() == first.tobytes()
    assert work.n_computed == N_FILES + 1


@pytest.mark.parametrize("name", ["keys.bin", "rows.bin"])
@pytest.mark.parametrize("left", [0.0, 0.47, 0.99])
@pytest.mark.parametrize("new_process", [False, True])
def test_a_truncated_file_is_mended(work, name, left, new_process):
    first = work.transform()
    file = work.table_file(name)
    size = file.stat().st_size
    os.truncate(file, int(size * left))
    if new_process:
        _store._tables.clear()
    if name == "rows.bin":
        with pytest.warns(CacheWarning, match="damaged rows, which were computed anew"):
            again = work.transform()
    else:
        again = work.transform()
    assert again.tobytes() == first.tobytes()
    n_lost = N_FILES - int(N_FILES * left)
    assert work.n_computed == N_FILES + n_lost
    _store._tables.clear()
    assert work.transform().tobytes() == first.tobytes()
    assert work.n_computed == N_FILES + n_lost


@pytest.mark.parametrize("name", ["keys.bin", "rows.bin"])
def test_a_file_that_shrinks_under_a_reader_kills_nothing(work, name):
    """In a process that has the table open; a memory map would end it with SIGBUS here."""
    script = """
import os, sys, warnings
import numpy as np, mmsk
from pathlib import Path
from byte_counts import ByteCounts
store, log, cells, name = sys.argv[1:]
mmsk.set_config(cache_dir=store)
cells = open(cells).read().split()
first = ByteCounts(log).transform(cells)
ByteCounts(log).transform(cells[:3])
os.truncate(next(Path(store).glob("*/" + name)), 50)
with warnings.catch_warnings(record=True):
    assert ByteCounts(log).transform(cells).tobytes() == first.tobytes()
print("alive")
"""
    cells = work.folder / "cells.txt"
    cells.write_text("\n".join(work.paths))
    assert run(script, work.store, work.log, cells, name)[0] == "alive\n"
