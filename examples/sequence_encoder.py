"""Series of unequal lengths, told apart by the order of what happens in them.

Makes a table of two modalities: a movement, seen by a sensor of two channels, and how long it was
watched. Each movement holds the same two gestures, somewhere, in one order or the other. Statistics
over time cannot tell the order; networks that read the series in the order of time can. Two of
them side by side are two branches of one block.

Run: python examples/sequence_encoder.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mmsk import ConcatFusion, ModalityTransformer, RecurrentEncoder, TemporalConvEncoder

OUTPUT = Path("sequence_encoder_output")
N_ROWS = 200
SMALL = {"hidden_size": 16, "max_epochs": 12, "learning_rate": 0.01, "random_state": 0}


def main() -> None:
    """Compare what reads the series, behind the same head, and draw how one of them learns."""
    table, y = make_movements(np.random.default_rng(0))
    train, test, y_train, y_test = train_test_split(table, y, stratify=y, random_state=0)
    convolutions, recurrent = TemporalConvEncoder(16, **SMALL), RecurrentEncoder(16, **SMALL)
    extractors = {
        "mean and deviation": FunctionTransformer(mean_and_deviation),
        "convolutions": convolutions,
        "recurrent": recurrent,
        "both branches": FeatureUnion([("convolutions", convolutions), ("recurrent", recurrent)]),
    }
    print(f"Accuracy on {len(test)} test rows:\n")
    for name, extractor in extractors.items():
        features = ModalityTransformer(
            [("movement", extractor, "movement"), ("seconds", StandardScaler(), ["seconds"])]
        )
        model = make_pipeline(features, ConcatFusion(), LogisticRegression())
        accuracy = model.fit(train, y_train).score(test, y_test)
        print(f"  {name:20} {accuracy:6.1%}  {'#' * round(40 * accuracy)}")
    OUTPUT.mkdir(exist_ok=True)
    history = convolutions.fit(train["movement"], y_train).history_
    draw(table, y, history, OUTPUT / "sequence_encoder.png")


def make_movements(generator: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Make movements of 2 to 5 seconds at 20 Hz: lift then turn, or turn then lift."""
    y = np.array(["lift first", "turn first"])[generator.integers(0, 2, N_ROWS)]
    movements = []
    for label in y:
        n_points = generator.integers(40, 100)
        early, late = sorted(generator.uniform(0, n_points, 2))
        lift, turn = (early, late) if label == "lift first" else (late, early)
        values = 0.2 * generator.normal(size=(n_points, 2))
        values[:, 0] += np.exp(-(((np.arange(n_points) - lift) / 3) ** 2))
        values[:, 1] += np.exp(-(((np.arange(n_points) - turn) / 3) ** 2))
        movements.append(values)
    table = pd.DataFrame({"movement": pd.Series(movements, dtype=object)})
    table["seconds"] = [len(values) / 20 for values in movements]
    return table, y


def mean_and_deviation(column: pd.Series) -> np.ndarray:
    """Both of each channel over time."""
    return np.stack([np.r_[values.mean(axis=0), values.std(axis=0)] for values in column])


def draw(table: pd.DataFrame, y: np.ndarray, history: dict, path: Path) -> None:
    """Draw a movement of each class, and the loss of training."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained")
    for axis, label in zip(axes, ["lift first", "turn first"], strict=False):
        values = table["movement"][np.flatnonzero(y == label)[0]]
        axis.plot(np.arange(len(values)) / 20, values, label=["height", "angle"])
        axis.set(title=label, xlabel="seconds", ylim=(-0.8, 1.6))
        axis.legend(loc="upper right")
    axes[2].plot(np.arange(1, len(history["loss"]) + 1), history["loss"], color="tab:green")
    axes[2].set(title="TemporalConvEncoder", xlabel="epoch", ylabel="cross-entropy", ylim=0)
    figure.savefig(path, dpi=120)
    print(f"\nChart: {path}")


if __name__ == "__main__":
    main()
