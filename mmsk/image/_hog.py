"""Histograms of oriented gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmsk._validation import check_choice, check_number
from mmsk.image._base import DescriptorExtractor
from mmsk.image._reader import ImageReader


class HOGEmbedder(DescriptorExtractor):
    """Describe the shapes in a picture by histograms of oriented gradients.

    The picture is resized to a square, cut into cells, and the gradients of each cell are
    counted by direction, weighted by their strength (in the colour channel where they are
    strongest). Blocks of neighbouring cells are normalised together. The numbers are those of
    ``skimage.feature.hog``.

    Parameters
    ----------
    image_size : int, default=64
        Side of the square to which pictures are resized, in pixels. Larger keeps finer shapes
        and gives quadratically more features.
    orientations : int, default=9
        Number of directions between 0 and 180 degrees.
    pixels_per_cell : int, default=8
        Side of a cell, in pixels.
    cells_per_block : int, default=2
        Side of a block, in cells; blocks overlap by all but one cell.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}, default="L2-Hys"
        How a block is normalised.
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
    LocalBinaryPatternEmbedder : Describes texture.
    ColorHistogramEmbedder : Describes colours.

    References
    ----------
    Dalal, N. and Triggs, B. "Histograms of oriented gradients for human detection." CVPR 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.image import HOGEmbedder
    >>> pictures = [np.tri(32), None]
    >>> features = HOGEmbedder(image_size=32).fit_transform(pictures)
    >>> features.shape, bool(np.isnan(features[1]).all())
    ((2, 324), True)
    >>> HOGEmbedder(image_size=32).get_feature_names_out()[:2]
    array(['hog_block0_0_cell0_0_direction0', 'hog_block0_0_cell0_0_direction1'], dtype=object)
    """

    def __init__(
        self,
        image_size: int = 64,
        *,
        orientations: int = 9,
        pixels_per_cell: int = 8,
        cells_per_block: int = 2,
        block_norm: str = "L2-Hys",
        reader: ImageReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 32,
        n_jobs: int | None = None,
    ) -> None:
        self.image_size = image_size
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.block_norm = block_norm
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        check_number("orientations", self.orientations, low=1, integer=True)
        check_number("pixels_per_cell", self.pixels_per_cell, low=1, integer=True)
        check_number("cells_per_block", self.cells_per_block, low=1, integer=True)
        check_choice("block_norm", self.block_norm, ["L1", "L1-sqrt", "L2", "L2-Hys"])
        super()._check_parameters()
        if self._n_blocks() < 1:
            raise ValueError(
                f"image_size={self.image_size} is smaller than one block of "
                f"{self.cells_per_block} cells of {self.pixels_per_cell} pixels."
            )

    def _describe(self, pixels: np.ndarray) -> np.ndarray:
        from skimage.feature import hog

        return hog(
            pixels,
            orientations=self.orientations,
            pixels_per_cell=(self.pixels_per_cell, self.pixels_per_cell),
            cells_per_block=(self.cells_per_block, self.cells_per_block),
            block_norm=self.block_norm,
            channel_axis=-1,
        )

    def _n_features(self) -> int:
        # Not by the names, which take longer than a row of the store.
        return (self._n_blocks() * self.cells_per_block) ** 2 * self.orientations

    def _n_blocks(self) -> int:
        return self.image_size // self.pixels_per_cell - self.cells_per_block + 1

    def _feature_names(self) -> Iterator[str]:
        blocks, cells = (self._n_blocks(),) * 2, (self.cells_per_block,) * 2
        for i, j, k, m, direction in np.ndindex(*blocks, *cells, self.orientations):
            yield f"hog_block{i}_{j}_cell{k}_{m}_direction{direction}"
