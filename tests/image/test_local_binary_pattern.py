import numpy as np
import PIL.Image
import pytest
from skimage.feature import local_binary_pattern

from mmsk.image import LocalBinaryPatternEmbedder


@pytest.mark.parametrize(("method", "n_patterns"), [("uniform", 10), ("nri_uniform", 59)])
def test_numbers_are_those_of_scikit_image(pixels, method, n_patterns):
    square = pixels[:48, :48]
    grey = np.asarray(PIL.Image.fromarray(square).convert("L"))
    patterns = local_binary_pattern(grey, 8, 1.5, method)
    expected = [
        np.histogram(patterns[i : i + 24, j : j + 24], bins=np.arange(n_patterns + 1))[0] / 24**2
        for i in (0, 24)
        for j in (0, 24)
    ]
    embedder = LocalBinaryPatternEmbedder(48, radius=1.5, method=method, grid=2)
    row = embedder.set_output(transform="pandas").fit_transform([square])
    np.testing.assert_allclose(row.to_numpy()[0], np.concatenate(expected), rtol=1e-6)
    np.testing.assert_allclose(row["lbp_region1_0_pattern3"], expected[2][3], rtol=1e-6)


def test_regions_of_unequal_size_are_shares(pixels):
    row = LocalBinaryPatternEmbedder(50, grid=3).transform([pixels])
    np.testing.assert_allclose(row.reshape(9, 10).sum(axis=1), 1, rtol=1e-6)


def test_uniform_patterns_do_not_see_rotation(pixels):
    embedder = LocalBinaryPatternEmbedder(48, grid=1)
    turned, plain = embedder.transform([np.rot90(pixels[:48, :48]), pixels[:48, :48]])
    np.testing.assert_allclose(turned, plain, atol=0.01)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_points": 0}, "n_points=0 is not"),
        ({"radius": 0}, "radius=0 is not a number above 0"),
        ({"method": "var"}, "method='var' is not one of 'uniform', 'nri_uniform'"),
        ({"image_size": 8, "grid": 9}, "grid=9 is not an integer of at least 1 and at most 8"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        LocalBinaryPatternEmbedder(**parameters).fit()
