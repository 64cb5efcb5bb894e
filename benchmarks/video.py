"""Depth videos of actions, and how well decoding keeps ahead of a network.

Accuracy: UTD-MHAD, 861 depth videos of 27 actions, odd subjects to train and even ones to test, as
published. `--choose` shows what the parameters were chosen by: leaving out one of the training
subjects at a time. Throughput: FrameEmbedder on files, beside decoding alone and its network alone,
in turns within one run; the slower of the two is the limit.

    python benchmarks/video.py [actions] [throughput]
    python benchmarks/video.py --choose
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import numpy as np
import pandas as pd
from movements import IN_PARTS, frame_features
from real_sets import body_videos, data_folder, load_movements, whole_videos
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline

from mmsk import (
    ConcatFusion,
    FrameEmbedder,
    MotionDescriptors,
    SVMClassifier,
    config_context,
)
from mmsk._nets.threads import single_threads

COPIES = 4
TURNS = 2
NETWORKS = ("squeezenet1_0", "resnet18")


def features(table: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the rows that each extractor gives for the depth videos."""
    averaged = frame_features(n_frames=8, image_size=96)
    in_parts = frame_features(**IN_PARTS)
    body, whole = body_videos(table["depth"]), whole_videos(table["depth"])
    movement = MotionDescriptors(n_jobs=-1).transform(body)
    yield "movement, around the body", movement
    frames = in_parts.transform(body)
    yield "frames in 4 parts less their mean, around the body", frames
    rows = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (movement, frames)]
    yield "both of these", np.hstack(rows)
    yield (
        "frames in 4 parts, around the body",
        frame_features(**IN_PARTS | {"subtract_mean": False}).transform(body),
    )
    yield "frames averaged, around the body", averaged.transform(body)
    yield "frames averaged, whole", averaged.transform(whole)
    yield "frames in 4 parts less their mean, whole", in_parts.transform(whole)
    yield "movement, whole", MotionDescriptors(n_jobs=-1).transform(whole)


def actions(choose: bool = False) -> None:
    """Print accuracies on depth videos, of the test subjects or within the training subjects."""
    table, labels, subjects = load_movements()
    train = subjects % 2 == 1
    measure = within if choose else tested
    for name, rows in features(table):
        print(f"{name:50} {100 * measure(rows, labels, subjects, train):6.1f}%", flush=True)


def search() -> GridSearchCV:
    model = make_pipeline(ConcatFusion("block"), SVMClassifier())
    return GridSearchCV(model, {"svmclassifier__C": [1.0, 3.0, 10.0]}, cv=LeaveOneGroupOut())


def tested(rows: np.ndarray, labels: np.ndarray, subjects: np.ndarray, train: np.ndarray) -> float:
    """Choose the SVM's strength on the training subjects alone; return the accuracy on others."""
    found = search().fit(rows[train], labels[train], groups=subjects[train])
    return found.score(rows[~train], labels[~train])


def within(rows: np.ndarray, labels: np.ndarray, subjects: np.ndarray, train: np.ndarray) -> float:
    """Return the best mean accuracy on the training subject that is left out."""
    return search().fit(rows[train], labels[train], groups=subjects[train]).best_score_


def throughput() -> None:
    """Print videos per second of FrameEmbedder, of decoding alone and of its network alone."""
    for backbone in NETWORKS:
        print(f"\n{backbone}")
        with config_context(cache=False):
            compare_throughput(FrameEmbedder(backbone, weights=None))


def compare_throughput(embedder: FrameEmbedder) -> None:
    files = sorted((data_folder() / "video").glob("*.mp4"))
    column = [str(file) for file in files] * COPIES
    samples = [embedder._prepare(cell) for cell in column]
    ways: dict[str, Callable[[], object]] = {
        "FrameEmbedder on files": lambda: embedder.transform(column),
        "decoding alone": lambda: in_threads(embedder._prepare, column),
        "its network alone": lambda: in_threads(
            lambda frames: embedder._extract([frames]), samples
        ),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, run in ways.items():
            started = time.perf_counter(), time.process_time()
            run()
            ended = time.perf_counter(), time.process_time()
            seconds[name].append((ended[0] - started[0], ended[1] - started[1]))
    print(f"{len(column)} videos, {embedder.n_frames} frames each, medians of {TURNS} turns")
    for name, each in seconds.items():
        clock, processor = np.median(each, axis=0) / len(column)
        print(f"{name:28} {1 / clock:8.2f} videos/s, {processor:6.3f} CPU s a video")
    for kind, place in {"the clock": 0, "CPU seconds": 1}.items():
        end_to_end, *alone = (np.array(each)[:, place] for each in seconds.values())
        of_slower = median(np.max(alone, axis=0) / end_to_end)
        of_both = median(np.sum(alone, axis=0) / end_to_end)
        print(f"by {kind}: {of_slower:.2f} of the slower one, {of_both:.2f} of one after the other")


def in_threads(work: Callable, items: list) -> None:
    """Work on items in as many threads as the extractor uses."""
    with (
        single_threads(None) as (n_threads, start),
        ThreadPoolExecutor(n_threads, initializer=start) as pool,
    ):
        list(pool.map(work, items))


def main(names: list[str]) -> None:
    """Run the named parts, or both."""
    parts = {"actions": actions, "throughput": throughput, "--choose": lambda: actions(choose=True)}
    for name in names or ["actions", "throughput"]:
        parts[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
