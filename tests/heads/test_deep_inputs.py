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


def mean_square_norm(rows):
    squares = rows.multiply(rows) if sparse.issparse(rows) else np.square(rows)
    return squares.sum() / rows.shape[0]


def test_standard(blocks):
    """3 columns vary, 10 values are stored on average: the norm lies between."""
    scales, norms = learn_inputs(blocks, "standard", np.ones(60))
    image = scales["image"].apply(blocks["image"][20:])
    np.testing.assert_allclose(image.mean(axis=0), 0, atol=1e-5)
    deviation = (6.5 / 3) ** 0.5
    np.testing.assert_allclose(image.std(axis=0), deviation * np.array([1, 1, 1, 0]), rtol=1e-5)
    text = scales["text"].apply(blocks["text"])
    assert mean_square_norm(image) == pytest.approx(6.5, rel=1e-5)
    assert mean_square_norm(text) == pytest.approx(6.5, rel=1e-5)
    assert norms == pytest.approx([6.5**0.5] * 2)


def test_one_block_has_columns_of_variance_1():
    rows = np.random.default_rng(0).normal(5, [1, 10, 100], size=(60, 3))
    scales, norms = learn_inputs(FeatureBlocks({"image": rows}), "standard", np.ones(60))
    np.testing.assert_allclose(scales["image"].apply(rows).std(axis=0), 1, rtol=1e-5)
    assert norms == pytest.approx([3**0.5])


def test_block_and_none(blocks):
    scales, norms = learn_inputs(blocks, "block", np.ones(60))
    image = scales["image"].apply(blocks["image"][20:])
    assert mean_square_norm(image) == pytest.approx(7, rel=1e-5)
    assert norms == pytest.approx([7**0.5] * 2)
    scales, norms = learn_inputs(blocks, None, np.ones(60))
    np.testing.assert_array_equal(scales["image"].factor, 1)
    assert norms == pytest.approx([2, 10**0.5])


def test_only_rows_with_weight_count_and_by_their_weight(blocks):
    weight = np.r_[np.zeros(30), np.ones(15), 3 * np.ones(15)]
    repeated = np.repeat(np.arange(60), weight.astype(int))
    scales, _ = learn_inputs(blocks, "standard", weight)
    expected, _ = learn_inputs(blocks[repeated], "standard", np.ones(len(repeated)))
    for name in ("image", "text"):
        np.testing.assert_allclose(scales[name].factor, expected[name].factor, rtol=0.05)
    np.testing.assert_allclose(scales["image"].offset, expected["image"].offset, rtol=1e-6)


def test_a_block_without_rows(blocks):
    scales, norms = learn_inputs(blocks, "standard", np.r_[np.ones(20), np.zeros(40)])
    assert not scales["image"].factor.any()
    assert np.isfinite(norms).all()
