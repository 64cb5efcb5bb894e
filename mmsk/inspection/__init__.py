"""Looking into tables, models and searches: what is wrong with them, and how they did."""

from mmsk.inspection._audit import audit
from mmsk.inspection._search_display import FusionSearchDisplay
from mmsk.inspection._search_results import search_pivot, search_results
from mmsk.inspection._training_curve_display import TrainingCurveDisplay

__all__ = [
    "FusionSearchDisplay",
    "TrainingCurveDisplay",
    "audit",
    "search_pivot",
    "search_results",
]
