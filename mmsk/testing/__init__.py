"""The contracts of extractors, fusions and heads, as checks for your own ones."""

from mmsk.testing._extractors import check_extractor, extractor_checks
from mmsk.testing._run import parametrize_with_contract

__all__ = ["check_extractor", "extractor_checks", "parametrize_with_contract"]
