"""What only two modalities tell together: products of blocks find it.

Makes texts and numbers of which each shows a piece of the label, and neither tells anything
alone. A linear head on the blocks side by side stays at chance; with a sketch of their products,
the larger the better, it finds the label.

Run: python examples/fusion_bilinear.py
"""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from mmsk import BilinearFusion, ConcatFusion, multimodal_pipeline
from mmsk.datasets import make_multimodal

OUTPUT = Path("fusion_bilinear_output")
MODALITIES = ("text", "numeric")
SKETCH_SIZES = [16, 64, 256, 1024, 4096]


def main() -> None:
    """Compare fusions before a linear head, and draw what the size of the sketch does."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    table, y = make_multimodal(
        600,
        folder=OUTPUT / "data",
        modalities=MODALITIES,
        redundancy=0.0,
        uniqueness=0.0,
        synergy=1.0,
        noise=0.0,
        random_state=0,
    )
    print("Two rows of the table:\n")
    print(table.head(2).T.to_string(max_colwidth=70), "\n")
    print("Accuracy of a logistic regression in 5-fold cross-validation:\n")

    side_by_side = accuracy(ConcatFusion(), table, y)
    print(f"  blocks side by side       {side_by_side:6.1%}")
    with_products = {}
    for size in SKETCH_SIZES:
        with_products[size] = accuracy(BilinearFusion(size, random_state=0), table, y)
        print(f"  and a sketch of {size:4}      {with_products[size]:6.1%}")
    draw(side_by_side, with_products, OUTPUT / "sketch_size.png")


def accuracy(fusion, table, y) -> float:
    """Cross-validate a linear head behind a fusion."""
    pipeline = multimodal_pipeline(table, fusion=fusion, head=LogisticRegression(C=10))
    return cross_val_score(pipeline, table, y, error_score="raise").mean()


def draw(side_by_side: float, with_products: dict[int, float], path: Path) -> None:
    """Save the accuracies over the size of the sketch."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    sizes = list(with_products)
    axes.plot(sizes, list(with_products.values()), "o-", color="tab:green", label="BilinearFusion")
    axes.axhline(side_by_side, color="tab:gray", linestyle="--", label="ConcatFusion")
    axes.axhline(0.5, color="black", linestyle=":", label="chance")
    axes.set_xscale("log", base=2)
    axes.set(
        xticks=sizes,
        xticklabels=sizes,
        ylim=(0.4, 1.02),
        xlabel="size of the sketch (n_components)",
        ylabel="accuracy of a linear head",
        title="The label is in neither block, but in their products",
    )
    axes.legend(loc="center right")
    figure.savefig(path, dpi=120)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
