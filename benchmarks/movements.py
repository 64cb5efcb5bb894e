"""Actions of UTD-MHAD from depth videos and two kinds of series, alone and in one Pipeline."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from real_sets import body_videos, load_movements, weights_file
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mmsk import (
    ConcatFusion,
    FrameEmbedder,
    MiniRocketEmbedder,
    ModalityTransformer,
    MotionDescriptors,
    SVMClassifier,
    WeightedFusion,
)

IN_PARTS = {"layer": "features.13", "grid": 2, "image_size": 128, "subtract_mean": True}
TRANSFORMERS = [
    ("movement", MotionDescriptors(n_jobs=-1), "depth"),
    ("frames", None, "depth"),
    ("inertial", make_pipeline(MiniRocketEmbedder(), StandardScaler()), "inertial"),
    ("skeleton", make_pipeline(MiniRocketEmbedder(scale=None), StandardScaler()), "skeleton"),
]
MODELS = {
    "depth, movement": ("movement",),
    "depth, frames": ("frames",),
    "depth, both": ("movement", "frames"),
    "inertial": ("inertial",),
    "skeleton": ("skeleton",),
    "all fused": ("movement", "frames", "inertial", "skeleton"),
}
PLAIN = {"inertial": "84.2", "skeleton": "78.4", "all fused": "91.9"}
GRID = {
    "fusion": [ConcatFusion("block"), WeightedFusion("alignment", scale="block")],
    "head": [RidgeClassifierCV(np.logspace(-3, 3, 10)), SVMClassifier(C=10.0)],
}


def frame_features(**parameters: Any) -> FrameEmbedder:
    """MobileNetV2 of frames as a sequence: what happens when counts."""
    weights = weights_file("mobilenet_v2_imagenet_fp16.safetensors")
    options = {"pooling": None, "mean": 0.5, "std": 0.5} | parameters
    return FrameEmbedder("mobilenet_v2", weights=weights, **options)


def pipeline(names: tuple[str, ...], memory: str) -> Pipeline:
    """Raw cells to actions, through the named features."""
    transformers = [
        (name, frame_features(**IN_PARTS) if name == "frames" else transformer, column)
        for name, transformer, column in TRANSFORMERS
        if name in names
    ]
    features = ModalityTransformer(transformers, memory=memory)
    return Pipeline([("features", features), ("fusion", ConcatFusion()), ("head", SVMClassifier())])


def utd() -> Iterator[tuple[str, str, float, str, float]]:
    """Odd subjects train, even ones test; chosen by leaving out one of those that train."""
    table, actions, subjects = load_movements()
    table["depth"] = body_videos(table["depth"])
    train = subjects % 2 == 1
    with tempfile.TemporaryDirectory() as memory:
        for name, parts in MODELS.items():
            started = time.perf_counter()
            grid = GRID if len(parts) > 1 else GRID | {"fusion": GRID["fusion"][:1]}
            search = GridSearchCV(pipeline(parts, memory), grid, cv=LeaveOneGroupOut())
            search.fit(table[train], actions[train], groups=subjects[train])
            score = search.score(table[~train], actions[~train])
            seconds = time.perf_counter() - started
            reference = f"plain {PLAIN.get(name, '68.4')}"
            yield "UTD-MHAD", name, score, f"{reference}; {chosen(search)}", seconds


def chosen(search: GridSearchCV) -> str:
    """Say what was chosen, and how well it did on the subjects that were left out."""
    kinds = [type(search.best_params_[step]).__name__ for step in ("fusion", "head")]
    return f"{' and '.join(kinds)}, {100 * search.best_score_:.1f} within the training subjects"
