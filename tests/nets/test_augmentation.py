"""Changes of a batch of pictures: what each does, and that it draws from its generator only."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from mmsk._nets.augmentation import PictureAugmentation

NOTHING = {
    "rotate": 0.0,
    "scale": 0.0,
    "crop": 0.0,
    "shift": (0.0, 0.0),
    "flip": 0.0,
    "color": 0.0,
    "noise": 0.0,
    "mask": (0.0, 0.0),
}
STRENGTHS = {
    "rotate": 30.0,
    "scale": 0.3,
    "crop": 0.3,
    "shift": (0.2, 0.0),
    "flip": 0.5,
    "color": 0.5,
    "noise": 0.2,
    "mask": (0.4, 0.4),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def changed(pictures, seed=0, **strengths):
    return PictureAugmentation(**(NOTHING | strengths))(pictures, generator(seed))


@pytest.fixture
def pictures():
    """Smooth colour pictures of 24 x 32 pixels, each of its own."""
    noise = np.random.default_rng(0).uniform(size=(40, 3, 24, 32))
    smooth = ndimage.gaussian_filter(noise, (0, 0, 2, 2), mode="reflect")
    return torch.tensor((smooth - smooth.min()) / np.ptp(smooth), dtype=torch.float32)


def test_without_strength_nothing_changes(pictures):
    torch.testing.assert_close(changed(pictures), pictures, rtol=0, atol=0)


@pytest.mark.parametrize("name", STRENGTHS)
def test_each_change_is_drawn_for_each_picture_and_from_the_generator(pictures, name):
    same = pictures[:1].expand(40, -1, -1, -1)
    state = torch.get_rng_state()
    first = changed(same, **{name: STRENGTHS[name]})
    assert torch.equal(torch.get_rng_state(), state)
    assert first.shape == pictures.shape
    assert first.min() >= 0
    assert first.max() <= 1
    assert len(torch.unique(first, dim=0)) > 1
    assert torch.equal(first, changed(same, **{name: STRENGTHS[name]}))
    assert not torch.equal(first, changed(same, 1, **{name: STRENGTHS[name]}))


def test_a_mirror_image(pictures):
    torch.testing.assert_close(changed(pictures, flip=1.0), pictures.flip(3), rtol=0, atol=1e-5)
    some = changed(pictures, flip=0.25)
    mirrored = [
        torch.allclose(one, other.flip(2)) for one, other in zip(some, pictures, strict=False)
    ]
    assert 3 < sum(mirrored) < 20


@pytest.mark.parametrize(
    "strengths",
    [{"rotate": 40.0}, {"scale": 0.4}, {"crop": 0.4}, {"shift": (0.3, 0.2)}, {"flip": 0.5}]
    + [{"rotate": 40.0, "scale": 0.4, "crop": 0.4, "shift": (0.1, 0.1), "flip": 0.5}],
    ids=lambda strengths: "-".join(strengths),
)
def test_moves_are_those_of_an_affine_resampling_in_pixels(pictures, strengths):
    """With the maps in pixels, scipy resamples each picture alike; mirrored beyond its edges."""
    augmentation = PictureAugmentation(**(NOTHING | strengths))
    height, width = pictures.shape[2:]
    moved = augmentation(pictures, generator()).numpy()
    halves = np.array([width, height]) / 2
    draws = _draws(strengths, len(pictures))
    for picture, result, (matrix, shift) in zip(pictures.numpy(), moved, draws, strict=True):
        # Rows before columns, and places from the centre of the corner pixel.
        turned = matrix[::-1, ::-1]
        centre = halves[::-1] - 0.5
        offset = centre + (shift * halves)[::-1] - turned @ centre
        for channel, expected in zip(result, picture, strict=True):
            by_scipy = ndimage.affine_transform(expected, turned, offset, order=1, mode="reflect")
            np.testing.assert_allclose(channel, by_scipy, atol=1e-4)


def _draws(strengths, n_pictures):
    """Draw as the augmentation does, and put the maps together as the words describe them."""
    strengths = NOTHING | strengths
    numbers = generator()

    def between(low, high):
        draws = torch.rand((n_pictures, 1, 1, 1), generator=numbers)
        return (low + (high - low) * draws).flatten().numpy().astype(np.float64)

    angles = np.deg2rad(between(-strengths["rotate"], strengths["rotate"]))
    factors = between(1 - strengths["scale"], 1 + strengths["scale"])
    shares = between(1 - strengths["crop"], 1)
    mirrors = np.where(between(0, 1) < strengths["flip"], -1.0, 1.0)
    across, down = (
        between(-1, 1) * (1 - shares) + 2 * between(-largest, largest)
        for largest in strengths["shift"]
    )
    for place, angle in enumerate(angles):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = turn @ np.diag([mirrors[place], 1.0]) * shares[place] / factors[place]
        yield matrix, np.array([across[place], down[place]])


def test_colours(pictures):
    """In the middle of the range, mean grey moves with the brightness only."""
    pictures = 0.4 + 0.2 * pictures
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)

    def grey(some):
        return (some * weights).sum(dim=1).mean(dim=(1, 2))

    factors = grey(changed(pictures, color=0.2)) / grey(pictures)
    assert 0.8 <= factors.min() < 0.85
    assert 1.15 < factors.max() <= 1.2


def test_a_grey_picture_keeps_one_channel(pictures):
    grey = 0.4 + 0.2 * pictures[:, :1]
    result = changed(grey, color=0.2)
    assert result.shape == grey.shape
    spread = result.std(dim=(2, 3)) / grey.std(dim=(2, 3))
    assert spread.min() < 0.9
    assert spread.max() > 1.1


def test_noise_has_the_deviation_that_is_drawn(pictures):
    middle = torch.full_like(pictures, 0.5)
    deviations = (changed(middle, noise=0.1) - middle).std(dim=(1, 2, 3))
    assert deviations.max() < 0.105
    assert deviations.min() < 0.02 < 0.08 < deviations.max()


def test_strips_are_painted_over_with_the_mean(pictures):
    masked = changed(pictures, mask=(0.5, 0.0))
    gone = (masked != pictures).all(dim=1)  # n, height, width
    assert torch.equal(gone.any(dim=1), gone.all(dim=1))
    widths = gone.any(dim=1).sum(dim=1)
    assert widths.max() <= 17
    assert widths.float().mean() == pytest.approx(8, abs=2)
    place = int(widths.argmax())
    level = pictures[place].mean(dim=(1, 2))
    torch.testing.assert_close(masked[place][:, gone[place]][:, 0], level)
    rows = (changed(pictures, mask=(0.0, 0.5)) != pictures).all(dim=1)
    assert torch.equal(rows.any(dim=2), rows.all(dim=2))
    assert rows.any()
