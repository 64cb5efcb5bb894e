"""From a table of raw files to one grid-searched, fused, saved Pipeline.

Makes a table of texts, pictures, sounds, sensor series and numbers on the spot, compares every
modality alone with all of them fused, searches over extractors, fusions and heads, and saves the
model.

Run: python examples/quickstart.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split

from mmsk import (
    ConcatFusion,
    FusionSearchDisplay,
    SVMClassifier,
    WeightedFusion,
    cache_info,
    infer_modalities,
    multimodal_pipeline,
    save,
    search_results,
)
from mmsk.datasets import make_multimodal

OUTPUT = Path("quickstart_output")


def main() -> None:
    """Tell the story from raw files to a saved model."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    table, y = make_multimodal(
        300,
        folder=OUTPUT / "data",
        modalities=("text", "image", "audio", "series", "numeric"),
        n_classes=3,
        redundancy=0.3,
        uniqueness=0.7,
        synergy=0.0,
        noise=0.1,
        missing=0.1,
        random_state=0,
    )
    print(f"A table of {len(table)} rows, a tenth of its cells missing. Two of them:\n")
    print(table.head(2).T.to_string(max_colwidth=60), "\n")

    modalities = infer_modalities(table)
    print(f"What the cells are, and why:\n\n{modalities}\n")

    train, test, y_train, y_test = train_test_split(table, y, stratify=y, random_state=0)
    pipeline = multimodal_pipeline(modalities)
    scores = compare_modalities(pipeline, train, y_train)

    search = search_fusions(pipeline, train, y_train)
    results = search_results(search)
    print(f"\nThe five best of {len(results)} candidates:\n")
    print(results.head(5).round(3).to_string(index=False), "\n")
    accuracy = search.score(test, y_test)
    scores["searched, test rows"] = accuracy
    print(f"Accuracy of the best on the {len(test)} rows kept aside: {accuracy:.1%}\n")
    matplotlib.use("Agg")
    draw(scores, OUTPUT / "comparison.png")
    display = FusionSearchDisplay.from_search(search)
    display.figure_.savefig(OUTPUT / "search.png", dpi=120)
    print(f"Fusions and heads: {OUTPUT / 'search.png'}")
    save_and_reload(search.best_estimator_, test)
    print(f"\nWhat was computed once, and how often it was used:\n\n{store_table()}")


def compare_modalities(pipeline, table: pd.DataFrame, y: np.ndarray) -> dict[str, float]:
    """Cross-validate every modality alone, on the rows that have it, and all of them fused.

    Each file is read and computed once: from then on its features come from the store.
    """
    print("Accuracy in 5-fold cross-validation:\n")
    scores = {}
    columns_of = {name: columns for name, _, columns in pipeline["features"].transformers}
    for name, columns in columns_of.items():
        others = {f"features__{other}": "drop" for other in columns_of if other != name}
        present = table[columns].notna()
        rows = present if present.ndim == 1 else present.any(axis=1)
        alone = clone(pipeline).set_params(**others)
        scores[name] = cross_val_score(alone, table[rows], y[rows], error_score="raise").mean()
    scores["all fused"] = cross_val_score(pipeline, table, y, error_score="raise").mean()
    for name, score in scores.items():
        print(f"  {name:12} {score:6.1%}  {'#' * round(40 * score)}")
    return scores


def search_fusions(pipeline, table: pd.DataFrame, y: np.ndarray) -> GridSearchCV:
    """Search over an extractor's parameters, fusions and heads at once."""
    print("\nGrid search over text features, fusions and heads, in two processes:")
    grid = {
        "features__text__ngram_range": [(1, 1), (1, 2)],
        "fusion": [ConcatFusion(), WeightedFusion("score"), WeightedFusion("alignment")],
        "head": [SVMClassifier(), LogisticRegression(max_iter=1000)],
        "head__C": [1.0, 10.0, 100.0],
    }
    search = GridSearchCV(pipeline, grid, cv=4, n_jobs=2, error_score="raise")
    return search.set_callbacks(ProgressBar(max_propagation_depth=0)).fit(table, y)


def draw(scores: dict[str, float], path: Path) -> None:
    """Save a bar chart of the accuracies."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    colors = ["tab:gray"] * (len(scores) - 2) + ["tab:blue", "tab:green"]
    bars = axes.barh(list(scores), list(scores.values()), color=colors)
    axes.bar_label(bars, fmt="{:.1%}", padding=3)
    axes.axvline(1 / 3, color="black", linestyle=":", label="chance")
    axes.set(
        xlim=(0, 1.2),
        xticks=np.linspace(0, 1, 6),
        xlabel="accuracy",
        title="One modality, and all of them fused",
    )
    axes.invert_yaxis()
    axes.legend(loc="upper right")
    figure.savefig(path, dpi=120)
    print(f"Chart: {path}")


def store_table() -> str:
    """Show what the feature store holds of this run's extractors."""
    info = cache_info().head(4)
    return info[["extractor", "rows", "hits", "bytes"]].to_string(index=False)


def save_and_reload(model, table: pd.DataFrame) -> None:
    """Save as one file without code, load it in a fresh process, and compare the predictions."""
    save(model, OUTPUT / "model.mmsk")
    table.to_pickle(OUTPUT / "rows.pkl")
    program = (
        "import mmsk, numpy, pandas, sys; model, rows, out = sys.argv[1:]; "
        "numpy.save(out, mmsk.load(model).predict(pandas.read_pickle(rows)))"
    )
    files = [str(OUTPUT / name) for name in ("model.mmsk", "rows.pkl", "predictions.npy")]
    subprocess.run([sys.executable, "-c", program, *files], check=True)
    same = np.array_equal(np.load(files[2]), model.predict(table))
    size = (OUTPUT / "model.mmsk").stat().st_size / 1024
    print(f"Saved to {files[0]} ({size:.0f} KiB); a fresh process predicts the same: {same}")
    if not same:
        sys.exit("The reloaded model predicts something else.")


if __name__ == "__main__":
    main()
