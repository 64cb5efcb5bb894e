"""From named blocks to one matrix."""

from mmsk.fusion._attention import AttentionFusion
from mmsk.fusion._bilinear import BilinearFusion
from mmsk.fusion._cca import CCAFusion
from mmsk.fusion._concat import ConcatFusion
from mmsk.fusion._frame import FrameFusion
from mmsk.fusion._gated import GatedFusion
from mmsk.fusion._kernel import KernelFusion
from mmsk.fusion._tensor import TensorFusion
from mmsk.fusion._weighted import WeightedFusion

__all__ = [
    "AttentionFusion",
    "BilinearFusion",
    "CCAFusion",
    "ConcatFusion",
    "FrameFusion",
    "GatedFusion",
    "KernelFusion",
    "TensorFusion",
    "WeightedFusion",
]
