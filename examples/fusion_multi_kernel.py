"""One kernel per modality: weights that are given, learned, and searched for.

Makes a table of texts, pictures and numbers on the spot, compares ways to weigh their kernels,
and searches the weights of one fused RBF kernel on a grid, which multiplies each pair of rows
once.

Run: python examples/fusion_multi_kernel.py
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.model_selection import GridSearchCV, cross_val_score

from mmsk import FeatureBlocks, MultiKernelSVC, infer_modalities, multimodal_pipeline
from mmsk.datasets import make_multimodal

OUTPUT = Path("fusion_multi_kernel_output")
STEPS = [0.0, 0.1, 0.3, 1.0, 3.0, 10.0]


def main() -> None:
    """Tell the story from a table to a searched kernel."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    table, y = make_multimodal(
        600,
        folder=OUTPUT / "data",
        modalities=("text", "image", "numeric"),
        n_classes=3,
        redundancy=0.3,
        uniqueness={"text": 0.45, "image": 0.2, "numeric": 0.05},
        synergy=0.0,
        noise=0.1,
        missing=0.1,
        random_state=0,
    )
    blocks = multimodal_pipeline(infer_modalities(table))["features"].fit_transform(table)
    print(f"{blocks}\n")

    learned = compare_weights(blocks, y)
    search = search_weights(blocks, y)
    draw(learned, search, OUTPUT / "weights.png")


def compare_weights(blocks: FeatureBlocks, y: np.ndarray) -> dict[str, dict[str, float]]:
    """Cross-validate three ways to weigh the kernels, and return the weights of each."""
    print("Accuracy in 5-fold cross-validation, and the weights of the kernels:\n")
    learned = {}
    for weights in ("uniform", "alignment", "easymkl"):
        head = MultiKernelSVC(weights=weights)
        accuracy = cross_val_score(head, blocks, y).mean()
        learned[weights] = head.fit(blocks, y).weights_
        listed = ", ".join(f"{name} {weight:.2f}" for name, weight in learned[weights].items())
        print(f"  {weights:10} {accuracy:6.1%}   {listed}")
    return learned


def search_weights(blocks: FeatureBlocks, y: np.ndarray) -> GridSearchCV:
    """Search the weights of text and image beside numbers of weight 1, in one RBF kernel."""
    head = MultiKernelSVC(combination="product", C=10.0)
    weights = [{"text": text, "image": image} for text in STEPS for image in STEPS]
    start = time.perf_counter()
    search = GridSearchCV(head, {"weights": weights}, error_score="raise").fit(blocks, y)
    seconds = time.perf_counter() - start
    print(f"\nSearched {len(weights)} candidates in {seconds:.1f} s.")
    print(f"Best: {search.best_params_}, accuracy {search.best_score_:.1%}")
    return search


def draw(learned: dict[str, dict[str, float]], search: GridSearchCV, path: Path) -> None:
    """Save the learned weights beside the accuracy over the searched ones."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (bars, grid) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    places = np.arange(len(learned["uniform"]))
    for number, (name, weights) in enumerate(learned.items()):
        bars.bar(places + 0.27 * (number - 1), list(weights.values()), 0.25, label=name)
    bars.set(xticks=places, xticklabels=list(learned["uniform"]), ylabel="weight of the kernel")
    bars.set_title("Weights of a sum of kernels")
    bars.legend()
    scores = np.reshape(search.cv_results_["mean_test_score"], (len(STEPS), len(STEPS)))
    image = grid.imshow(scores, origin="lower", cmap="viridis")
    ticks = {"ticks": range(len(STEPS)), "labels": STEPS}
    grid.set_xticks(**ticks)
    grid.set_yticks(**ticks)
    grid.set(xlabel="weight of image", ylabel="weight of text", title="Accuracy of the product")
    figure.colorbar(image, ax=grid)
    figure.savefig(path, dpi=120)
    print(f"Chart: {path}")


if __name__ == "__main__":
    main()
