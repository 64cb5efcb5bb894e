"""GatedFusion: gates that follow which block is to be trusted in a row."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from mmsk import ConcatFusion, FeatureBlocks, GatedFusion

N_ROWS = 400


@pytest.fixture(scope="module")
def sensors():
    """Two sensors of which in each row one is broken: it shows a random class, and large values."""
    generator = np.random.default_rng(0)
    y, broken, random = generator.integers(0, 2, size=(3, N_ROWS))
    blocks = {}
    for place, name in enumerate(["one", "other"]):
        bad = broken == place
        signal = np.where(bad, 3 * (2 * random - 1), 2 * y - 1)
        blocks[name] = np.c_[signal, 5 * bad] + generator.normal(scale=0.5, size=(N_ROWS, 2))
    return FeatureBlocks(blocks), y, broken


@pytest.fixture(scope="module")
def fitted(sensors):
    blocks, y, _ = sensors
    return GatedFusion(n_components=16, max_epochs=40, random_state=0).fit(blocks, y)


def test_the_gates_follow_the_sensor_that_works(sensors, fitted):
    blocks, y, broken = sensors
    shares = fitted.modality_weights(blocks)
    working = shares[np.arange(N_ROWS), 1 - broken]
    assert working.mean() > 0.6
    model = make_pipeline(fitted, LogisticRegression())
    plain = make_pipeline(ConcatFusion(), LogisticRegression()).fit(blocks[:200], y[:200])
    assert model.fit(blocks[:200], y[:200]).score(blocks[200:], y[200:]) > 0.9
    assert plain.score(blocks[200:], y[200:]) < 0.8


def test_shares_sum_to_one_over_present_blocks(sensors, fitted):
    blocks, _, _ = sensors
    present = np.ones((N_ROWS, 2), dtype=bool)
    present[::3, 0] = False
    present[1::3, 1] = False
    gappy = FeatureBlocks(dict(blocks.items()), present=present)
    shares = fitted.modality_weights(gappy)
    assert shares.shape == (N_ROWS, 2)
    assert shares.dtype == np.float32
    np.testing.assert_array_equal(shares[::3], np.tile([[0, 1]], (len(shares[::3]), 1)))
    np.testing.assert_array_equal(shares[1::3], np.tile([[1, 0]], (len(shares[1::3]), 1)))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert ((shares[2::3] > 0) & (shares[2::3] < 1)).all()


def test_shares_depend_neither_on_order_nor_on_other_rows(sensors, fitted):
    blocks, _, _ = sensors
    shares = fitted.modality_weights(blocks)
    np.testing.assert_array_equal(fitted.modality_weights(blocks.select(["other", "one"])), shares)
    np.testing.assert_allclose(fitted.modality_weights(blocks[3]), shares[[3]], atol=1e-6)


def test_shares_are_refused_where_rows_would_be(sensors, fitted):
    blocks, _, _ = sensors
    with pytest.raises(NotFittedError, match="This GatedFusion instance is not fitted yet"):
        GatedFusion().modality_weights(blocks)
    with pytest.raises(ValueError, match="GatedFusion was fitted on the blocks 'one'"):
        fitted.modality_weights(blocks.select(["one"]))
    empty = FeatureBlocks(dict(blocks.items()), present=np.zeros((N_ROWS, 2), dtype=bool))
    with pytest.raises(ValueError, match="no modality at all"):
        fitted.modality_weights(empty)


def test_one_block_has_the_whole_share(sensors):
    blocks, y, _ = sensors
    fusion = GatedFusion(n_components=4, max_epochs=2, random_state=0).fit(blocks["one"], y)
    assert (fusion.modality_weights(blocks["one"]) == 1).all()
