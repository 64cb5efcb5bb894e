"""A frozen extractor of files that notes every row it computes, for tests of the feature store."""

import os
import time
from pathlib import Path

import numpy as np

from mmsk._files import open_cell
from mmsk.exceptions import ReadError
from mmsk.extraction import CellExtractor


class ByteCounts(CellExtractor):
    """Count the bytes of a file by their two highest bits; a line of `log` for every row."""

    _strings_are = "paths"

    def __init__(
        self,
        log,
        *,
        scale=1.0,
        seconds_a_row=0.0,
        reader=None,
        on_error="raise",
        max_bad_fraction=0.1,
        batch_size=4,
        n_jobs=None,
        device="auto",
    ):
        self.log = log
        self.scale = scale
        self.seconds_a_row = seconds_a_row
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.device = device

    def _check_parameters(self):
        pass

    def _feature_names(self):
        return [f"byte{number}" for number in range(4)]

    def _prepare(self, cell):
        if isinstance(cell, np.ndarray):
            return cell.tobytes()
        with open_cell(cell, root=None, max_bytes=2**20) as file:
            content = file.read()
        if content.startswith(b"bad"):
            raise ReadError("the file is bad", "decode")
        return content

    def _extract(self, samples):
        time.sleep(self.seconds_a_row * len(samples))
        note(self.log, samples)
        counts = [np.bincount(np.frombuffer(s, np.uint8) >> 6, minlength=4) for s in samples]
        return np.array(counts, dtype=np.float32) / np.float32(7 * self.scale)


def note(log, samples):
    """Append a line per sample in one write, which no other process can tear."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b"".join(sample[:12].hex().encode() + b"\n" for sample in samples))
    os.close(descriptor)


def computed(log):
    """How many rows were computed so far."""
    return len(Path(log).read_text().split()) if Path(log).exists() else 0


def write_files(folder, n_files, start=0):
    """Write files of different content; return their paths."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.bin" for number in range(start, start + n_files)]
    for number, path in enumerate(paths, start):
        path.write_bytes(np.random.default_rng(number).bytes(64))
    return [str(path) for path in paths]


def plain_rows(cells):
    """Rows that ByteCounts gives, by other means."""
    rows = np.full((len(cells), 4), np.nan, dtype=np.float32)
    for row, cell in enumerate(cells):
        if cell is not None:
            values = list(Path(cell).read_bytes())
            rows[row] = [sum(value // 64 == high for value in values) for high in range(4)]
    return rows / np.float32(7)
