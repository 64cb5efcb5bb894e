"""A column of files, a store and a log, for tests of what becomes of the store."""

import time

import numpy as np
from byte_counts import ByteCounts, computed, plain_rows, write_files
from scripts import start

N_FILES = 40

TRANSFORM = """
import sys
import numpy as np
import mmsk
from byte_counts import ByteCounts
store, log, cells, out, seconds, on_error = sys.argv[1:]
mmsk.set_config(cache_dir=store)
cells = open(cells).read().split()
extractor = ByteCounts(log, seconds_a_row=float(seconds), on_error=on_error, max_bad_fraction=1)
np.save(out, extractor.transform(cells))
"""


class Work:
    """A column of files, a store, and a log of what was computed."""

    def __init__(self, folder):
        self.folder = folder
        self.store = folder / "store"
        self.log = str(folder / "log")
        self.paths = write_files(folder / "cells", N_FILES)

    def transform(self, **parameters):
        return ByteCounts(self.log, **parameters).transform(self.paths)

    def start(self, name, paths=None, seconds=0.0, on_error="raise"):
        """Start a process that does the same."""
        cells = self.folder / f"{name}.txt"
        cells.write_text("\n".join(self.paths if paths is None else paths))
        out = self.folder / f"{name}.npy"
        return start(TRANSFORM, self.store, self.log, cells, out, seconds, on_error)

    def result(self, name):
        return np.load(self.folder / f"{name}.npy")

    @property
    def n_computed(self):
        return computed(self.log)

    def wait_for(self, n_rows):
        """Wait until so many rows were computed."""
        end = time.monotonic() + 60
        while self.n_computed < n_rows:
            assert time.monotonic() < end
            time.sleep(0.005)

    def table_file(self, name):
        (file,) = self.store.glob(f"*/{name}")
        return file


def check_right(work, rows, paths=None):
    np.testing.assert_array_equal(rows, plain_rows(work.paths if paths is None else paths))
