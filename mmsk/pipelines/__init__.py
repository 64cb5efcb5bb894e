"""Plain scikit-learn pipelines for a multimodal table, and what to search over in them."""

from mmsk.pipelines._multimodal_pipeline import multimodal_pipeline
from mmsk.pipelines._search_space import search_space

__all__ = ["multimodal_pipeline", "search_space"]
