"""Transformers of one raw column by networks that they train."""

from mmsk.encoders._conv import ConvEncoder
from mmsk.encoders._image_auto_encoder import ImageAutoEncoder
from mmsk.encoders._recurrent import RecurrentEncoder
from mmsk.encoders._sequence_auto_encoder import SequenceAutoEncoder
from mmsk.encoders._temporal_conv import TemporalConvEncoder

__all__ = [
    "ConvEncoder",
    "ImageAutoEncoder",
    "RecurrentEncoder",
    "SequenceAutoEncoder",
    "TemporalConvEncoder",
]
