"""Accuracy and seconds of the deep heads with each of their fusions, beside SVMs behind fusions.

The sets are those of fusion.py: movements of UTD-MHAD (odd subjects train, even ones test),
made data of one kind of information each, and easy-VQA. One setting of the deep heads for all
sets, chosen by cross-validation over the training subjects of UTD-MHAD alone (`--choose` prints
that); test rows were not looked at. On UTD-MHAD each deep head is trained with three seeds.

    python benchmarks/deep_fusion.py [movements] [redundant] [unique] [synergistic] [easy-vqa]
    python benchmarks/deep_fusion.py --choose
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from fusion_sets import SETS, BlockSet
from real_sets import load_movements
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline

from mmsk import CCAFusion, ConcatFusion, DeepFusionClassifier

FUSIONS = ("concat", "weighted", "gated", "attention", "tensor", "joint")
CHOSEN = {"hidden_layer_sizes": (512,), "schedule": "cosine", "modality_dropout": 0.3}
TRIED: list[dict[str, Any]] = [
    {"hidden_layer_sizes": (1024, 512, 256), "dropout": 0.3},
    {"hidden_layer_sizes": (256,)},
    {"hidden_layer_sizes": (256,), "dropout": 0.5},
    {"hidden_layer_sizes": (256,), "modality_dropout": 0.3},
    {"hidden_layer_sizes": (1024,)},
    CHOSEN,
    CHOSEN | {"dropout": 0.3},
    CHOSEN | {"activation": "gelu"},
    CHOSEN | {"hidden_layer_sizes": (512, 256)},
]
MOST_ROWS = 10_000  # for three seeds, and more than one fusion


def deep(blocks: BlockSet, fusion: str = "concat", seed: int = 0, **other: Any) -> BaseEstimator:
    settings = CHOSEN | other
    return DeepFusionClassifier(fusion=fusion, scale=blocks.scale, random_state=seed, **settings)


def models(blocks: BlockSet) -> Iterator[tuple[str, list[BaseEstimator]]]:
    """Yield the models, each with one or more seeds."""
    seeds = range(3) if blocks.scale == "block" else range(1)
    for fusion in (ConcatFusion(blocks.scale), CCAFusion()):
        name = f"{type(fusion).__name__}, {type(blocks.head).__name__}"
        yield name, [make_pipeline(fusion, clone(blocks.head))]
    defaults = {"scale": blocks.scale, "random_state": 0}
    if len(blocks.train) <= MOST_ROWS:
        yield "deep, defaults", [DeepFusionClassifier(**defaults)]
    for fusion in FUSIONS:
        yield f"deep, {fusion}", [deep(blocks, fusion, seed) for seed in seeds]
    if blocks.scale == "block":
        on_top = [make_pipeline(deep(blocks, seed=seed), clone(blocks.head)) for seed in seeds]
        yield "deep, concat, SVM on top", on_top


def compare(name: str) -> None:
    blocks = SETS[name]()
    for model, seeds in models(blocks):
        started = time.process_time()
        scores = [
            100 * one.fit(blocks.train, blocks.y_train).score(blocks.test, blocks.y_test)
            for one in seeds
        ]
        seconds = (time.process_time() - started) / len(seeds)
        each = " ".join(f"{score:.1f}" for score in scores) if len(scores) > 1 else ""
        row = f"{name} | {model} | {np.mean(scores):.1f} | {each} | {seconds:.1f}"
        print(f"| {row} |", flush=True)


def choose() -> None:
    """Cross-validate settings over the subjects of the training rows of UTD-MHAD."""
    blocks = SETS["movements"]()
    _, _, subjects = load_movements()
    options = {"groups": subjects[subjects % 2 == 1], "cv": LeaveOneGroupOut()}
    svm = make_pipeline(ConcatFusion(blocks.scale), clone(blocks.head))
    candidates = [("ConcatFusion, SVM", svm)]
    for tried in TRIED:
        head = DeepFusionClassifier(scale=blocks.scale, random_state=0, **tried)
        candidates.append((str(tried), head))
    for name, model in candidates:
        scores = cross_val_score(model, blocks.train, blocks.y_train, **options)
        print(f"{100 * scores.mean():.1f} %  {name}", flush=True)


def main(names: list[str]) -> None:
    if names == ["--choose"]:
        choose()
        return
    print("| set | model | accuracy % | by seed | fit and predict, s |\n|---|---|---|---|---|")
    for name in names or ["movements", "redundant", "unique", "synergistic", "easy-vqa"]:
        compare(name)


if __name__ == "__main__":
    main(sys.argv[1:])
