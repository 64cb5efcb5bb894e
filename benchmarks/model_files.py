"""Size and time of saving and loading: mmsk, joblib and skops, for one pipeline of five modalities.

Texts, pictures (a network by reference), sounds, videos and series of `make_multimodal`, fused for
an SVC. Each way saves and loads in turn, in one process, on one thread; medians of the rounds, of
processor time. skops alone is given all types as trusted. Then a first load in a new process.

    python benchmarks/model_files.py            # 200 rows, 5 rounds
    python benchmarks/model_files.py --quick    # 40 rows, 3 rounds
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
from typing import Any

import joblib
import numpy as np
import torch
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from skops import io as skops_io
from threadpoolctl import threadpool_limits
from torchvision.models import resnet18

import mmsk
from mmsk import (
    CNNEmbedder,
    ConcatFusion,
    LogMelEmbedder,
    MiniRocketEmbedder,
    ModalityTransformer,
    MotionDescriptors,
    TfidfEmbedder,
)
from mmsk.datasets import make_multimodal

FIRST_LOAD = """
import sys, time
start = time.process_time()
if sys.argv[1] == "mmsk":
    import mmsk
    mmsk.load(sys.argv[2])
else:
    import joblib
    joblib.load(sys.argv[2])
print(time.process_time() - start)
"""


def seconds(action: Callable[..., object], *arguments: object, **options: object) -> float:
    start = time.process_time()
    action(*arguments, **options)
    return time.process_time() - start


def fitted(n_rows: int, folder: Path) -> tuple[Any, Any]:
    table, y = make_multimodal(
        n_rows,
        modalities=["text", "image", "audio", "video", "series"],
        folder=folder,
        random_state=0,
    )
    weights = folder / "resnet18.pth"
    torch.save(resnet18().state_dict(), weights)
    features = ModalityTransformer(
        [
            ("text", TfidfEmbedder(ngram_range=(1, 2)), "text"),
            ("image", CNNEmbedder(weights=str(weights), image_size=64), "image"),
            ("audio", LogMelEmbedder(sample_rate=8000), "audio"),
            ("video", MotionDescriptors(), "video"),
            ("series", MiniRocketEmbedder(device="cpu"), "series"),
        ]
    )
    return make_pipeline(features, ConcatFusion(), SVC()).fit(table, y), table


def ways(model: Any, folder: Path) -> dict[str, tuple[Path, Callable, Callable]]:
    types = skops_io.get_untrusted_types(data=skops_io.dumps(model))
    return {
        "`mmsk.save`, `mmsk.load`": (
            folder / "model.mmsk",
            lambda path: mmsk.save(model, path),
            mmsk.load,
        ),
        "the same, `embed_weights=True`": (
            folder / "embedded.mmsk",
            lambda path: mmsk.save(model, path, embed_weights=True),
            mmsk.load,
        ),
        "joblib": (
            folder / "model.joblib",
            lambda path: joblib.dump(model, path),
            joblib.load,
        ),
        "joblib, `compress=3`": (
            folder / "compressed.joblib",
            lambda path: joblib.dump(model, path, compress=3),
            joblib.load,
        ),
        "skops": (
            folder / "model.skops",
            lambda path: skops_io.dump(model, path),
            lambda path: skops_io.load(path, trusted=types),
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    n_rows, n_rounds = (40, 3) if quick else (200, 5)
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        folder = Path(name)
        model, table = fitted(n_rows, folder)
        expected = model.decision_function(table[:20])
        saving: dict[str, list[float]] = {}
        loading: dict[str, list[float]] = {}
        all_ways = ways(model, folder)
        for _ in range(n_rounds):
            for way, (path, save, load) in all_ways.items():
                saving.setdefault(way, []).append(seconds(save, path))
                loading.setdefault(way, []).append(seconds(load, path))
        print("| way | MB | save, s | load, s | equal |\n|---|---|---|---|---|")
        for way, (path, _, load) in all_ways.items():
            same = np.array_equal(load(path).decision_function(table[:20]), expected)
            times = f"{median(saving[way]):.3f} | {median(loading[way]):.3f}"
            print(f"| {way} | {path.stat().st_size / 1e6:.2f} | {times} | {same} |")
        print("\nfirst load in a new process, imports included:")
        for way, path in [("mmsk", "model.mmsk"), ("joblib", "model.joblib")]:
            command = [sys.executable, "-c", FIRST_LOAD, way, str(folder / path)]
            times = [float(subprocess.check_output(command, text=True)) for _ in range(3)]
            print(f"{way}: {median(times):.1f} s")


if __name__ == "__main__":
    main()
