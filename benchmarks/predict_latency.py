"""How long ``predict`` of one row takes with five modalities, and what takes it.

Two models of `make_multimodal` (text, image, audio, series, numbers): the default pipeline, and one
with a network for the pictures. Rows that were never seen, rows that the feature store has, and
rows without a store; in a fitted model, and in one that was saved and loaded. Beside it the same
steps by hand: the same extractors, scales and SVM, called on the cells of the row without table,
store, checks and names.

    python benchmarks/predict_latency.py [n_rows]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import joblib
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.pipeline import FeatureUnion, Pipeline
from torch import nn

import mmsk
from mmsk import CNNEmbedder, config_context, multimodal_pipeline
from mmsk.datasets import make_multimodal
from mmsk.extraction import CellExtractor

MODALITIES = ("text", "image", "audio", "series", "numeric")
N_TRAINING_ROWS = 100
BACKBONE, WEIGHTS = "squeezenet1_0", "squeezenet1_0_imagenet_fp16.safetensors"


def network() -> CNNEmbedder:
    """SqueezeNet with the weights of ImageNet where MMSK_TEST_DATA has them, else random ones."""
    file = Path(os.environ.get("MMSK_TEST_DATA", "../shared/data")) / "weights" / WEIGHTS
    return CNNEmbedder(BACKBONE, weights=str(file) if file.is_file() else None)


def measured(call: Callable[[Any], Any], rows: list[Any]) -> np.ndarray:
    """Milliseconds of each call on the clock, and of the processor, of shape (n_rows, 2)."""
    taken = []
    for row in rows:
        clock, processor = time.perf_counter(), time.process_time()
        call(row)
        taken.append([time.perf_counter() - clock, time.process_time() - processor])
    return 1000 * np.array(taken)


def show(name: str, taken: np.ndarray) -> None:
    """Print median and 99th percentile, on the clock and of the processor."""
    figures = [np.percentile(each, share) for each in taken.T for share in (50, 99)]
    print(f"{name:40}" + "".join(f"{figure:10.1f}" for figure in figures), flush=True)


@contextmanager
def counted_networks() -> Iterator[list[str]]:
    """Note each network, or layer of one, that is made."""
    made: list[str] = []
    original = nn.Module.__init__

    def counting(self: nn.Module, *arguments: Any, **more: Any) -> None:
        made.append(type(self).__name__)
        original(self, *arguments, **more)

    with mock.patch.object(nn.Module, "__init__", counting):
        yield made


def by_hand(model: Pipeline, row: pd.DataFrame) -> Any:
    """Predict one row with the parts of a fitted model alone."""
    blocks = []
    for name, transformer, columns in model["features"].transformers_:
        if name == "remainder":
            continue
        cells = row[columns].to_numpy() if isinstance(columns, list) else [row[columns].iat[0]]
        block = model["fusion"].scales_[name].apply(extracted(transformer, cells))
        blocks.append(sparse.csr_matrix(block))
    return model["head"].svc_.predict(sparse.hstack(blocks, format="csr"))


def extracted(transformer: Any, cells: Any) -> Any:
    """Features of cells, with nothing around the extractor's own work."""
    if isinstance(transformer, FeatureUnion):
        return np.hstack([extracted(part, cells) for _, part in transformer.transformer_list])
    if not isinstance(transformer, CellExtractor):
        return transformer.transform(cells)
    with transformer._threads():
        return transformer._extract([transformer._prepare(cell) for cell in cells])


def profile(model: Pipeline, rows: list[Any]) -> None:
    """Print milliseconds of the processor for each part of a prediction, and their share."""
    features, fusion, head = model
    steps: dict[str, Callable[[pd.DataFrame], Any]] = {
        "comparing the table with that of fit": features._check_schema
    }
    for name, transformer, columns in features.transformers_:
        if name != "remainder":
            steps[f"extracting {name!r}"] = lambda row, t=transformer, c=columns: t.transform(
                row[c]
            )
    steps["fusion"] = lambda row: fusion.transform(blocks[id(row)])
    steps["head"] = lambda row: head.predict(fused[id(row)])
    blocks = {id(row): features.transform(row) for row in rows}
    fused = {id(row): fusion.transform(blocks[id(row)]) for row in rows}
    steps["the whole"] = model.predict
    # Row by row, so that what else the machine does meets all parts alike.
    taken = np.array([[measured(step, [row])[0, 1] for step in steps.values()] for row in rows])
    rest = taken[:, -1] - taken[:, :-1].sum(axis=1)
    whole = np.median(taken[:, -1])
    names = [*steps, "selecting columns, presence, names, checks"]
    for name, each in zip(names, [*taken.T, rest], strict=True):
        print(f"  {name:44} {np.median(each):8.2f} {np.median(each) / whole:7.0%}")


def copies(model: Pipeline, folder: str) -> Iterator[tuple[str, Pipeline]]:
    """Yield the model, and what comes back after it was saved."""
    yield "fitted", model
    joblib.dump(model, Path(folder) / "model.joblib")
    yield "joblib.load", joblib.load(Path(folder) / "model.joblib")
    mmsk.save(model, Path(folder) / "model.mmsk")
    yield "mmsk.load", mmsk.load(Path(folder) / "model.mmsk")


def compare(title: str, extractors: dict[str, Any], table: pd.DataFrame, y: np.ndarray) -> None:
    """Print the tables of one model."""
    train, rest = table[:N_TRAINING_ROWS], table[N_TRAINING_ROWS:]
    model = multimodal_pipeline(table, extractors=extractors)
    with tempfile.TemporaryDirectory() as store, config_context(cache_dir=store):
        model.fit(train, y[:N_TRAINING_ROWS])
    rows = [rest[place : place + 1] for place in range(len(rest))]
    print(f"\n{title}: {len(rows)} rows, one at a time\n")
    print(f"{'milliseconds':40}{'clock':>10}{'p99':>10}{'processor':>10}{'p99':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for way, copy in copies(model, folder):
            with tempfile.TemporaryDirectory() as store, config_context(cache_dir=store):
                show(f"{way}: the first row", measured(copy.predict, [train[:1]]))
                with counted_networks() as made:
                    show(f"{way}: rows never seen", measured(copy.predict, rows))
                    show(f"{way}: rows in the store", measured(copy.predict, rows))
            with config_context(cache=False), counted_networks() as again:
                show(f"{way}: no store", measured(copy.predict, rows))
            print(f"{way}: networks and layers made on the way: {len(made) + len(again)}")
    show("the same steps by hand", measured(lambda row: by_hand(model, row), rows))
    same = [model.predict(row)[0] == by_hand(model, row)[0] for row in rows]
    print(f"predictions by hand that are the same: {sum(same)} of {len(same)}")
    with config_context(cache=False):
        print("\nno store, milliseconds of the processor (median):")
        profile(model, rows)
    with tempfile.TemporaryDirectory() as store, config_context(cache_dir=store):
        print("\nrows in the store:")
        profile(model, rows)


def main(arguments: list[str]) -> None:
    """Run both models."""
    n_rows = int(arguments[0]) if arguments else 100
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    with tempfile.TemporaryDirectory() as folder:
        table, y = make_multimodal(
            N_TRAINING_ROWS + n_rows, folder=folder, modalities=MODALITIES, random_state=0
        )
        compare("Default pipeline", {}, table, y)
        compare(f"Pictures by {BACKBONE}", {"image": network()}, table, y)


if __name__ == "__main__":
    main(sys.argv[1:])
