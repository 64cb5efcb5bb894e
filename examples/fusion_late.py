"""When to fuse late: each modality knows something of its own, and many rows lack some.

Makes tables of texts, sounds and numbers of which more and more cells are missing, and compares
one head on all features side by side with one head for each modality, by every rule.

Run: python examples/fusion_late.py
"""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from mmsk import ConcatFusion, LateFusionClassifier, SVMClassifier, multimodal_pipeline
from mmsk.datasets import make_multimodal

OUTPUT = Path("fusion_late_output")
MISSING = [0.0, 0.2, 0.4, 0.6]
EARLY = {
    "one head, logistic C=1": LogisticRegression(max_iter=1000),
    "one head, logistic C=10": LogisticRegression(C=10.0, max_iter=1000),
    "one head, SVM C=10": SVMClassifier(C=10.0),
}
LATE = {
    f"late, {rule}": LateFusionClassifier(combination=rule)
    for rule in ("mean", "product", "max", "stacking")
}


def main() -> None:
    """Compare early and late fusion as cells go missing."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    tables = {missing: make_table(missing) for missing in MISSING}
    scores = pd.DataFrame({missing: compare(*table) for missing, table in tables.items()})
    print("Accuracy in 4-fold cross-validation, by the share of missing cells:\n")
    print(scores.round(3).to_string())
    draw(scores, OUTPUT / "comparison.png")
    show_heads(*tables[0.4])


def make_table(missing: float):
    """Half of the rows give their class away in every modality, half in one alone."""
    return make_multimodal(
        800,
        folder=OUTPUT / f"data_{missing}",
        modalities=("text", "audio", "numeric"),
        n_classes=3,
        redundancy=0.5,
        uniqueness=0.5,
        synergy=0.0,
        missing=missing,
        random_state=0,
    )


def compare(table: pd.DataFrame, y) -> dict[str, float]:
    """Cross-validate every model on the whole way from raw cells to classes."""
    models = {name: (ConcatFusion(), head) for name, head in EARLY.items()}
    models |= {name: ("passthrough", head) for name, head in LATE.items()}
    scores = {}
    for name, (fusion, head) in models.items():
        model = multimodal_pipeline(table, fusion=fusion, head=head)
        scores[name] = cross_val_score(model, table, y, cv=4, error_score="raise").mean()
    return scores


def draw(scores: pd.DataFrame, path: Path) -> None:
    """Save a chart of accuracy by the share of missing cells."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, values in scores.iterrows():
        style = "--" if name in EARLY else "-"
        axes.plot(values.index, values, style, marker="o", label=name)
    axes.set(
        xticks=MISSING,
        xlabel="share of missing cells",
        ylabel="accuracy",
        title="One head for all modalities, or one for each",
    )
    axes.legend()
    figure.savefig(path, dpi=120)
    print(f"\nChart: {path}")


def show_heads(table: pd.DataFrame, y) -> None:
    """Give each modality a head of its own, and see how much each of them counts."""
    heads = [("text", SVMClassifier()), ("audio", LogisticRegression()), ("numeric", "drop")]
    late = LateFusionClassifier(heads, combination="weighted")
    model = multimodal_pipeline(table, fusion="passthrough", head=late)
    model.set_params(head__text__C=10.0, head__numeric=SVMClassifier()).fit(table, y)
    print("\nScores of three heads on rows they have not seen, which are their weights:\n")
    print(pd.Series(model["head"].weights_).round(2).to_string())


if __name__ == "__main__":
    main()
