"""Series of measurements: the reader and the extractors."""

from mmsk.series._reader import SeriesReader

__all__ = ["SeriesReader"]
