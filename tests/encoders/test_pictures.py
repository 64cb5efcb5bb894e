"""Pictures as encoders see them: size, channels, and their statistics."""

import numpy as np
import PIL.Image
import pytest

from mmsk.encoders import ImageAutoEncoder
from mmsk.encoders._pictures import channel_statistics


def read(cell, **parameters):
    return ImageAutoEncoder(**parameters)._read(cell)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, size=(12, 20, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("image_size", "shape"), [(16, (16, 16, 3)), ((12, 20), (12, 20, 3)), ([6, 9], (6, 9, 3))]
)
def test_the_whole_picture_is_resized(pixels, image_size, shape):
    seen = read(pixels, image_size=image_size)
    assert seen.shape == shape
    size = shape[1::-1]
    by_pillow = PIL.Image.fromarray(pixels).resize(size, PIL.Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(seen, np.asarray(by_pillow))


def test_grey(pixels):
    seen = read(pixels, image_size=(12, 20), color_space="grey")
    assert seen.shape == (12, 20, 1)
    np.testing.assert_allclose(seen[..., 0], pixels @ [0.299, 0.587, 0.114], atol=0.51)


@pytest.mark.parametrize("color_space", ["rgb", "grey"])
def test_a_grey_picture_gives_its_own_values(color_space):
    grey = np.linspace(0, 1, 64).reshape(8, 8)
    seen = read(grey, image_size=8, color_space=color_space)
    np.testing.assert_allclose(seen / 255, np.broadcast_to(grey[..., None], seen.shape), atol=0.002)


def test_statistics_are_those_of_all_pixels():
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, [256, 100, 30], size=(7, 9, 5, 3)).astype(np.uint8)
    mean, std = channel_statistics(list(pictures))
    np.testing.assert_allclose(mean, pictures.mean(axis=(0, 1, 2)) / 255)
    np.testing.assert_allclose(std, pictures.std(axis=(0, 1, 2)) / 255)


def test_a_channel_that_never_changes_can_be_divided_by():
    mean, std = channel_statistics([np.full((4, 4, 1), 51, dtype=np.uint8)] * 3)
    assert mean == (0.2,)
    assert std == (1 / 255,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"image_size": 0}, "image_size=0 is not an integer of at least 1"),
        ({"image_size": (8, 8, 3)}, r"image_size=\(8, 8, 3\) is not an integer"),
        ({"image_size": (8, 0)}, "image_size=0 is not an integer"),
        ({"image_size": "64"}, "image_size='64' is not an integer"),
        ({"color_space": "gray"}, "color_space='gray' is not one of 'rgb', 'grey'"),
        ({"reader": "default"}, "reader='default' is not an ImageReader or None"),
    ],
)
def test_bad_parameters(pixels, parameters, message):
    with pytest.raises(ValueError, match=message):
        ImageAutoEncoder(**parameters).fit([pixels])
