"""Pictures: the reader, the extractors and the augmentation."""

from mmsk.image._reader import ImageReader

__all__ = ["ImageReader"]
