"""From named blocks to one matrix."""

from mmsk.fusion._bilinear import BilinearFusion
from mmsk.fusion._concat import ConcatFusion
from mmsk.fusion._frame import FrameFusion
from mmsk.fusion._kernel import KernelFusion
from mmsk.fusion._weighted import WeightedFusion

__all__ = ["BilinearFusion", "ConcatFusion", "FrameFusion", "KernelFusion", "WeightedFusion"]
