"""Local binary patterns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import PIL.Image

from mmsk._validation import check_choice, check_number
from mmsk.image._base import DescriptorExtractor, regions
from mmsk.image._reader import ImageReader


class LocalBinaryPatternEmbedder(DescriptorExtractor):
    """Describe the texture of a picture by histograms of local binary patterns.

    Each pixel of the grey picture is compared with points on a circle around it; which of them
    are brighter is its pattern. The share of each pattern is counted in each region of a grid.
    The patterns are those of ``skimage.feature.local_binary_pattern``.

    Parameters
    ----------
    image_size : int, default=128
        Side of the square to which pictures are resized, in pixels.
    n_points : int, default=8
        Number of points on the circle.
    radius : float, default=1.0
        Radius of the circle, in pixels of the resized picture.
    method : {"uniform", "nri_uniform"}, default="uniform"
        Patterns that are told apart: those with at most two changes along the circle, whatever
        their rotation (`n_points` + 2 values), or with their rotation
        (`n_points` * (`n_points` - 1) + 3 values).
    grid : int, default=4
        Regions along each side. 1 forgets where a texture lies.
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
    ColorHistogramEmbedder : Describes colours.

    References
    ----------
    Ojala, T., Pietikainen, M. and Maenpaa, T. "Multiresolution gray-scale and rotation invariant
    texture classification with local binary patterns." IEEE TPAMI 24(7), 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.image import LocalBinaryPatternEmbedder
    >>> features = LocalBinaryPatternEmbedder(grid=1).fit_transform([np.eye(128)])
    >>> features.shape, round(float(features.sum()), 3)
    ((1, 10), 1.0)
    """

    def __init__(
        self,
        image_size: int = 128,
        *,
        n_points: int = 8,
        radius: float = 1.0,
        method: str = "uniform",
        grid: int = 4,
        reader: ImageReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 32,
        n_jobs: int | None = None,
    ) -> None:
        self.image_size = image_size
        self.n_points = n_points
        self.radius = radius
        self.method = method
        self.grid = grid
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_number("n_points", self.n_points, low=1, high=64, integer=True)
        check_number("radius", self.radius, low=0, low_open=True)
        check_choice("method", self.method, ["uniform", "nri_uniform"])
        check_number("grid", self.grid, low=1, high=self.image_size, integer=True)

    def _describe(self, pixels: np.ndarray) -> np.ndarray:
        from skimage.feature import local_binary_pattern

        grey = np.asarray(PIL.Image.fromarray(pixels).convert("L"))
        patterns = local_binary_pattern(grey, self.n_points, self.radius, self.method)
        shares = [self._shares(region) for region in regions(patterns.astype(np.intp), self.grid)]
        return np.concatenate(shares)

    def _shares(self, patterns: np.ndarray) -> np.ndarray:
        return np.bincount(patterns.ravel(), minlength=self._n_patterns()) / patterns.size

    def _n_patterns(self) -> int:
        if self.method == "uniform":
            return self.n_points + 2
        return self.n_points * (self.n_points - 1) + 3

    def _feature_names(self) -> Iterator[str]:
        for i, j, pattern in np.ndindex(self.grid, self.grid, self._n_patterns()):
            yield f"lbp_region{i}_{j}_pattern{pattern}"
