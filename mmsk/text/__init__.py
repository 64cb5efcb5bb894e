"""Features of text."""

from mmsk.text._tfidf import TfidfEmbedder

__all__ = ["TfidfEmbedder"]
