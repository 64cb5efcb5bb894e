"""A search over fusion weights, gamma and C: MultiKernelSVC beside SVC on weighted features.

Three blocks of 512, 1,024 and 300 columns are fused in one RBF kernel. SVC gets the blocks side
by side, each times the root of its weight; MultiKernelSVC gets the blocks. All are
cross-validated on the same folds in the same run, in one process and on one thread; times are of
the processor. scikit-learn-intelex takes part where it is installed.

    python benchmarks/multi_kernel.py            # 3,000 rows, 12 candidates, 5 folds
    python benchmarks/multi_kernel.py --quick    # 1,000 rows
"""

from __future__ import annotations

import argparse
import resource
import time
from importlib.util import find_spec

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from mmsk import FeatureBlocks, MultiKernelSVC, SVMClassifier, WeightedFusion
from mmsk.heads._kept_products import forget_tables, kept_tables

WIDTHS = {"image": 512, "text": 1024, "sound": 300}
N_CLASSES, N_FACTORS, N_FOLDS = 3, 20, 5
# Weights of features, whose squares are those of a kernel.
WEIGHTS = [{}, {"text": 0.5, "sound": 0.25}, {"image": 0.5, "text": 0.0}]
SQUARES = [{name: weight**2 for name, weight in weights.items()} for weights in WEIGHTS]
GAMMAS, CS = [0.1, 0.3], [1.0, 10.0]


def table(n_rows: int) -> tuple[FeatureBlocks, np.ndarray]:
    """Blocks of few hidden factors, as embeddings have, with rows of unit mean squared norm."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, N_CLASSES, n_rows)
    blocks = {}
    for name, width in WIDTHS.items():
        factors = 0.3 * generator.normal(size=(N_CLASSES, N_FACTORS))[y]
        factors += generator.normal(size=(n_rows, N_FACTORS))
        block = factors @ generator.normal(size=(N_FACTORS, width)) / np.sqrt(N_FACTORS)
        block += 0.5 * generator.normal(size=block.shape)
        block /= np.sqrt(np.square(block).sum(axis=1).mean())
        blocks[name] = block.astype(np.float32)
    return FeatureBlocks(blocks), y


def contenders() -> dict[str, GridSearchCV]:
    """MultiKernelSVC comes first, so that the peak of the process's memory is its own."""
    product = {"combination": "product", "scale": None}
    found = {
        "MultiKernelSVC": on_blocks(MultiKernelSVC(**product)),
        "MultiKernelSVC, reuse_mib=0": on_blocks(MultiKernelSVC(reuse_mib=0, **product)),
        "SVMClassifier on weighted features": on_weighted_features(SVMClassifier()),
    }
    if find_spec("sklearnex"):
        from sklearnex.svm import SVC as IntelSVC

        found["scikit-learn-intelex's SVC on weighted features"] = on_weighted_features(IntelSVC())
    found["scikit-learn's SVC on weighted features"] = on_weighted_features(SVC())
    return found


def on_blocks(head: MultiKernelSVC) -> GridSearchCV:
    grid = {"C": CS, "gamma": GAMMAS, "weights": SQUARES}
    return GridSearchCV(head, grid, cv=N_FOLDS, refit=False)


def on_weighted_features(head: object) -> GridSearchCV:
    # Names whose order is that of the other grid, so that candidates come in the same order.
    model = Pipeline([("weighted", WeightedFusion(scale=None)), ("svc", head)])
    grid = {"svc__C": CS, "svc__gamma": GAMMAS, "weighted__weights": WEIGHTS}
    return GridSearchCV(model, grid, cv=N_FOLDS, refit=False)


def run(search: GridSearchCV, X: FeatureBlocks, y: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Seconds of the search, scores of all folds, and MiB by which it raised the peak."""
    forget_tables()
    before = peak_mib()
    start = time.process_time()  # other work on the machine does not count
    search.fit(X, y)
    seconds = time.process_time() - start
    scores = [search.cv_results_[f"split{fold}_test_score"] for fold in range(N_FOLDS)]
    return seconds, np.array(scores), peak_mib() - before


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 rows instead of 3,000")
    X, y = table(1000 if parser.parse_args().quick else 3000)
    results = {}
    with threadpool_limits(1):
        for name, search in contenders().items():
            results[name] = run(search, X, y)
            if name == "MultiKernelSVC":
                kept = sum(kept.nbytes for kept in kept_tables()) / 2**20
    seconds, scores, _ = results["scikit-learn's SVC on weighted features"]
    print(f"\n{X}\n{len(CS) * len(GAMMAS) * len(WEIGHTS)} candidates x {N_FOLDS} folds\n")
    print("| | s | times SVC | scores that differ | by at most | best mean |")
    print("|---|---|---|---|---|---|")
    for name, (spent, found, _) in results.items():
        differ = f"{np.count_nonzero(found != scores)} of {scores.size}"
        print(
            f"| {name} | {spent:.1f} | {seconds / spent:.1f} | {differ} | "
            f"{np.abs(found - scores).max():.4f} | {found.mean(axis=0).max():.4f} |"
        )
    print(
        f"\nMultiKernelSVC kept {kept:.0f} MiB (the data: {X.nbytes / 2**20:.0f} MiB); its search "
        f"raised the peak of the process by {results['MultiKernelSVC'][2]:.0f} MiB."
    )


if __name__ == "__main__":
    main()
