"""Looking into models and searches: which candidates were tried, and how they did."""

from mmsk.inspection._search_display import FusionSearchDisplay
from mmsk.inspection._search_results import search_pivot, search_results
from mmsk.inspection._training_curve_display import TrainingCurveDisplay

__all__ = ["FusionSearchDisplay", "TrainingCurveDisplay", "search_pivot", "search_results"]
