"""Blocks to search over, and a fitted search."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from mmsk import ConcatFusion, FeatureBlocks, WeightedFusion

N_ROWS = 60


@pytest.fixture(scope="session")
def y():
    return np.arange(N_ROWS) % 2


@pytest.fixture(scope="session")
def blocks(y):
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(N_ROWS, 3))
    return FeatureBlocks({"image": noise[:, :2] + y[:, None], "sound": noise[:, 2:]})


@pytest.fixture(scope="session")
def pipeline():
    return Pipeline([("fusion", ConcatFusion()), ("head", LogisticRegression())])


GRIDS = [
    {
        "fusion": [ConcatFusion("block"), WeightedFusion("alignment"), "passthrough"],
        "head": [LogisticRegression()],
        "head__C": [0.01, 1.0],
    },
    {"head": [RidgeClassifier()], "head__alpha": [1, 10]},
]


@pytest.fixture(scope="session")
def search(pipeline, blocks, y):
    return GridSearchCV(pipeline, GRIDS, cv=3, error_score="raise").fit(blocks, y)
