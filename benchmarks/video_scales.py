"""The scale of movements of videos in the default pipeline, beside one that standardizes columns.

`multimodal_pipeline` leaves proportions within blocks of MotionDescriptors as they are. UTD-MHAD:
861 depth videos of 27 actions, odd subjects to train and even ones to test; and videos that
make_multimodal draws.

    python benchmarks/video_scales.py
"""

from __future__ import annotations

import tempfile

import pandas as pd
from real_sets import load_movements, whole_videos
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from mmsk import ConcatFusion, SVMClassifier, config_context, multimodal_pipeline
from mmsk.datasets import make_multimodal

MADE = [("video",), ("text", "video"), ("text", "video", "numeric")]


def told(name: str, default: float, standard: float) -> None:
    print(f"{name:40} {default:8.1%} {standard:8.1%}", flush=True)


def depth() -> None:
    table, labels, subjects = load_movements()
    movements = pd.DataFrame({"depth": whole_videos(table["depth"])})
    train = subjects % 2 == 1
    pipeline = multimodal_pipeline({"depth": "video"}, n_jobs=1)
    blocks = pipeline["features"].fit_transform(movements)
    reached = [
        make_pipeline(clone(way), SVMClassifier())
        .fit(blocks[train], labels[train])
        .score(blocks[~train], labels[~train])
        for way in (pipeline["fusion"], ConcatFusion())
    ]
    told("UTD-MHAD depth, SVM of C=1", *reached)


def made(modalities: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table, y = make_multimodal(
            240, folder=folder, modalities=modalities, n_classes=4, redundancy=1,
            uniqueness=0, synergy=0, noise=0.3, random_state=0,
        )  # fmt: skip
        pipeline = multimodal_pipeline(table)
        blocks = pipeline["features"].fit_transform(table)
        reached = [
            cross_val_score(make_pipeline(clone(way), SVMClassifier()), blocks, y, cv=5).mean()
            for way in (pipeline["fusion"], ConcatFusion())
        ]
    told(f"make_multimodal, {' + '.join(modalities)}", *reached)


if __name__ == "__main__":
    print(f"{'data':40} {'default':>8} {'standard':>8}")
    with config_context(cache=False):
        depth()
        for modalities in MADE:
            made(modalities)
