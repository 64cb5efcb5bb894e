import numpy as np
import pytest
from skimage.color import rgb2hsv, rgb2lab

from mmsk.image import ColorHistogramEmbedder

RANGES = {
    "rgb": [(0, 1), (0, 1), (0, 1)],
    "hsv": [(0, 1), (0, 1), (0, 1)],
    "lab": [(0, 100), (-128, 127), (-128, 127)],
}
CONVERT = {"rgb": lambda pixels: pixels / 255, "hsv": rgb2hsv, "lab": rgb2lab}


@pytest.mark.parametrize("color_space", list(RANGES))
def test_numbers_are_those_of_numpy_and_scikit_image(pixels, color_space):
    square = pixels[:48, :48]
    channels = CONVERT[color_space](square)
    expected = [
        np.histogram(channels[i : i + 24, j : j + 24, c], bins=7, range=RANGES[color_space][c])[0]
        for i in (0, 24)
        for j in (0, 24)
        for c in range(3)
    ]
    embedder = ColorHistogramEmbedder(48, color_space=color_space, bins=7)
    row = embedder.transform([square])[0]
    np.testing.assert_allclose(row, np.concatenate(expected) / 24**2, rtol=1e-6)


def test_names_say_where_and_what():
    picture = np.zeros((8, 8, 3), dtype=np.uint8)
    picture[:4, 4:] = [255, 0, 0]
    embedder = ColorHistogramEmbedder(8, color_space="rgb", bins=2)
    row = embedder.set_output(transform="pandas").fit_transform([picture]).iloc[0]
    assert row.index[row == 1].tolist() == [
        f"color_region{i}_{j}_{channel}_bin{int((i, j, channel) == (0, 1, 'red'))}"
        for i in (0, 1)
        for j in (0, 1)
        for channel in ("red", "green", "blue")
    ]


@pytest.mark.parametrize("color_space", list(RANGES))
def test_every_color_falls_into_a_bin(color_space):
    levels = np.array([0, 64, 128, 191, 255], dtype=np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(25, 5, 3)
    embedder = ColorHistogramEmbedder(25, color_space=color_space, bins=5, grid=1)
    shares = embedder.transform([colors]).reshape(3, 5)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"color_space": "cmyk"}, "color_space='cmyk' is not one of 'rgb', 'hsv', 'lab'"),
        ({"bins": 0}, "bins=0 is not an integer of at least 1"),
        ({"grid": 65}, "grid=65 is not an integer of at least 1 and at most 64"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ColorHistogramEmbedder(**parameters).fit()
