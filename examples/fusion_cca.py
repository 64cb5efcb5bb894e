"""Few labels, many unlabelled pairs: what a text and a picture have in common.

In 900 rows the text and the picture tell the same, each in its own way. CCAFusion finds that out
without labels; a dozen labelled rows are then enough to name it, and either cell can stand in for
the other.

Run: python examples/fusion_cca.py
"""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split

from mmsk import CCAFusion, ConcatFusion, FeatureBlocks, infer_modalities, multimodal_pipeline
from mmsk.datasets import make_multimodal

OUTPUT = Path("fusion_cca_output")
N_CLASSES = 6
REDUNDANT = {"redundancy": 1.0, "uniqueness": 0.0, "synergy": 0.0, "noise": 0.1}
N_LABELS = (12, 24, 48, 96, 192, 384)
FUSIONS = {
    "ConcatFusion": ConcatFusion(),
    "CCAFusion": CCAFusion(n_components=N_CLASSES - 1, random_state=0),
}
CELLS = {"both": ["text", "image"], "text only": ["text"], "picture only": ["image"]}


def main() -> None:
    """Compare concatenation with CCA, by number of labels and by what is there at test time."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    table, y = make_multimodal(
        1200,
        folder=OUTPUT / "data",
        modalities=("text", "image"),
        n_classes=N_CLASSES,
        random_state=0,
        **REDUNDANT,
    )
    blocks = multimodal_pipeline(infer_modalities(table))["features"].fit_transform(table)
    train, test = train_test_split(np.arange(len(y)), test_size=300, stratify=y, random_state=0)
    scores = pd.DataFrame(index=pd.Index(N_LABELS, name="labels"))
    for name, fusion in FUSIONS.items():
        fusion.fit(blocks[train])  # without labels
        for cells, kept in CELLS.items():
            tested = only(blocks[test], kept), y[test]
            scores[name, cells] = learning_curve(fusion, blocks[train], y[train], *tested)
    scores.columns = pd.MultiIndex.from_tuples(scores.columns)
    correlations = FUSIONS["CCAFusion"].correlations_.round(2)
    print(f"Canonical correlations in {len(train)} rows without labels: {correlations}\n")
    print(f"Accuracy on {len(test)} other rows, mean of 10 draws of the labelled rows:\n")
    print(scores.map("{:.1%}".format).to_string())
    draw(scores, OUTPUT / "labels.png")


def only(blocks: FeatureBlocks, kept: list[str]) -> FeatureBlocks:
    """Return the blocks with all but some of them missing."""
    present = np.array([[name in kept for name in blocks.names]] * len(blocks))
    return FeatureBlocks(dict(blocks.items()), present=present)


def learning_curve(fusion, blocks, y, test_blocks, y_test) -> list[float]:
    """Accuracy of a head on few fused rows with labels, for each number of labels."""
    fused, fused_test = fusion.transform(blocks), fusion.transform(test_blocks)
    curve = []
    for n_labels in N_LABELS:
        draws = StratifiedShuffleSplit(10, train_size=n_labels, random_state=0).split(fused, y)
        heads = [LogisticRegression(max_iter=1000).fit(fused[few], y[few]) for few, _ in draws]
        curve.append(np.mean([head.score(fused_test, y_test) for head in heads]))
    return curve


def draw(scores: pd.DataFrame, path: Path) -> None:
    """Save the accuracies over the numbers of labels."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), sharey=True, layout="constrained")
    for cells, axis in zip(CELLS, axes, strict=True):
        for name, color in zip(FUSIONS, ["tab:gray", "tab:green"], strict=True):
            axis.plot(scores.index, scores[name, cells], "o-", color=color, label=name)
        axis.axhline(1 / N_CLASSES, color="black", linestyle=":", label="chance")
        axis.set(xscale="log", xlabel="labelled rows", title=f"at test: {cells}", ylim=(0, 1))
        axis.set_xticks(N_LABELS, [str(number) for number in N_LABELS])
        axis.minorticks_off()
    axes[0].set_ylabel("accuracy")
    axes[-1].legend(loc="lower right")
    figure.savefig(path, dpi=120)
    print(f"\nChart: {path}")


if __name__ == "__main__":
    main()
