"""From named blocks to one matrix."""

from mmsk.fusion._attention import AttentionFusion
from mmsk.fusion._concat import ConcatFusion
from mmsk.fusion._gated import GatedFusion
from mmsk.fusion._tensor import TensorFusion
from mmsk.fusion._weighted import WeightedFusion

__all__ = ["AttentionFusion", "ConcatFusion", "GatedFusion", "TensorFusion", "WeightedFusion"]
