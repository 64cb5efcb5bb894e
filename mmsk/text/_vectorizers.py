"""scikit-learn's vectorizers with the counting of words done in bulk where it can be."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import (
    ENGLISH_STOP_WORDS,
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)

from mmsk.text._cleaning import StemmingTokenizer, stemmer
from mmsk.text._tokens import WORD_PATTERN, Tokens, split_words, word_ngrams


class _BulkCounting:
    """Mixin that replaces the counting step, and only it, of a scikit-learn vectorizer.

    Everything around that step (limits, order of terms, weights) stays scikit-learn's, and so
    does the step itself for characters, other token patterns, or without pyarrow.
    """

    def _count_vocab(self: Any, raw_documents: Any, fixed_vocab: bool) -> tuple[dict, Any]:
        if not _can_count_in_bulk(self):
            return super()._count_vocab(raw_documents, fixed_vocab)  # type: ignore[misc]
        if not fixed_vocab and self.tokenizer is None:
            self.build_analyzer()  # warns of stop words that can never match, as scikit-learn does
        tokens = word_ngrams(_words(self, raw_documents), self.ngram_range)
        if fixed_vocab:
            known = self.vocabulary_
            numbers = [known.get(term, -1) for term in tokens.terms.to_pylist()]
            tokens = tokens.recoded(np.array(numbers, dtype=np.int64), None)
        else:
            known = _vocabulary(tokens.terms)
        return known, _counts(tokens, len(known), self.dtype)


class BulkCountVectorizer(_BulkCounting, CountVectorizer):
    """scikit-learn's CountVectorizer with the same matrix, sooner."""


class BulkTfidfVectorizer(_BulkCounting, TfidfVectorizer):
    """scikit-learn's TfidfVectorizer with the same matrix, sooner."""


_SHARED = ("analyzer", "ngram_range", "lowercase", "strip_accents", "binary")
_LIMITS = ("min_df", "max_df", "max_features")
_WEIGHTS = ("use_idf", "smooth_idf", "sublinear_tf", "norm")
_KINDS: dict[str, tuple[type, tuple[str, ...]]] = {
    "tfidf": (BulkTfidfVectorizer, _SHARED + _LIMITS + _WEIGHTS),
    "count": (BulkCountVectorizer, _SHARED + _LIMITS),
    "hashing": (HashingVectorizer, (*_SHARED, "n_features", "norm")),
}


def build_vectorizer(parameters: dict[str, Any]) -> Any:
    """Build the unfitted scikit-learn vectorizer that an embedder's parameters stand for.

    Parameters
    ----------
    parameters : dict
        All parameters of a `TfidfEmbedder`.

    Returns
    -------
    vectorizer : TfidfVectorizer, CountVectorizer or HashingVectorizer
        It takes documents that are read and cleaned.
    """
    kind, names = _KINDS[parameters["vectorizer"]]
    chosen = {name: parameters[name] for name in names}
    chosen["dtype"] = np.dtype(parameters["dtype"]).type
    chosen["ngram_range"] = tuple(parameters["ngram_range"])
    pattern, stop_words = parameters["token_pattern"], parameters["stop_words"]
    if parameters["stemming"] is None:
        return kind(token_pattern=pattern, stop_words=_listed(stop_words), **chosen)
    stemmer(parameters["stemming"])  # says here, not in a worker, what is missing
    dropped = ENGLISH_STOP_WORDS if stop_words == "english" else frozenset(stop_words or ())
    tokenizer = StemmingTokenizer(parameters["stemming"], pattern, dropped)
    return kind(token_pattern=None, tokenizer=tokenizer, **chosen)


def _listed(stop_words: Any) -> Any:
    """Return the stop words as scikit-learn takes them: None, a name or a list."""
    return stop_words if stop_words is None or isinstance(stop_words, str) else list(stop_words)


def _can_count_in_bulk(vectorizer: Any) -> bool:
    tokenizer = vectorizer.tokenizer
    pattern = vectorizer.token_pattern if tokenizer is None else tokenizer.token_pattern
    return vectorizer.analyzer == "word" and pattern == WORD_PATTERN and _has_pyarrow()


def _has_pyarrow() -> bool:
    return importlib.util.find_spec("pyarrow") is not None


def _words(vectorizer: Any, documents: Sequence[str]) -> Tokens:
    if vectorizer.strip_accents:
        documents = [*map(vectorizer.build_preprocessor(), documents)]
    tokens = split_words(documents, vectorizer.lowercase and not vectorizer.strip_accents)
    tokenizer: StemmingTokenizer | None = vectorizer.tokenizer
    if tokenizer is not None:
        return _reduced(tokens, tokenizer.stop_words, stemmer(tokenizer.language))
    return _reduced(tokens, vectorizer.get_stop_words(), None)


def _reduced(tokens: Tokens, stop_words: frozenset[str] | None, stem: Any) -> Tokens:
    """Drop the stop words and stem the others, once per distinct word."""
    if stop_words is None and stem is None:
        return tokens
    import pyarrow as pa

    numbers: dict[str, int] = {}
    codes = []
    for word in tokens.terms.to_pylist():
        if stop_words is not None and word in stop_words:
            codes.append(-1)
        else:
            codes.append(numbers.setdefault(word if stem is None else stem(word), len(numbers)))
    return tokens.recoded(np.array(codes, dtype=np.int64), pa.array([*numbers], pa.large_string()))


def _vocabulary(terms: Any) -> dict[str, int]:
    """Return the number of each term, in order of the terms, so that sorting them again is fast."""
    import pyarrow.compute as pc

    if not len(terms):
        raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
    order = pc.array_sort_indices(terms)
    return dict(zip(terms.take(order).to_pylist(), order.to_pylist(), strict=True))


def _counts(tokens: Tokens, n_terms: int, dtype: Any) -> sp.csr_matrix:
    index = np.int32 if len(tokens.codes) <= np.iinfo(np.int32).max else np.int64
    ones = np.ones(len(tokens.codes), dtype=np.int32)
    counts = sp.csr_matrix(
        (ones, tokens.codes.astype(index), tokens.indptr.astype(index)),
        shape=(len(tokens.indptr) - 1, n_terms),
    )
    counts.sum_duplicates()
    return counts.astype(dtype)
