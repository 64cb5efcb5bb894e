"""Series of measurements: the reader and the extractors."""

from mmsk.series._minirocket import MiniRocketEmbedder
from mmsk.series._reader import SeriesReader
from mmsk.series._spectral import SpectralSeries
from mmsk.series._statistics import SeriesStatistics

__all__ = [
    "MiniRocketEmbedder",
    "SeriesReader",
    "SeriesStatistics",
    "SpectralSeries",
]
