"""Small random changes of a picture that leave what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import PIL.Image
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from mmsk._validation import check_number

_GREY_WEIGHTS = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


class ImageAugmenter(BaseEstimator):
    """Change pictures a little, at random: rotate, scale, crop, flip, colour, noise, shift, mask.

    Each parameter is the strength of one change; 0 switches it off. Rotation, scale, crop, flip
    and shift are one resampling. What comes into view from outside is the mirrored picture. The
    size stays.

    It changes single pictures; `augment_table` enlarges a training table with it, and
    `ConvEncoder` has each picture changed anew in every epoch.

    Parameters
    ----------
    rotate : float, default=10.0
        Largest angle, in degrees; drawn from [-rotate, rotate].
    scale : float, default=0.1
        Largest relative change of size; the factor is drawn from [1 - scale, 1 + scale].
    crop : float, default=0.1
        Largest share of width and height that is cut away; what is left, at a random place, is
        enlarged to the full size.
    flip : float, default=0.5
        Probability of a left-right mirror image. Use 0 where left and right differ in meaning,
        as in letters and digits.
    color : float, default=0.2
        Largest relative change of brightness, contrast and saturation, each drawn from
        [1 - color, 1 + color].
    noise : float, default=0.02
        Largest standard deviation of Gaussian noise, as a share of the full range; drawn from
        [0, noise].
    shift : float or pair of float, default=0.0
        Largest way that the picture is moved, as a share of its width and of its height; one
        number serves for both, and a pair is (to the side, up or down).
    mask : float or pair of float, default=0.0
        Largest width of a strip of columns, and height of a strip of rows, that are painted over
        with the mean colour, as shares of the picture's; drawn from [0, mask]. On a spectrogram
        it hides a stretch of time and a band of frequencies.

    See Also
    --------
    augment_table : Enlarge a training table, with its labels.
    ConvEncoder : Learns from pictures that are changed like this.

    References
    ----------
    Shorten, C. and Khoshgoftaar, T. M. "A survey on image data augmentation for deep learning."
    Journal of Big Data 6, 2019.

    Park, D. S. et al. "SpecAugment: A simple data augmentation method for automatic speech
    recognition." Interspeech 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.image import ImageAugmenter
    >>> pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    >>> mirror = ImageAugmenter(rotate=0, scale=0, crop=0, flip=1, color=0, noise=0)
    >>> bool((mirror.augment(pixels, random_state=0) == pixels[:, ::-1]).all())
    True
    """

    def __init__(
        self,
        *,
        rotate: float = 10.0,
        scale: float = 0.1,
        crop: float = 0.1,
        flip: float = 0.5,
        color: float = 0.2,
        noise: float = 0.02,
        shift: float | Sequence[float] = 0.0,
        mask: float | Sequence[float] = 0.0,
    ) -> None:
        self.rotate = rotate
        self.scale = scale
        self.crop = crop
        self.flip = flip
        self.color = color
        self.noise = noise
        self.shift = shift
        self.mask = mask

    def check_parameters(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""
        check_number("rotate", self.rotate, low=0, high=180)
        check_number("scale", self.scale, low=0, high=0.9)
        check_number("crop", self.crop, low=0, high=0.9)
        check_number("flip", self.flip, low=0, high=1)
        check_number("color", self.color, low=0, high=1)
        check_number("noise", self.noise, low=0, high=1)
        for name in ("shift", "mask"):
            for share in self.both_ways(name):
                check_number(name, share, low=0, high=0.9)

    def both_ways(self, name: str) -> tuple[float, float]:
        """Return a parameter that is one share or two as (of the width, of the height).

        Parameters
        ----------
        name : {"shift", "mask"}
            The parameter.

        Returns
        -------
        across, down : float
            The shares.

        Raises
        ------
        ValueError
            If it is neither a number nor a pair.
        """
        value = getattr(self, name)
        if isinstance(value, Sequence) and len(value) == 2 and not isinstance(value, str):
            across, down = value
            return across, down
        check_number(name, value)
        return value, value

    def augment(self, pixels: np.ndarray, random_state: Any = None) -> np.ndarray:
        """Return one changed copy of a picture.

        Parameters
        ----------
        pixels : ndarray of shape (height, width, 3), dtype uint8
            The picture; left as it is.
        random_state : int, RandomState or None, default=None
            The same int gives the same change; a RandomState moves on with each call.

        Returns
        -------
        pixels : ndarray of shape (height, width, 3), dtype uint8
            The changed copy.

        Raises
        ------
        ValueError
            If a parameter is not accepted or `pixels` is no such array.
        """
        self.check_parameters()
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(
                "pixels must be uint8 of shape (height, width, 3), got "
                f"{pixels.dtype} of shape {pixels.shape}."
            )
        random = check_random_state(random_state)
        return self._masked(self._recolored(self._moved(pixels, random), random), random)

    def _moved(self, pixels: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        angle = np.deg2rad(random.uniform(-self.rotate, self.rotate))
        factor = random.uniform(1 - self.scale, 1 + self.scale)
        share = random.uniform(1 - self.crop, 1)
        shift = random.uniform(-0.5, 0.5, size=2) * (1 - share) * pixels.shape[1::-1]
        way = random.uniform(-1, 1, size=2) * self.both_ways("shift") * pixels.shape[1::-1]
        mirror = np.diag([-1.0 if random.uniform() < self.flip else 1.0, 1.0])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return _resampled(pixels, turn @ mirror * (share / factor), shift + way)

    def _recolored(self, pixels: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        brightness, contrast, saturation = random.uniform(1 - self.color, 1 + self.color, size=3)
        deviation = 255 * random.uniform(0, self.noise)
        noise_seed = random.randint(2**31 - 1)
        mean_grey = brightness * pixels.reshape(-1, 3).mean(axis=0) @ _GREY_WEIGHTS
        to_grey = np.repeat(_GREY_WEIGHTS[:, np.newaxis], 3, axis=1)
        mix = contrast * brightness * (saturation * np.eye(3) + (1 - saturation) * to_grey)
        values = pixels.astype(np.float32) @ mix.astype(np.float32)
        values += np.float32((1 - contrast) * mean_grey)
        if deviation > 0:
            # A Generator draws float32 several times faster than a RandomState draws float64.
            noise = np.random.default_rng(noise_seed).standard_normal(values.shape, np.float32)
            values += np.float32(deviation) * noise
        return np.rint(values, out=values).clip(0, 255).astype(np.uint8)

    def _masked(self, pixels: np.ndarray, random: np.random.RandomState) -> np.ndarray:
        strips = [
            _strip(share, length, random)
            for share, length in zip(self.both_ways("mask"), pixels.shape[1::-1], strict=True)
        ]
        if not any(map(np.any, strips)):
            return pixels
        columns, rows = strips
        level = np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8)
        return np.where((columns | rows[:, np.newaxis])[:, :, np.newaxis], level, pixels)


def _strip(widest: float, length: int, random: np.random.RandomState) -> np.ndarray:
    """Tell which places along a side lie in a strip of random width, at a random place."""
    width, place = random.uniform(size=2)
    width *= widest * length
    first = place * (length - width)
    middles = np.arange(length) + 0.5
    return (middles >= first) & (middles < first + width)


def _resampled(pixels: np.ndarray, matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Resample a picture by an affine map around its centre.

    ::

        output point p, from the centre  --matrix-->  p'  --shift-->  point of the source

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3), dtype uint8
        The source, continued by its mirror image where the map leaves it.
    matrix : ndarray of shape (2, 2)
        Acts on (x, y).
    shift : ndarray of shape (2,)
        In pixels, (x, y).

    Returns
    -------
    pixels : ndarray of the same shape, dtype uint8
        The resampled picture.
    """
    height, width = pixels.shape[:2]
    half = np.array([width, height]) / 2
    corners = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * half
    excess = np.abs(corners @ matrix.T + shift).max(axis=0) - half
    right, down = np.ceil(excess).astype(int).clip(0, None)
    margins = ((down, down), (right, right), (0, 0))
    source = PIL.Image.fromarray(np.pad(pixels, margins, mode="symmetric"))
    offset = half + (right, down) + shift - matrix @ half
    (a, b), (c, d) = matrix
    return np.asarray(
        source.transform(
            (width, height),
            PIL.Image.Transform.AFFINE,
            (a, b, offset[0], c, d, offset[1]),
            PIL.Image.Resampling.BICUBIC,
        )
    )
