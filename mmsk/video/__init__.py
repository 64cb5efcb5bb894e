"""Videos: the reader and the extractors."""

from mmsk.video._reader import VideoReader

__all__ = ["VideoReader"]
