"""The engine that turns one raw column into one block of features."""

from mmsk.extraction._base import BaseExtractor, CellExtractor

__all__ = ["BaseExtractor", "CellExtractor"]
