"""Colour histograms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmsk._validation import check_choice, check_number
from mmsk.image._base import DescriptorExtractor, regions
from mmsk.image._reader import ImageReader

# Name and range of each channel of a colour space, in the units of scikit-image.
_CHANNELS = {
    "rgb": {"red": (0, 1), "green": (0, 1), "blue": (0, 1)},
    "hsv": {"hue": (0, 1), "saturation": (0, 1), "value": (0, 1)},
    "lab": {"lightness": (0, 100), "green_red": (-128, 127), "blue_yellow": (-128, 127)},
}


class ColorHistogramEmbedder(DescriptorExtractor):
    """Describe the colours of a picture by one histogram per channel and region.

    Parameters
    ----------
    image_size : int, default=64
        Side of the square to which pictures are resized, in pixels. It bounds the time; the
        shares hardly depend on it.
    color_space : {"rgb", "hsv", "lab"}, default="hsv"
        Colour space of the channels; the conversions are those of ``skimage.color``.
    bins : int, default=16
        Bins per channel.
    grid : int, default=2
        Regions along each side. 1 forgets where a colour lies.
    reader : ImageReader, default=None
        Reads the cells, with limits and a background colour. None is ``ImageReader()``.
    on_error : {"raise", "missing"}, default="raise"
        What an unreadable cell does: end the pass with a ReadError, or become a row of NaN
        with one warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``on_error="missing"`` raises all the same.
    batch_size : int, default=32
        Pictures computed at a time; it bounds memory and changes no row.
    n_jobs : int, default=None
        Threads that read pictures, as joblib counts: None is 1, -1 all CPUs.

    See Also
    --------
    HOGEmbedder : Describes shapes.
    LocalBinaryPatternEmbedder : Describes texture.

    References
    ----------
    Swain, M. J. and Ballard, D. H. "Color indexing." International Journal of Computer Vision
    7, 1991.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.image import ColorHistogramEmbedder
    >>> red = np.zeros((4, 4, 3), dtype=np.uint8)
    >>> red[..., 0] = 255
    >>> histogram = ColorHistogramEmbedder(color_space="rgb", bins=2, grid=1)
    >>> histogram.set_output(transform="pandas").fit_transform([red]).iloc[0, :3]
    color_region0_0_red_bin0      0.0
    color_region0_0_red_bin1      1.0
    color_region0_0_green_bin0    1.0
    Name: 0, dtype: float32
    """

    def __init__(
        self,
        image_size: int = 64,
        *,
        color_space: str = "hsv",
        bins: int = 16,
        grid: int = 2,
        reader: ImageReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 32,
        n_jobs: int | None = None,
    ) -> None:
        self.image_size = image_size
        self.color_space = color_space
        self.bins = bins
        self.grid = grid
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_choice("color_space", self.color_space, list(_CHANNELS))
        check_number("bins", self.bins, low=1, integer=True)
        check_number("grid", self.grid, low=1, high=self.image_size, integer=True)

    def _describe(self, pixels: np.ndarray) -> np.ndarray:
        ranges = list(_CHANNELS[self.color_space].values())
        values = _in_color_space(pixels, self.color_space).clip(*np.transpose(ranges))
        shares = [
            np.histogram(region[:, :, channel], self.bins, ranges[channel])[0]
            / region[:, :, 0].size
            for region in regions(values, self.grid)
            for channel in range(3)
        ]
        return np.concatenate(shares)

    def _n_features(self) -> int:
        return self.grid**2 * 3 * self.bins

    def _feature_names(self) -> Iterator[str]:
        names = list(_CHANNELS[self.color_space])
        for i, j, channel, k in np.ndindex(self.grid, self.grid, 3, self.bins):
            yield f"color_region{i}_{j}_{names[channel]}_bin{k}"


def _in_color_space(pixels: np.ndarray, color_space: str) -> np.ndarray:
    from skimage.color import rgb2hsv, rgb2lab

    if color_space == "rgb":
        return pixels / 255
    return rgb2hsv(pixels) if color_space == "hsv" else rgb2lab(pixels)
