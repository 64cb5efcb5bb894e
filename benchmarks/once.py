"""How many rows pass through an extractor in a search, beside other ways to keep them.

Each case runs in a process of its own, over the same pictures, three times: with the feature
store, with the store off, and with the store off and scikit-learn's ``Pipeline(memory=)``. The
extractors append to a file for every row that they compute, in whatever process. The figure is
the number of computed rows over the number of pictures, for each extractor: 1 is once.

    python benchmarks/once.py            # 100 pictures
    python benchmarks/once.py --quick    # 30 pictures
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import PIL.Image
from counted import LOG, CountedColors, CountedHOG
from sklearn.ensemble import StackingClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

import mmsk
from mmsk import ModalityTransformer, WeightedFusion

PENALTIES = {"head__C": [0.1, 1.0, 10.0, 100.0]}
MODES = ("store", "off", "memory")


def model(memory: str | None, two: bool = False, head: object = None) -> Pipeline:
    extractors = [("shapes", CountedHOG(32), "photo")]
    if two:
        extractors.append(("colors", CountedColors(), "photo"))
    steps = [
        ("features", ModalityTransformer(extractors)),
        ("fusion", WeightedFusion()),
        ("head", SVC() if head is None else head),
    ]
    return Pipeline(steps, memory=memory)


def grid(memory: str | None, **options: object) -> GridSearchCV:
    return GridSearchCV(model(memory), PENALTIES, cv=5, error_score="raise", **options)


def weights(memory: str | None) -> GridSearchCV:
    values = {"fusion__weights": [{"shapes": w, "colors": 1 - w} for w in (0.2, 0.4, 0.6, 0.8)]}
    return GridSearchCV(model(memory, two=True), values, cv=5, error_score="raise")


def stacking(memory: str | None) -> StackingClassifier:
    heads = [("svc", model(memory)), ("bayes", model(memory, head=GaussianNB()))]
    return StackingClassifier(heads, cv=5)


def randomized(memory: str | None) -> RandomizedSearchCV:
    return RandomizedSearchCV(model(memory), PENALTIES, n_iter=4, cv=5, random_state=0)


def nested(memory: str | None, table: pd.DataFrame, y: np.ndarray) -> None:
    cross_val_score(grid(memory), table, y, cv=3)


def on_dask(memory: str | None, table: pd.DataFrame, y: np.ndarray) -> None:
    from distributed import Client, LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    cluster = LocalCluster(processes=True, **options)
    with cluster, Client(cluster), joblib.parallel_config("dask"):
        grid(memory).fit(table, y)


def with_dask_ml(memory: str | None, table: pd.DataFrame, y: np.ndarray) -> None:
    from dask_ml.model_selection import GridSearchCV

    GridSearchCV(model(None), PENALTIES, cv=5, scheduler="threads").fit(table, y)


def with_embetter(memory: str | None, table: pd.DataFrame, y: np.ndarray) -> None:
    from embetter.utils import cached

    with tempfile.TemporaryDirectory() as folder:
        steps = [("shapes", cached(folder, CountedHOG(32))), ("head", SVC())]
        GridSearchCV(Pipeline(steps), PENALTIES, cv=5).fit(table["photo"].tolist(), y)


def fit(make: object, **options: object) -> object:
    return lambda memory, table, y: make(memory, **options).fit(table, y)


CASES = {
    "grid of 4 candidates, 5 folds, n_jobs=1": fit(grid),
    "two scorers": fit(grid, scoring=["accuracy", "f1_macro"], refit="accuracy"),
    "train scores": fit(grid, return_train_score=True),
    "n_jobs=2": fit(grid, n_jobs=2),
    "grid over fusion weights, two extractors": fit(weights),
    "RandomizedSearchCV": fit(randomized),
    "nested cross-validation, 3 x 5 folds": nested,
    "StackingClassifier of two pipelines": fit(stacking),
    "Dask, two workers": on_dask,
}
OTHERS = {"dask_ml": with_dask_ml, "embetter": with_embetter}


def write_pictures(folder: Path, n_pictures: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(n_pictures):
        pixels = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
        pixels[: 20 * (number % 3)] //= 4
        PIL.Image.fromarray(pixels).save(folder / f"{number:04}.png")


def run_case(name: str, mode: str, folder: Path) -> None:
    """Run one case in this process."""
    paths = sorted(map(str, (folder / "pictures").iterdir()))
    table, y = pd.DataFrame({"photo": paths}), np.arange(len(paths)) % 3
    mmsk.set_config(cache=mode == "store", cache_dir=folder / "store" / name)
    memory = str(folder / "memory" / name) if mode == "memory" else None
    {**CASES, **OTHERS}[name](memory, table, y)


def count(name: str, mode: str, folder: Path) -> str:
    """Run one case in a new process; return computed rows over pictures."""
    log = folder / f"log-{time.monotonic_ns()}"
    command = [sys.executable, __file__, "--case", name, "--mode", mode, "--folder", str(folder)]
    subprocess.run(command, check=True, env={**os.environ, LOG: str(log)})
    n_pictures = len(list((folder / "pictures").iterdir()))
    sizes = [file.stat().st_size for file in sorted(folder.glob(f"{log.name}-*"))]
    return " + ".join(f"{size / n_pictures:.4g}" for size in sizes) or "0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--case")
    parser.add_argument("--mode")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.case:
        run_case(options.case, options.mode, options.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n_pictures = 30 if options.quick else 100
        write_pictures(folder / "pictures", n_pictures)
        print(f"{n_pictures} pictures; computed rows as multiples of that, one figure an extractor")
        print("| case | store | the same again, new process | no store | Pipeline(memory=) |")
        print("|---|---|---|---|---|")
        for case in CASES:
            if case.startswith("Dask") and find_spec("distributed") is None:
                print(f"| {case} | distributed is not installed | | | |")
                continue
            found = [count(case, mode, folder) for mode in ("store", "store", "off", "memory")]
            print(f"| {case} | {' | '.join(found)} |", flush=True)
        for package in OTHERS:
            found = count(package, "off", folder) if find_spec(package) else "not installed"
            print(f"The first case with what {package} has for it: {found}")


if __name__ == "__main__":
    main()
