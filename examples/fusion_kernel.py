"""A kernel for each block: classes of different form and scale before one linear head.

The class shows as a ring around a disc in one block, in thousands, and as the colour of a field
of a chessboard in another, which only a far more local kernel sees; a third block is noise. One
kernel for all blocks has to be right for all of them at once, and fails; a kernel for each, with
learned weights, does not.

Run: python examples/fusion_kernel.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from mmsk import ConcatFusion, FeatureBlocks, KernelFusion, SVMClassifier

OUTPUT = Path("fusion_kernel_output")
N_ROWS, N_FIELDS = 1500, 4
GAMMAS = ["scale", 1.0, 10.0, 30.0]


def main() -> None:
    """Compare fusions and heads, show the learned weights, and draw."""
    OUTPUT.mkdir(exist_ok=True)
    blocks, y = rings_and_chessboard(np.random.default_rng(0))
    print(f"{blocks}\n")
    train, test = train_test_split(np.arange(N_ROWS), stratify=y, random_state=0)

    one_kernel = make_pipeline(ConcatFusion(), SVMClassifier())
    each_kernel = make_pipeline(KernelFusion(random_state=0), LogisticRegression(C=10))
    gamma_of_each = [{"chessboard": gamma} for gamma in GAMMAS]
    models = {
        "ConcatFusion, linear head": make_pipeline(ConcatFusion(), LogisticRegression()),
        "ConcatFusion, one kernel": GridSearchCV(one_kernel, {"svmclassifier__gamma": GAMMAS}),
        "KernelFusion, linear head": GridSearchCV(
            each_kernel, {"kernelfusion__gamma": gamma_of_each}
        ),
    }
    scores = {}
    print("Accuracy on rows kept aside, gamma searched:\n")
    for name, model in models.items():
        scores[name] = model.fit(blocks[train], y[train]).score(blocks[test], y[test])
        print(f"  {name:26} {scores[name]:6.1%}")
    best = models["KernelFusion, linear head"].best_estimator_[0]
    print(f"\nBest gamma: {best.gamma}, and 'scale' for the other blocks")
    print("Learned weights:", ", ".join(f"{name} {w:.2f}" for name, w in best.weights_.items()))
    draw(blocks, y, best.weights_, scores)


def rings_and_chessboard(generator: np.random.Generator) -> tuple[FeatureBlocks, np.ndarray]:
    """Two blocks in which the class has another form, and one of noise."""
    y = np.arange(N_ROWS) % 2
    angle, radius = generator.uniform(0, 2 * np.pi, N_ROWS), np.where(y == 1, 1000, 400)
    rings = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    fields = generator.integers(N_FIELDS, size=(N_ROWS, 2))
    fields[:, 1] += (fields.sum(axis=1) + y) % 2  # to a neighbour, where the colour is wrong
    blocks = {
        "rings": rings + generator.normal(scale=350, size=(N_ROWS, 2)),
        "chessboard": fields + generator.uniform(-0.6, 0.6, size=(N_ROWS, 2)),
        "noise": generator.normal(size=(N_ROWS, 30)),
    }
    return FeatureBlocks(blocks), y


def draw(
    blocks: FeatureBlocks, y: np.ndarray, weights: dict[str, float], scores: dict[str, float]
) -> None:
    """Save the blocks with the weights of their kernels, and the accuracies."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (*places, bars) = plt.subplots(1, 4, figsize=(13, 3.2), layout="constrained")
    for axes, (name, block) in zip(places, blocks.items(), strict=True):
        axes.scatter(block[:, 0], block[:, 1], c=y, cmap="coolwarm", s=6)
        axes.set_title(f"{name}: weight {weights[name]:.2f}")
    names = [name.replace(", ", ",\n") for name in scores]
    colors = ["tab:gray"] * (len(names) - 1) + ["tab:green"]
    bars.bar_label(bars.barh(names, list(scores.values()), color=colors), fmt="{:.1%}", padding=3)
    bars.axvline(0.5, color="black", linestyle=":", label="chance")
    bars.set(xlim=(0, 1.25), xticks=[0, 0.5, 1], title="accuracy")
    bars.invert_yaxis()
    figure.savefig(OUTPUT / "kernels.png", dpi=120)
    print(f"\nFigure: {OUTPUT / 'kernels.png'}")


if __name__ == "__main__":
    main()
