"""Features of text."""

from mmsk.text._tfidf import TfidfEmbedder
from mmsk.text._word_reader import WordReader

__all__ = ["TfidfEmbedder", "WordReader"]
