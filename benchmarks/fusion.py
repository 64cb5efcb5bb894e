"""Accuracy and seconds of every fusion with the same head, on made and on real data.

Made data hold one kind of information each: redundant (both modalities show the class), unique
(one of them does, another from row to row) and synergistic (only both together do). Real ones are
UTD-MHAD, the fashion set and easy-VQA.
The head is a logistic regression where the question is what a fusion makes linear, and an RBF
SVM elsewhere; the last rows are heads that fuse by themselves.

    python benchmarks/fusion.py [redundant] [unique] [synergistic] [movements] [fashion] [easy-vqa]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from fusion_sets import SETS, BlockSet
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import make_pipeline

from mmsk import (
    AttentionFusion,
    BilinearFusion,
    CCAFusion,
    ConcatFusion,
    GatedFusion,
    KernelFusion,
    LateFusionClassifier,
    MultiKernelSVC,
    TensorFusion,
    WeightedFusion,
)

MOST_KERNEL_ROWS = 10_000


def fusions(scale: str) -> dict[str, BaseEstimator]:
    """Every feature-level fusion, with its defaults."""
    return {
        "ConcatFusion": ConcatFusion(scale),
        "WeightedFusion score": WeightedFusion("score", scale),
        "WeightedFusion alignment": WeightedFusion("alignment", scale),
        "CCAFusion": CCAFusion(),
        "BilinearFusion": BilinearFusion(scale=scale, random_state=0),
        "KernelFusion": KernelFusion(scale=scale, random_state=0),
        "GatedFusion": GatedFusion(random_state=0),
        "AttentionFusion": AttentionFusion(random_state=0),
        "TensorFusion": TensorFusion(random_state=0),
    }


def models(blocks: BlockSet) -> Iterator[tuple[str, BaseEstimator, list[str]]]:
    """Yield each block alone, every fusion before the head, and heads that fuse."""
    names = blocks.train.names
    for name in names:
        yield f"{name} alone", with_head(ConcatFusion(blocks.scale), blocks), [name]
    for name, fusion in fusions(blocks.scale).items():
        yield name, with_head(fusion, blocks), names
    for rule in ("mean", "product", "stacking"):
        head = LateFusionClassifier(blocks.head, combination=rule, scale=blocks.scale)
        yield f"LateFusion {rule}", head, names
    if len(blocks.train) <= MOST_KERNEL_ROWS:
        yield "MultiKernelSVC alignment", MultiKernelSVC(C=10.0, weights="alignment"), names


def with_head(fusion: BaseEstimator, blocks: BlockSet) -> BaseEstimator:
    return make_pipeline(fusion, clone(blocks.head))


def main(names: list[str]) -> None:
    print(f"{'set':12} {'fusion':26} {'accuracy':>8} {'fit, s':>8} {'predict, s':>10}")
    for name in names or SETS:
        blocks = SETS[name]()
        for fusion, model, taken in models(blocks):
            train, test = blocks.train.select(taken), blocks.test.select(taken)
            started = time.perf_counter()
            model.fit(train, blocks.y_train)
            fitted = time.perf_counter()
            score = 100 * model.score(test, blocks.y_test)
            seconds = f"{fitted - started:8.1f} {time.perf_counter() - fitted:10.1f}"
            print(f"{name:12} {fusion:26} {score:7.1f}% {seconds}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
