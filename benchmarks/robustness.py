"""Accuracy against the share of missing cells, for every fusion, beside zeros put in their place.

UTD-MHAD: inertial, skeleton and depth of 27 actions; odd subjects train, even ones test. Cells are
taken away from training and test rows with the same chance, but never the last of a row. "Zeros" is
what one does without mmsk: missing rows of the features become zeros, all is standardized, and an
SVM takes the concatenation. Each figure is the mean over several patterns of missing cells.

    python benchmarks/robustness.py [--quick] [--figure docs/robustness.png]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import numpy as np
from fusion_sets import BlockSet, movements
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline, make_pipeline

from mmsk import (
    AttentionFusion,
    CCAFusion,
    ConcatFusion,
    FeatureBlocks,
    GatedFusion,
    KernelFusion,
    LateFusionClassifier,
    ModalityDropout,
    MultiKernelSVC,
    TensorFusion,
)

SHARES = (0.0, 0.2, 0.4, 0.5, 0.6, 0.8)


def models(head: BaseEstimator) -> dict[str, BaseEstimator]:
    """Fusions that differ in what a missing block becomes."""
    return {
        "zeros, standardized": make_pipeline(ConcatFusion(), clone(head)),
        "ConcatFusion": make_pipeline(ConcatFusion("block"), clone(head)),
        "ModalityDropout, ConcatFusion": make_pipeline(
            ModalityDropout(0.3, random_state=0), ConcatFusion("block"), clone(head)
        ),
        "CCAFusion": make_pipeline(CCAFusion(), clone(head)),
        "KernelFusion": make_pipeline(KernelFusion(scale="block", random_state=0), clone(head)),
        "GatedFusion": make_pipeline(GatedFusion(random_state=0), clone(head)),
        "AttentionFusion": make_pipeline(AttentionFusion(random_state=0), clone(head)),
        "TensorFusion": make_pipeline(TensorFusion(random_state=0), clone(head)),
        "LateFusion mean": LateFusionClassifier(clone(head), combination="mean", scale="block"),
        "MultiKernelSVC": MultiKernelSVC(C=10.0),
    }


def thinned(blocks: FeatureBlocks, share: float, seed: int) -> FeatureBlocks:
    """Take a share of the cells away; a row keeps at least one."""
    drawn = np.random.default_rng(seed).random(blocks.present.shape)
    present = drawn >= share
    present[np.arange(len(blocks)), drawn.argmax(axis=1)] = True
    return FeatureBlocks(dict(blocks.items()), present=present)


def with_zeros(blocks: FeatureBlocks) -> FeatureBlocks:
    """Put zeros in the place of missing rows, and forget that they are missing."""
    return FeatureBlocks(
        {name: block * blocks.present_in(name)[:, None] for name, block in blocks.items()}
    )


def accuracy(model: BaseEstimator, data: BlockSet, share: float, seed: int) -> float:
    train, test = thinned(data.train, share, seed), thinned(data.test, share, seed + 1000)
    if isinstance(model, Pipeline) and model[0].get_params().get("scale") == "standard":
        train, test = with_zeros(train), with_zeros(test)
    return clone(model).fit(train, data.y_train).score(test, data.y_test)


def draw(curves: dict[str, list[float]], path: Path) -> None:
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for number, (name, values) in enumerate(curves.items()):
        style = {"color": "black", "linestyle": "--"} if number == 0 else {"marker": "o"}
        axes.plot([100 * share for share in SHARES], values, label=name, **style)
    axes.set(
        xlabel="chance that a cell is missing, in training and test rows, %",
        ylabel="accuracy, %",
        title="UTD-MHAD: inertial, skeleton and depth",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", fontsize="small")
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one pattern instead of five")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    data = movements()
    seeds = range(1 if options.quick else 5)
    print(f"{'accuracy, %, with missing cells':32}" + "".join(f"{s:>8.0%}" for s in SHARES))
    curves = {}
    for name, model in models(data.head).items():
        curves[name] = [
            100 * float(np.mean([accuracy(model, data, share, seed) for seed in seeds]))
            for share in SHARES
        ]
        print(f"{name:32}" + "".join(f"{v:8.1f}" for v in curves[name]), flush=True)
    if options.figure:
        draw(curves, options.figure)


if __name__ == "__main__":
    main()
