"""What the feature store costs: beside a precomputed matrix, and for reading rows from disk.

First a warm grid search (5 folds, 12 candidates) over pictures, beside the same grid on the
matrix of features made by hand, interleaved, in one process, on one thread. Then reading 10,000
rows of 512 float32 in a new process: opening the table, reading, checking and assembling the
matrix. Last the cost of a transform in which everything is known. Times are of the processor.

    python benchmarks/store.py            # 1,000 pictures, 5 rounds
    python benchmarks/store.py --quick    # 200 pictures, 2 rounds
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import PIL.Image
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

import mmsk
from mmsk import HOGEmbedder, LocalBinaryPatternEmbedder
from mmsk.extraction._table import Table

GRID = {"svc__C": [0.1, 1.0, 10.0], "svc__gamma": ["scale", 1e-4, 1e-3, 1e-2]}
N_ROWS, WIDTH = 10_000, 512
DIGESTS = [number.to_bytes(16, "big") for number in range(N_ROWS)]


def seconds(action: Callable[..., object], *arguments: object) -> float:
    start = time.process_time()
    action(*arguments)
    return time.process_time() - start


def pictures(folder: Path, n_pictures: int) -> tuple[pd.Series, np.ndarray]:
    """Write pictures whose class shows in how bright their upper part is."""
    rng = np.random.default_rng(0)
    y = np.arange(n_pictures) % 3
    paths = []
    for number in range(n_pictures):
        pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        pixels[: 16 * y[number]] //= 2
        paths.append(folder / f"{number:05}.png")
        PIL.Image.fromarray(pixels).save(paths[-1])
    time.sleep(2.1)  # younger files may still be changing, and are read again
    return pd.Series(map(str, paths), name="photo"), y


def compare_grids(folder: Path, n_pictures: int, n_rounds: int) -> None:
    photos, y = pictures(folder, n_pictures)
    print(f"\nGrid of 12 candidates, 5 folds, {n_pictures} pictures, {n_rounds} rounds; seconds")
    print("| extractor | features | matrix by hand | warm store | ratio |")
    print("|---|---|---|---|---|")
    for extractor in (LocalBinaryPatternEmbedder(64, grid=5), HOGEmbedder(32)):
        matrix = extractor.fit_transform(photos)
        plain = GridSearchCV(make_pipeline(StandardScaler(), SVC()), GRID, cv=5)
        warm = GridSearchCV(make_pipeline(extractor, StandardScaler(), SVC()), GRID, cv=5)
        times = np.array(
            [(seconds(plain.fit, matrix, y), seconds(warm.fit, photos, y)) for _ in range(n_rounds)]
        )
        scores = [grid.cv_results_["mean_test_score"] for grid in (plain, warm)]
        np.testing.assert_array_equal(*scores)
        by_hand, kept = np.median(times, axis=0)
        ratio = median(times[:, 1] / times[:, 0])
        name = type(extractor).__name__
        print(f"| {name} | {matrix.shape[1]} | {by_hand:.2f} | {kept:.2f} | {ratio:.3f} |")


def read_rows(folder: Path) -> np.ndarray:
    """Read all rows of a table in the steps of a pass."""
    table = Table(folder, WIDTH)
    table.refresh()
    matrix = np.full((N_ROWS, WIDTH), np.nan, dtype=np.float32)
    for start in range(0, N_ROWS, 64):
        found, rows = table.read(DIGESTS[start : start + 64])
        matrix[start + np.flatnonzero(found)] = rows
    return matrix


def load_rows(folder: Path) -> np.ndarray:
    return np.fromfile(folder / "rows.bin", dtype=np.float32).reshape(-1, WIDTH)


READERS = {"table": read_rows, "np.fromfile": load_rows}


def compare_reading(folder: Path, n_rounds: int) -> None:
    rows = np.random.default_rng(0).random((N_ROWS, WIDTH), dtype=np.float32)
    table = Table(folder, WIDTH)
    for start in range(0, N_ROWS, 32):
        table.append(DIGESTS[start : start + 32], rows[start : start + 32])
    print(f"\n{N_ROWS} x {WIDTH} float32 from disk, each in {2 * n_rounds} new processes")
    print("| reader | median, s | least, s |")
    print("|---|---|---|")
    times: dict[str, list[float]] = {name: [] for name in READERS}
    for _ in range(2 * n_rounds):
        for name in READERS:
            command = [sys.executable, __file__, "--read", name, str(folder)]
            times[name].append(float(subprocess.check_output(command)))
    for name, found in times.items():
        print(f"| {name} | {median(found):.4f} | {min(found):.4f} |")
    table.read(DIGESTS)
    again = min(seconds(table.read, DIGESTS) for _ in range(9))
    print(f"In the same process again: {again:.4f} s")


def fixed_cost(folder: Path, n_pictures: int) -> None:
    photos, _ = pictures(folder, n_pictures)
    extractor = LocalBinaryPatternEmbedder(64)
    for _ in range(2):
        extractor.transform(photos)
    none = min(seconds(extractor.transform, photos[:0]) for _ in range(50))
    every = min(seconds(extractor.transform, photos) for _ in range(9))
    print(f"\nA transform in which everything is known: {none * 1e3:.2f} ms", end="")
    print(f" and {(every - none) / n_pictures * 1e6:.1f} us a row, of paths")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--read", nargs=2)
    options = parser.parse_args()
    if options.read:
        name, folder = options.read
        print(seconds(READERS[name], Path(folder)))
        return
    n_pictures, n_rounds = (200, 2) if options.quick else (1000, 5)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folders = [Path(name) / part for part in ("grid", "rows", "fixed")]
        for folder in folders:
            folder.mkdir()
        with mmsk.config_context(cache=True, cache_dir=Path(name) / "store"):
            compare_grids(folders[0], n_pictures, n_rounds)
            compare_reading(folders[1], n_rounds)
            fixed_cost(folders[2], n_pictures)


if __name__ == "__main__":
    main()
