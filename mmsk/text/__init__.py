"""Features of text."""

from mmsk.text._tfidf import TfidfEmbedder
from mmsk.text._transformer import TransformerEmbedder
from mmsk.text._word_vectors import WordVectorEmbedder

__all__ = ["TfidfEmbedder", "TransformerEmbedder", "WordVectorEmbedder"]
