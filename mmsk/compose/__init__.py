"""From a table of raw cells to named blocks of features."""

from mmsk.compose._feature_blocks import FeatureBlocks
from mmsk.compose._infer import Modalities, infer_modalities
from mmsk.compose._modality_dropout import ModalityDropout
from mmsk.compose._modality_transformer import ModalityTransformer
from mmsk.compose._per_block import PerBlock
from mmsk.compose._precompute import precompute
from mmsk.compose._sliding_windows import SlidingWindows

__all__ = [
    "FeatureBlocks",
    "Modalities",
    "ModalityDropout",
    "ModalityTransformer",
    "PerBlock",
    "SlidingWindows",
    "infer_modalities",
    "precompute",
]
