"""Depth videos of actions, their scale in the default pipeline, and decoding beside a network.

Accuracy: UTD-MHAD, 861 depth videos of 27 actions, odd subjects to train and even ones to test, as
published. Scales: the pipeline that `multimodal_pipeline` builds, which leaves proportions within
blocks of MotionDescriptors as they are, beside one that standardizes every column. Throughput:
FrameEmbedder on files, beside decoding alone and its network alone, in turns within one run; the
slower of the two is the limit.

    python benchmarks/video.py [actions] [scales] [throughput]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import numpy as np
import pandas as pd
from real_sets import data_folder, load_movements, weights_file
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline

from mmsk import (
    ConcatFusion,
    FrameEmbedder,
    MotionDescriptors,
    SVMClassifier,
    multimodal_pipeline,
    set_config,
)
from mmsk._nets.threads import single_threads
from mmsk.datasets import make_multimodal

MILLIMETRES_A_LEVEL = 16  # depth in mm to 8 bits: the cameras see up to 4 m
FRAMES_PER_SECOND = 30
COPIES = 16
TURNS = 3


def frame_features() -> FrameEmbedder:
    """MobileNetV2 of 8 frames at 96 pixels, as a sequence: what happens when counts."""
    return FrameEmbedder(
        "mobilenet_v2",
        8,
        pooling=None,
        weights=weights_file("mobilenet_v2_imagenet_fp16.safetensors"),
        image_size=96,
        mean=0.5,
        std=0.5,
    )


def actions() -> None:
    """Print the accuracy of both extractors on depth videos."""
    table, labels, subjects = load_movements()
    videos = depth_videos(table)
    train = subjects % 2 == 1
    blocks = {}
    print(f"{'features':28} {'accuracy':>8}")
    extractors = {"movement": MotionDescriptors(n_jobs=-1), "frames, MobileNetV2": frame_features()}
    for name, extractor in extractors.items():
        blocks[name] = extractor.transform(videos)
        score = tested(blocks[name], labels, subjects, train)
        print(f"{name:28} {100 * score:7.1f}%", flush=True)
    both = np.hstack(
        [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in blocks.values()]
    )
    print(f"{'both':28} {100 * tested(both, labels, subjects, train):7.1f}%")


def depth_videos(table: pd.DataFrame) -> list[tuple[np.ndarray, int]]:
    """Cells of the videos, depth as 8 bits."""
    return [
        ((video // MILLIMETRES_A_LEVEL).astype(np.uint8), FRAMES_PER_SECOND)
        for video in table["depth"]
    ]


def scales() -> None:
    """Print what the default pipeline reaches with its scale of videos, and without."""
    table, labels, subjects = load_movements()
    movements = pd.DataFrame({"depth": pd.Series(depth_videos(table), dtype=object)})
    train = subjects % 2 == 1
    pipeline = multimodal_pipeline({"depth": "video"}, n_jobs=1)
    blocks = pipeline["features"].fit_transform(movements)
    print(f"{'data':40} {'default':>8} {'standard':>8}")
    ways = [pipeline["fusion"], ConcatFusion()]
    reached = [
        make_pipeline(clone(way), SVMClassifier())
        .fit(blocks[train], labels[train])
        .score(blocks[~train], labels[~train])
        for way in ways
    ]
    print(f"{'UTD-MHAD depth, SVM of C=1':40} {reached[0]:8.1%} {reached[1]:8.1%}", flush=True)
    for modalities in [("video",), ("text", "video"), ("text", "video", "numeric")]:
        with tempfile.TemporaryDirectory() as folder:
            made, y = make_multimodal(
                240, folder=folder, modalities=modalities, n_classes=4, redundancy=1,
                uniqueness=0, synergy=0, noise=0.3, random_state=0,
            )  # fmt: skip
            pipeline = multimodal_pipeline(made)
            blocks = pipeline["features"].fit_transform(made)
            reached = [
                cross_val_score(make_pipeline(clone(way), SVMClassifier()), blocks, y, cv=5).mean()
                for way in (pipeline["fusion"], ConcatFusion())
            ]
        name = f"make_multimodal, {' + '.join(modalities)}"
        print(f"{name:40} {reached[0]:8.1%} {reached[1]:8.1%}", flush=True)


def tested(rows: np.ndarray, labels: np.ndarray, subjects: np.ndarray, train: np.ndarray) -> float:
    """Choose the SVM's strength on the training subjects alone; return the accuracy on others."""
    model = make_pipeline(ConcatFusion("block"), SVMClassifier())
    search = GridSearchCV(model, {"svmclassifier__C": [1.0, 3.0, 10.0]}, cv=LeaveOneGroupOut())
    search.fit(rows[train], labels[train], groups=subjects[train])
    return search.score(rows[~train], labels[~train])


def throughput() -> None:
    """Print videos per second of FrameEmbedder, of decoding alone and of its network alone."""
    files = sorted((data_folder() / "video").glob("*.mp4"))
    embedder = FrameEmbedder("squeezenet1_0", weights=None)
    column = [str(file) for file in files] * COPIES
    samples = [embedder._prepare(cell) for cell in column]
    ways: dict[str, Callable[[], object]] = {
        "FrameEmbedder on files": lambda: embedder.transform(column),
        "decoding alone": lambda: in_threads(embedder._prepare, column),
        "its network alone": lambda: in_threads(
            lambda frames: embedder._extract([frames]), samples
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, run in ways.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    print(f"{len(column)} videos, {embedder.n_frames} frames each, medians of {TURNS} turns")
    for name, each in seconds.items():
        print(f"{name:28} {len(column) / median(each):8.2f} videos/s")
    end_to_end, *alone = (np.array(each) for each in seconds.values())
    print(f"of the slower one alone: {median(np.max(alone, axis=0) / end_to_end):.2f}")
    print(f"of both one after the other: {median(np.sum(alone, axis=0) / end_to_end):.2f}")


def in_threads(work: Callable, items: list) -> None:
    """Work on items in as many threads as the extractor uses."""
    with (
        single_threads(None) as (n_threads, start),
        ThreadPoolExecutor(n_threads, initializer=start) as pool,
    ):
        list(pool.map(work, items))


def main(names: list[str]) -> None:
    """Run the named parts, or all."""
    set_config(cache=False)
    parts = {"actions": actions, "scales": scales, "throughput": throughput}
    for name in names or parts:
        parts[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
