"""Scales of the blocks of a deep head."""

import numpy as np
import pytest
from scipy import sparse

from mmsk import FeatureBlocks
from mmsk.heads._deep_inputs import learn_inputs


@pytest.fixture
def blocks():
    generator = np.random.default_rng(0)
    image = generator.normal(5, [1, 10, 100, 0], size=(60, 4))
    text = sparse.random_array((60, 50), density=0.2, rng=generator, format="csr")
    image[:20] = np.nan
    return FeatureBlocks({"image": image, "text": text})


def test_standard(blocks):
    scales, spreads = learn_inputs(blocks, "standard", np.ones(60))
    image = scales["image"].apply(blocks["image"][20:])
    np.testing.assert_allclose(image.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(image.std(axis=0), [1, 1, 1, 0], atol=1e-5)
    text = scales["text"].apply(blocks["text"])
    assert np.mean(text.data**2) == pytest.approx(1, rel=1e-5)
    assert spreads == pytest.approx([3**0.5, 10**0.5])


def test_block_and_none(blocks):
    scales, spreads = learn_inputs(blocks, "block", np.ones(60))
    image = scales["image"].apply(blocks["image"][20:])
    assert np.mean(image**2) == pytest.approx(1, rel=1e-5)
    assert spreads == pytest.approx([2, 10**0.5])
    scales, spreads = learn_inputs(blocks, None, np.ones(60))
    np.testing.assert_array_equal(scales["image"].factor, 1)
    assert spreads == pytest.approx([2, 10**0.5])


def test_only_rows_with_weight_count_and_by_their_weight(blocks):
    weight = np.r_[np.zeros(30), np.ones(15), 3 * np.ones(15)]
    repeated = np.repeat(np.arange(60), weight.astype(int))
    scales, _ = learn_inputs(blocks, "standard", weight)
    expected, _ = learn_inputs(blocks[repeated], "standard", np.ones(len(repeated)))
    for name in ("image", "text"):
        np.testing.assert_allclose(scales[name].factor, expected[name].factor, rtol=0.05)
    np.testing.assert_allclose(scales["image"].offset, expected["image"].offset, rtol=1e-6)


def test_a_block_without_rows(blocks):
    scales, spreads = learn_inputs(blocks, "standard", np.r_[np.ones(20), np.zeros(40)])
    assert not scales["image"].factor.any()
    assert spreads[0] == 1
