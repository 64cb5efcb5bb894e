"""Pictures: the reader, the extractors and the augmentation."""

from mmsk.image._augment_table import augment_table
from mmsk.image._augmenter import ImageAugmenter
from mmsk.image._cnn import CNNEmbedder
from mmsk.image._color_histogram import ColorHistogramEmbedder
from mmsk.image._hog import HOGEmbedder
from mmsk.image._local_binary_pattern import LocalBinaryPatternEmbedder
from mmsk.image._reader import ImageReader

__all__ = [
    "CNNEmbedder",
    "ColorHistogramEmbedder",
    "HOGEmbedder",
    "ImageAugmenter",
    "ImageReader",
    "LocalBinaryPatternEmbedder",
    "augment_table",
]
