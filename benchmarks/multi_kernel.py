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

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from mmsk import FeatureBlocks, MultiKernelSVC, SVMClassifier, WeightedFusion
from mmsk.heads._kept_products import forget_tables, kept_tables

WIDTHS = {"image": 512, "text": 1024, "sound": 300}
N_CLASSES = 4
# Of the features; those of a kernel are their squares.
WEIGHTS = ({}, {"text": 0.5, "sound": 0.25}, {"image": 0.5, "text": 0.0})
NUMBERS = {"gamma": [0.3, 1.0], "C": [1.0, 10.0]}


def table(n_rows: int) -> tuple[FeatureBlocks, np.ndarray]:
    """Rows of unit mean squared norm in each block, around a centre for each class."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, N_CLASSES, n_rows)
    blocks = {}
    for name, width in WIDTHS.items():
        centres = generator.normal(size=(N_CLASSES, width)) * 0.13
        block = centres[y] + generator.normal(size=(n_rows, width))
        blocks[name] = (block / np.sqrt(width)).astype(np.float32)
    return FeatureBlocks(blocks), y


def on_weighted_features(head: object) -> GridSearchCV:
    pipeline = Pipeline([("fusion", WeightedFusion(scale=None)), ("head", head)])
    numbers = {f"head__{name}": values for name, values in NUMBERS.items()}
    return GridSearchCV(pipeline, {"fusion__weights": WEIGHTS, **numbers}, refit=False)


def on_blocks(reuse_mib: float) -> GridSearchCV:
    head = MultiKernelSVC(combination="product", scale=None, reuse_mib=reuse_mib)
    squares = [{name: weight**2 for name, weight in weights.items()} for weights in WEIGHTS]
    return GridSearchCV(head, {"weights": squares, **NUMBERS}, refit=False)


def scores_of(search: GridSearchCV) -> np.ndarray:
    """Scores of all candidates, which each search enters in its own order, and all folds."""
    found = search.cv_results_
    scores = [found[f"split{fold}_test_score"] for fold in range(search.n_splits_)]
    keys = [
        str([value for name, value in sorted(parameters.items()) if "weights" not in name])
        for parameters in found["params"]
    ]
    return np.stack(scores, axis=1)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
