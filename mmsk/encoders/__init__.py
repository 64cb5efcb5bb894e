"""Transformers of one raw column by networks that they train."""

from mmsk.encoders._conv import ConvEncoder
from mmsk.encoders._image_auto_encoder import ImageAutoEncoder

__all__ = ["ConvEncoder", "ImageAutoEncoder"]
