"""A fusion that knows, row by row, which modality to trust.

Makes a table of two sensors that both show the class. In each row one of them may be disturbed: it
shows another class, and a hum gives it away. A concatenation cannot use the hum, because it tells
nothing of the class: it only tells whom to believe. GatedFusion learns that, and shows it.

Run: python examples/fusion_learned.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from mmsk import (
    AttentionFusion,
    ConcatFusion,
    FeatureBlocks,
    GatedFusion,
    TensorFusion,
    TrainingCurveDisplay,
)

OUTPUT = Path("fusion_learned_output")
N_ROWS = 1500
N_CLASSES = 3


def main() -> None:
    """Compare fusions behind the same linear head, and draw whom the gates trust."""
    blocks, y, hum = make_sensors(np.random.default_rng(0))
    train, test = train_test_split(np.arange(N_ROWS), stratify=y, random_state=0)
    print(f"{blocks}\n\nAccuracy of a linear head on {len(test)} test rows:\n")
    fusions = [ConcatFusion(), TensorFusion(random_state=0), AttentionFusion(random_state=0)]
    gated = GatedFusion(random_state=0)
    for fusion in [*fusions, gated]:
        model = make_pipeline(fusion, LogisticRegression(max_iter=1000))
        accuracy = model.fit(blocks[train], y[train]).score(blocks[test], y[test])
        print(f"  {type(fusion).__name__:15} {accuracy:6.1%}  {'#' * round(40 * accuracy)}")
    shares = gated.modality_weights(blocks[test])
    OUTPUT.mkdir(exist_ok=True)
    draw(gated, shares[:, 0], hum[test], OUTPUT / "fusion_learned.png")


def make_sensors(generator: np.random.Generator) -> tuple[FeatureBlocks, np.ndarray, np.ndarray]:
    """Make a camera and a microphone, the classes, and how much louder the camera's hum is."""
    y = generator.integers(0, N_CLASSES, N_ROWS)
    hums = generator.uniform(0, 1, size=(2, N_ROWS))
    blocks = {}
    for name, hum, other_hum in zip(["camera", "microphone"], hums, hums[::-1], strict=True):
        wrong = generator.integers(0, N_CLASSES, N_ROWS)
        shown = np.where(hum > other_hum, wrong, y)
        signal = np.eye(N_CLASSES)[shown] + generator.normal(scale=0.2, size=(N_ROWS, N_CLASSES))
        blocks[name] = np.c_[signal, hum].astype(np.float32)
    return FeatureBlocks(blocks), y, hums[0] - hums[1]


def draw(gated: GatedFusion, shares: np.ndarray, hum: np.ndarray, path: Path) -> None:
    """Draw the losses of training, and the camera's share against its hum."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    TrainingCurveDisplay.from_estimator(gated, ax=left)
    left.set(ylabel="cross-entropy", title="Training of GatedFusion", ylim=0)
    right.scatter(hum, shares, s=10, color="tab:green", alpha=0.6, edgecolor="none")
    right.axvline(0, color="black", linestyle=":", label="both hum alike")
    right.set(
        xlabel="hum of the camera less that of the microphone",
        ylabel="share of the camera",
        ylim=(0, 1),
        title="Whom the gates trust, test rows",
    )
    right.legend(loc="upper right")
    figure.savefig(path, dpi=120)
    print(f"\nChart: {path}")


if __name__ == "__main__":
    main()
