"""A neural head that fuses, and what it makes of rows that lack a modality.

Makes a table of a camera and a microphone. The class is whether the two agree, so that neither
tells anything alone. A deep head with gates learns it; dropping modalities in training keeps it
useful where one is missing. An SVM is then put on top of its last layer.

Run: python examples/deep_fusion.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from mmsk import Checkpoint, ConcatFusion, DeepFusionClassifier, FeatureBlocks, SVMClassifier

OUTPUT = Path("deep_fusion_output")
N_ROWS = 1500


def main() -> None:
    """Compare heads, resume one from its checkpoint, and draw how they learned."""
    OUTPUT.mkdir(exist_ok=True)
    blocks, y = make_sensors(np.random.default_rng(0))
    train, test = train_test_split(np.arange(N_ROWS), stratify=y, random_state=0)
    print(f"{blocks}\n\nAccuracy on {len(test)} test rows:\n")
    linear = make_pipeline(ConcatFusion(), LogisticRegression())
    tell("ConcatFusion, linear head", linear.fit(blocks[train], y[train]), blocks[test], y[test])
    heads = {}
    for fusion in ("concat", "gated", "joint", "tensor"):
        head = DeepFusionClassifier(
            (64,), fusion=fusion, n_components=32, learning_rate=0.005, modality_dropout=0.1,
            max_epochs=40, random_state=0, callbacks=[Checkpoint(OUTPUT / f"{fusion}.npz")],
        )  # fmt: skip
        heads[fusion] = head.fit(blocks[train], y[train])
        tell(f"deep head, {fusion}", head, blocks[test], y[test])
    on_top = make_pipeline(heads["gated"], SVMClassifier()).fit(blocks[train], y[train])
    tell("SVM on the gated head", on_top, blocks[test], y[test])
    resumed = DeepFusionClassifier(**heads["gated"].get_params() | {"max_epochs": 1})
    resumed.set_params(initial_weights=OUTPUT / "gated.npz").fit(blocks[train], y[train])
    first, last = heads["gated"].loss_curve_[0], resumed.loss_curve_[0]
    print(f"\nFirst loss of the gated head {first:.2f}, and from its checkpoint {last:.2f}")
    draw(heads, OUTPUT / "deep_fusion.png")


def make_sensors(generator: np.random.Generator) -> tuple[FeatureBlocks, np.ndarray]:
    """Make a camera and a microphone that each show a sign; the class is whether they agree."""
    signs = generator.integers(0, 2, size=(2, N_ROWS))
    blocks = {}
    for name, sign in zip(["camera", "microphone"], signs, strict=True):
        directions = generator.normal(size=(2, 6))
        noise = generator.normal(scale=0.7, size=(N_ROWS, 6))
        blocks[name] = (directions[sign] + noise).astype(np.float32)
    return FeatureBlocks(blocks), np.where(signs[0] == signs[1], "agree", "differ")


def tell(name: str, model: object, blocks: FeatureBlocks, y: np.ndarray) -> None:
    """Print the accuracy of a fitted model."""
    accuracy = model.score(blocks, y)
    print(f"  {name:26} {accuracy:6.1%}  {'#' * round(40 * accuracy)}")


def draw(heads: dict[str, DeepFusionClassifier], path: Path) -> None:
    """Draw the loss of the rows held out, epoch by epoch."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    for fusion, head in heads.items():
        losses = head.history_["validation_loss"]
        axes.plot(np.arange(1, len(losses) + 1), losses, label=fusion)
    axes.set(xlabel="epoch", ylabel="cross-entropy, rows held out", ylim=0)
    axes.legend(title="fusion")
    figure.savefig(path, dpi=120)
    print(f"Chart: {path}")


if __name__ == "__main__":
    main()
