"""From a table of raw cells to named blocks of features."""

from mmsk.compose._feature_blocks import FeatureBlocks
from mmsk.compose._modality_transformer import ModalityTransformer

__all__ = ["FeatureBlocks", "ModalityTransformer"]
