"""Features of text."""

from mmsk.text._tfidf import TfidfEmbedder
from mmsk.text._train_word_vectors import train_word_vectors
from mmsk.text._transformer import TransformerEmbedder
from mmsk.text._word_reader import WordReader
from mmsk.text._word_vectors import WordVectorEmbedder

__all__ = [
    "TfidfEmbedder",
    "TransformerEmbedder",
    "WordReader",
    "WordVectorEmbedder",
    "train_word_vectors",
]
