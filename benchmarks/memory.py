"""How often a search fits its text extractors, with and without `memory=`.

12 candidates that differ in fusion and head, 5 folds, two extractors of one column: TF-IDF of
words and pairs, and LSA. The same search without a memory, with scikit-learn's
``Pipeline(memory=)``, with ``ModalityTransformer(memory=)``, and with the latter once more over
the folder that is then full. Scores must be equal bit for bit. The extractors append to a file
for every fit and transform, in whatever process. Seconds are those of the clock, and CPU seconds
of this process.

    python benchmarks/memory.py
    python benchmarks/memory.py --n-jobs 2
    python benchmarks/memory.py --entries    # a single fit beside reading it, plain or compressed
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from counted import LOG, CountedTfidf
from real_sets import load_sentences
from sklearn.base import clone
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from mmsk import ConcatFusion, ModalityTransformer, TfidfEmbedder, WeightedFusion
from mmsk.compose._fitted_memory import Shelf
from mmsk.compose._memory_keys import fit_key

GRID = {
    "fusion": [
        ConcatFusion(),
        ConcatFusion(scale=None),
        WeightedFusion(weights={"words": 0.7, "topics": 0.3}),
        WeightedFusion(weights={"words": 0.3, "topics": 0.7}),
    ],
    "head__alpha": [1e-5, 1e-4, 1e-3],
}
EXTRACTORS = {
    "words": TfidfEmbedder(),
    "words and pairs": TfidfEmbedder(ngram_range=(1, 2)),
    "characters, 2 to 4": TfidfEmbedder(analyzer="char_wb", ngram_range=(2, 4)),
    "LSA, 100 components": TfidfEmbedder(n_components=100, random_state=0),
}
MODES = ("none", "Pipeline(memory=)", "ModalityTransformer(memory=)", "the same again")


def search(mode: str, folder: Path, n_jobs: int) -> GridSearchCV:
    of_pipeline = str(folder / "pipeline") if mode.startswith("Pipeline") else None
    kept = mode.startswith(("Modality", "the same"))
    extractors = [
        ("words", CountedTfidf(ngram_range=(1, 2)), "text"),
        ("topics", CountedTfidf(n_components=100, random_state=0), "text"),
    ]
    memory = folder / "transformer" if kept else None
    steps = [
        ("features", ModalityTransformer(extractors, memory=memory)),
        ("fusion", ConcatFusion()),
        ("head", SGDClassifier(max_iter=10, tol=None, random_state=0)),
    ]
    model = Pipeline(steps, memory=of_pipeline)
    return GridSearchCV(model, GRID, cv=5, n_jobs=n_jobs, error_score="raise")


def measure(
    mode: str, folder: Path, n_jobs: int, table: pd.DataFrame, y: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Run one search; return its scores and the figures of its row."""
    os.environ[LOG] = str(folder / f"log of {mode}")
    started = time.perf_counter(), time.process_time()
    found = search(mode, folder, n_jobs).fit(table, y)
    seconds = time.perf_counter() - started[0], time.process_time() - started[1]
    logs = [Path(f"{os.environ[LOG]}-{what}") for what in ("fits", "transforms")]
    counts = [str(log.stat().st_size) if log.exists() else "0" for log in logs]
    kept = folder / ("pipeline" if mode.startswith("Pipeline") else "transformer")
    size = megabytes(kept)
    return found.cv_results_["mean_test_score"], [
        *counts,
        *(f"{some:.1f}" for some in seconds),
        f"{size:.0f}",
    ]


def print_entries(texts: pd.Series, y: np.ndarray) -> None:
    parts = "write | read | MB"
    print(f"| extractor | digest | fit | transform | {parts} | compressed: {parts} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, extractor in EXTRACTORS.items():
        digest, _ = least_seconds(fit_key, clone(extractor), texts, y, Bunch())
        fit, block = least_seconds(extractor.fit_transform, texts)
        transform, _ = least_seconds(extractor.transform, texts)
        figures = [f"{some:.3f}" for some in (digest, fit, transform)]
        for compress in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                shelf = Shelf(joblib.Memory(folder, verbose=0, compress=compress))
                shelf.read("key")
                write, _ = least_seconds(shelf.write, "key", (block, extractor))
                read, _ = least_seconds(shelf.read, "key")
                figures += [f"{write:.3f}", f"{read:.3f}", f"{megabytes(Path(folder)):.1f}"]
        print(f"| {name} | {' | '.join(figures)} |", flush=True)


def least_seconds(call: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        result = call(*arguments)
        seconds.append(time.perf_counter() - started)
    return min(seconds), result


def megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--entries", action="store_true")
    options = parser.parse_args()
    texts, y = load_sentences("rt-polarity.all")
    if options.entries:
        print_entries(texts, y)
        return
    table = pd.DataFrame({"text": texts})
    print(f"{len(table)} texts, n_jobs={options.n_jobs}")
    print("| memory | fits | transforms | seconds | CPU seconds | MB on disk |")
    print("|---|---|---|---|---|---|")
    expected = None
    with tempfile.TemporaryDirectory() as name:
        for mode in MODES:
            scores, figures = measure(mode, Path(name), options.n_jobs, table, y)
            expected = scores if expected is None else expected
            assert np.array_equal(scores, expected)
            print(f"| {mode} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    main()
