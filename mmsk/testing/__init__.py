"""The contracts of extractors, fusions and heads, as checks for your own ones."""

from mmsk.testing._extractors import check_extractor, extractor_checks
from mmsk.testing._fusions import check_fusion, fusion_checks
from mmsk.testing._heads import check_head, head_checks
from mmsk.testing._run import parametrize_with_contract

__all__ = [
    "check_extractor",
    "check_fusion",
    "check_head",
    "extractor_checks",
    "fusion_checks",
    "head_checks",
    "parametrize_with_contract",
]
