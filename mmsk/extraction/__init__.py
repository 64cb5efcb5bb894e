"""The engine that turns one raw column into one block of features, and the feature store."""

from mmsk.extraction._base import BaseExtractor, CellExtractor
from mmsk.extraction._cache import cache_info, clear_cache

__all__ = ["BaseExtractor", "CellExtractor", "cache_info", "clear_cache"]
