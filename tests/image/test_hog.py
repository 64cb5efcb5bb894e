import numpy as np
import PIL.Image
import pytest
from skimage.feature import hog

from mmsk.image import HOGEmbedder


@pytest.mark.parametrize("block_norm", ["L1", "L1-sqrt", "L2", "L2-Hys"])
def test_numbers_and_names_are_those_of_scikit_image(pixels, block_norm):
    resized = np.asarray(
        PIL.Image.fromarray(pixels).resize((40, 40), PIL.Image.Resampling.BILINEAR)
    )
    expected = hog(
        resized,
        orientations=6,
        pixels_per_cell=(8, 8),
        cells_per_block=(2, 2),
        block_norm=block_norm,
        channel_axis=-1,
        feature_vector=False,
    )
    embedder = HOGEmbedder(40, orientations=6, block_norm=block_norm)
    row = embedder.set_output(transform="pandas").fit_transform([pixels])
    assert row.shape == (1, 4 * 4 * 2 * 2 * 6)
    np.testing.assert_allclose(row.to_numpy()[0], expected.ravel(), rtol=1e-6)
    np.testing.assert_allclose(row["hog_block3_1_cell0_1_direction4"], expected[3, 1, 0, 1, 4])


def test_size_that_is_no_multiple_of_the_cell(pixels):
    embedder = HOGEmbedder(45, cells_per_block=3)
    assert embedder.transform([pixels]).shape == (1, len(embedder.get_feature_names_out()))


def test_default_size(pixels):
    assert HOGEmbedder().transform([pixels]).shape == (1, 1764)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image_size": 15}, "image_size=15 is smaller than one block of 2 cells of 8 pixels"),
        ({"orientations": 0}, "orientations=0 is not an integer of at least 1"),
        ({"pixels_per_cell": 2.5}, "pixels_per_cell=2.5 is not"),
        ({"cells_per_block": 0}, "cells_per_block=0 is not"),
        ({"block_norm": "l2"}, "block_norm='l2' is not one of 'L1', 'L1-sqrt', 'L2', 'L2-Hys'"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        HOGEmbedder(**parameters).fit()
