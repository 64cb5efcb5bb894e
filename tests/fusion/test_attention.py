"""AttentionFusion: blocks that look at each other."""

import numpy as np
import pytest

from mmsk import AttentionFusion, FeatureBlocks

N_ROWS = 200


@pytest.fixture(scope="module")
def blocks():
    generator = np.random.default_rng(0)
    parts = {name: generator.normal(size=(N_ROWS, 3)) for name in ("telling", "noise", "hiss")}
    present = generator.random((N_ROWS, 3)) < 0.8
    present[~present.any(axis=1), 0] = True
    return FeatureBlocks(parts, present=present)


@pytest.fixture(scope="module")
def fitted(blocks):
    y = blocks["telling"][:, 0] > 0
    return AttentionFusion(n_components=8, n_heads=2, max_epochs=20, random_state=0).fit(blocks, y)


def test_shares_sum_to_one_over_present_blocks(blocks, fitted):
    shares = fitted.modality_weights(blocks)
    assert shares.shape == (N_ROWS, 3)
    assert shares.dtype == np.float32
    assert not shares[~blocks.present].any()
    assert (shares[blocks.present] > 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)


def test_the_block_that_tells_has_the_largest_share(blocks, fitted):
    shares = fitted.modality_weights(blocks[blocks.present.all(axis=1)]).mean(axis=0)
    assert shares[0] > 1.2 * max(shares[1:])


def test_components_are_split_over_heads(blocks):
    message = "n_components=10 is not a multiple of n_heads=4: take 12 components"
    with pytest.raises(ValueError, match=message):
        AttentionFusion(n_components=10).fit(blocks, np.arange(N_ROWS) % 2)
    with pytest.raises(ValueError, match="n_heads=0 is not an integer of at least 1"):
        AttentionFusion(n_heads=0).fit(blocks, np.arange(N_ROWS) % 2)
