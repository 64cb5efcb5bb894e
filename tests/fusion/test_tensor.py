"""TensorFusion: products of blocks through a tensor of low rank."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from mmsk import ConcatFusion, FeatureBlocks, TensorFusion


def products(n_rows, seed):
    blocks = np.random.default_rng(seed).normal(size=(3, n_rows, 2))
    y = (blocks[:, :, 0] > 0).sum(axis=0) % 2
    return FeatureBlocks(dict(zip("abc", blocks, strict=True))), y


def test_what_only_three_blocks_together_tell():
    """The parity of three signs: no pair of blocks says anything."""
    (blocks, y), (test, y_test) = products(800, 0), products(500, 1)
    scores = []
    for fusion in (TensorFusion(16, max_epochs=60, random_state=0), ConcatFusion()):
        model = make_pipeline(fusion, LogisticRegression()).fit(blocks, y)
        scores.append(model.score(test, y_test))
    assert scores[0] > 0.85
    assert scores[1] < 0.6


def test_refused_rank():
    with pytest.raises(ValueError, match="rank=0 is not an integer of at least 1"):
        TensorFusion(rank=0).fit(np.eye(4), [0, 1, 0, 1])
