"""From named blocks to one matrix."""

from mmsk.fusion._concat import ConcatFusion
from mmsk.fusion._frame import FrameFusion
from mmsk.fusion._weighted import WeightedFusion

__all__ = ["ConcatFusion", "FrameFusion", "WeightedFusion"]
