"""Train with all modalities, predict with the cheap one.

Rows have a text, a sound and a picture in training; at predict time there is only the picture. Few
of the rows have a label. A teacher that sees all three learns from those, and names the other rows
for a student that sees the picture alone.

Run: python examples/distillation.py
"""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split

from mmsk import DistilledClassifier, multimodal_pipeline
from mmsk.datasets import make_multimodal

OUTPUT = Path("distillation_output")
REDUNDANT = {"redundancy": 1.0, "uniqueness": 0.0, "synergy": 0.0, "noise": 0.1}
N_CLASSES = 6
N_LABELS = (12, 24, 48, 96)
N_DRAWS = 2


def main() -> None:
    """Compare the picture alone, all modalities, and what they teach, by number of labels."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    table, y = make_multimodal(
        600, folder=OUTPUT / "data", n_classes=N_CLASSES, random_state=0, **REDUNDANT
    )
    train, test, y_train, y_test = train_test_split(
        table, y, test_size=200, stratify=y, random_state=0
    )
    scores = pd.DataFrame(index=pd.Index(N_LABELS, name="labels"))
    for n_labels in N_LABELS:
        draws = StratifiedShuffleSplit(N_DRAWS, train_size=n_labels, random_state=0)
        of_draws = [
            compare(train, with_labels(y_train, few), test, y_test)
            for few, _ in draws.split(train, y_train)
        ]
        for name, accuracy in pd.DataFrame(of_draws).mean().items():
            scores.loc[n_labels, name] = accuracy
    print(f"Accuracy on {len(test)} test rows; {len(train)} training rows, few of them labelled:\n")
    print(scores.map("{:.1%}".format).to_string())
    draw(scores, OUTPUT / "distillation.png")


def with_labels(y: np.ndarray, few: np.ndarray) -> np.ndarray:
    """Forget all labels but a few."""
    gappy = np.full(len(y), None, dtype=object)
    gappy[few] = y[few]
    return gappy


def compare(train, y_train, test, y_test) -> dict[str, float]:
    """Accuracy of the student alone, of the teacher, and of the student that it taught."""
    head = LogisticRegression(max_iter=1000)
    teacher = multimodal_pipeline(train, head=head)
    student = multimodal_pipeline({"image": "image"}, head=clone(head))
    labelled = pd.notna(y_train)
    rows, labels = train[labelled], y_train[labelled].astype(int)
    distilled = DistilledClassifier(teacher, student, cv=2).fit(train, y_train)
    return {
        "picture alone": student.fit(rows, labels).score(test[["image"]], y_test),
        "distilled, picture alone": distilled.score(test[["image"]], y_test),
        "teacher, all modalities": distilled.teacher_.score(test, y_test),
    }


def draw(scores: pd.DataFrame, path: Path) -> None:
    """Save the accuracies over the numbers of labels."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for (name, values), style in zip(scores.items(), ["o-", "o-", "o--"], strict=True):
        axes.plot(values.index, values, style, label=name)
    axes.set(xscale="log", xlabel="labelled rows", ylabel="accuracy", ylim=(0, 1))
    axes.set_xticks(N_LABELS, [str(number) for number in N_LABELS])
    axes.minorticks_off()
    axes.set_title("Predicting from the picture alone")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=120)
    print(f"\nChart: {path}")


if __name__ == "__main__":
    main()
