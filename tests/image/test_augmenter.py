import numpy as np
import pytest
from sklearn.base import clone

from mmsk.image import ImageAugmenter
from mmsk.image._augmenter import _resampled

OFF = {"rotate": 0, "scale": 0, "crop": 0, "flip": 0, "color": 0, "noise": 0}


def only(**change):
    return ImageAugmenter(**{**OFF, **change})


@pytest.fixture
def smooth():
    """A smooth picture, so that resampling changes it little."""
    y, x = np.mgrid[:60, :80]
    return np.stack([60 + x, 200 - 2 * y, 60 + x + y], axis=-1).astype(np.uint8)


def test_nothing_on_changes_nothing(pixels):
    np.testing.assert_array_equal(ImageAugmenter(**OFF).augment(pixels, 0), pixels)


def test_flip_is_the_mirror_image(pixels):
    np.testing.assert_array_equal(only(flip=1).augment(pixels, 0), pixels[:, ::-1])
    flipped = [(only(flip=0.5).augment(pixels, seed) != pixels).any() for seed in range(40)]
    assert 10 < sum(flipped) < 30


def test_same_seed_same_picture(pixels):
    augmenter = ImageAugmenter()
    first, second = (augmenter.augment(pixels, 3) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(clone(augmenter).augment(pixels, 3), first)
    assert (augmenter.augment(pixels, 4) != first).any()
    random = np.random.RandomState(0)
    assert (augmenter.augment(pixels, random) != augmenter.augment(pixels, random)).any()


def test_input_is_left_as_it_is(pixels):
    before = pixels.copy()
    pixels.flags.writeable = False
    ImageAugmenter(rotate=90, crop=0.5).augment(pixels, 0)
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (7, 2, 3), (33, 48, 3)])
def test_form_of_the_result(shape):
    white = np.full(shape, 255, dtype=np.uint8)
    changed = ImageAugmenter(rotate=180, scale=0.9, crop=0.9, color=0, noise=0).augment(white, 1)
    assert changed.dtype == np.uint8
    assert changed.shape == shape
    assert (changed == 255).all()  # no dark corners: the outside is the mirrored picture


def test_rotation_turns_by_at_most_the_angle(smooth):
    """The gradient of the first channel points along x; it turns with the picture."""
    angles = []
    for seed in range(30):
        turned = only(rotate=20).augment(smooth, seed)[20:40, 25:55, 0].astype(float)
        down, right = (gradient.mean() for gradient in np.gradient(turned))
        angles.append(np.rad2deg(np.arctan2(down, right)))
    assert -21 < min(angles) < -8
    assert 8 < max(angles) < 21


def test_right_angles_are_exact(pixels):
    square = pixels[:48, :48]
    turned = _resampled(square, np.array([[0.0, -1.0], [1.0, 0.0]]), np.zeros(2))
    np.testing.assert_array_equal(turned, np.rot90(square))


def test_what_comes_from_outside_is_the_mirrored_picture(pixels):
    moved = _resampled(pixels, np.eye(2), np.array([10.0, 0.0]))
    np.testing.assert_array_equal(moved[:, :-10], pixels[:, 10:])
    np.testing.assert_array_equal(moved[:, -10:], pixels[:, -1:-11:-1])


def test_scale_and_crop_keep_their_limits(smooth):
    """The slope along x tells by how much the picture grew."""
    for change, low, high in [({"scale": 0.3}, 0.7, 1.3), ({"crop": 0.4}, 1.0, 1 / 0.6)]:
        growths = []
        for seed in range(30):
            line = only(**change).augment(smooth, seed)[30, 20:60, 0].astype(float)
            growths.append(1 / np.polyfit(np.arange(40), line, 1)[0])
        assert low - 0.03 < min(growths) < low + 0.1
        assert high - 0.1 < max(growths) < high + 0.03


@pytest.mark.parametrize("shift", [0.2, (0.2, 0.0), [0.0, 0.3]])
def test_shift_moves_within_limits(smooth, shift):
    """The first channel grows by one a pixel to the right, the second falls by two downwards."""
    ways = []
    for seed in range(40):
        moved = only(shift=shift).augment(smooth, seed)[28:32, 38:42].astype(float)
        before = smooth[28:32, 38:42]
        ways.append([(moved - before)[..., 0].mean(), (before - moved)[..., 1].mean() / 2])
    limits = np.broadcast_to(shift, 2) * [80, 60]
    for way, limit in zip(np.transpose(ways), limits, strict=True):
        assert -limit - 0.1 <= way.min() <= -0.8 * limit
        assert 0.8 * limit <= way.max() <= limit + 0.1


@pytest.mark.parametrize("axis", [0, 1])
def test_mask_paints_a_strip_with_the_mean(pixels, axis):
    widths = []
    for seed in range(40):
        masked = only(mask=(0.0, 0.5) if axis == 0 else (0.5, 0.0)).augment(pixels, seed)
        gone = (masked != pixels).any(axis=(1 - axis, 2))
        places = np.flatnonzero(gone)
        if len(places):
            assert len(places) == np.ptp(places) + 1
            level = np.rint(pixels.mean(axis=(0, 1)))
            strip = masked.take(places, axis=axis)
            np.testing.assert_array_equal(strip, np.broadcast_to(level, strip.shape))
        widths.append(len(places) / pixels.shape[axis])
    assert min(widths) < 0.1
    assert 0.4 < max(widths) <= 0.52


def test_color_changes_brightness_within_limits():
    grey = np.full((8, 8, 3), 100, dtype=np.uint8)
    values = [only(color=0.2).augment(grey, seed)[0, 0] for seed in range(50)]
    assert all(len(set(value)) == 1 for value in values)  # grey stays grey
    assert 80 <= np.min(values) < 90 < 110 < np.max(values) <= 120


def test_full_color_change_may_take_all_color_away(pixels):
    spreads = []
    for seed in range(50):
        changed = only(color=1).augment(pixels, seed).astype(int)
        spreads.append(np.ptp(changed, axis=2).mean())
    assert min(spreads) < 20 < np.ptp(pixels.astype(int), axis=2).mean() < max(spreads)


def test_noise_has_the_deviation_it_says():
    grey = np.full((64, 64, 3), 128, dtype=np.uint8)
    deviations = [only(noise=0.1).augment(grey, seed).std() for seed in range(50)]
    assert 0 <= min(deviations) < 5 < 20 < max(deviations) < 27


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rotate": 181}, "rotate=181 is not a number of at least 0 and at most 180"),
        ({"scale": 1}, "scale=1 is not"),
        ({"crop": -0.1}, "crop=-0.1 is not"),
        ({"flip": True}, "flip=True is not a number"),
        ({"color": 2}, "color=2 is not"),
        ({"noise": None}, "noise=None is not"),
        ({"shift": (0.1, 1)}, "shift=1 is not a number of at least 0 and at most 0.9"),
        ({"shift": (0.1, 0.2, 0.3)}, r"shift=\(0.1, 0.2, 0.3\) is not a number"),
        ({"mask": "0.1"}, "mask='0.1' is not a number"),
    ],
)
def test_bad_parameters(parameters, message, pixels):
    with pytest.raises(ValueError, match=message):
        ImageAugmenter(**parameters).augment(pixels, 0)


def test_other_arrays_are_refused():
    with pytest.raises(ValueError, match=r"got float64 of shape \(4, 4\)"):
        ImageAugmenter().augment(np.zeros((4, 4)), 0)
