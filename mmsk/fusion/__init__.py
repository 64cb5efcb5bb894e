"""From named blocks to one matrix."""

from mmsk.fusion._cca import CCAFusion
from mmsk.fusion._concat import ConcatFusion
from mmsk.fusion._weighted import WeightedFusion

__all__ = ["CCAFusion", "ConcatFusion", "WeightedFusion"]
