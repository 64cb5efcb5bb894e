"""Checks of the parameters of a text embedder."""

from __future__ import annotations

from typing import Any

from mmsk._validation import check_choice, check_number


def check_parameters(embedder: Any) -> None:
    """Raise ValueError for a parameter of a `TfidfEmbedder` that is not accepted."""
    check_choice("vectorizer", embedder.vectorizer, ["tfidf", "count", "hashing"])
    check_choice("analyzer", embedder.analyzer, ["word", "char", "char_wb"])
    check_choice("strip_accents", embedder.strip_accents, [None, "ascii", "unicode"])
    check_choice("norm", embedder.norm, ["l1", "l2", None])
    check_choice("dtype", embedder.dtype, ["float64", "float32"])
    check_choice("on_error", embedder.on_error, ["raise", "missing"])
    check_number("max_bad_fraction", embedder.max_bad_fraction, low=0, high=1)
    check_number("n_features", embedder.n_features, low=1, integer=True)
    for name in ("max_features", "n_components", "max_chars"):
        if getattr(embedder, name) is not None:
            check_number(name, getattr(embedder, name), low=1, integer=True)
    for name in ("min_df", "max_df"):
        _check_document_frequency(name, getattr(embedder, name))
    _check_ngram_range(embedder.ngram_range)
    _check_word_steps(embedder.analyzer, embedder.stop_words, embedder.stemming)


def _check_document_frequency(name: str, value: Any) -> None:
    if isinstance(value, float):
        check_number(name, value, low=0, high=1)
    else:
        check_number(name, value, low=1, integer=True)


def _check_ngram_range(ngram_range: Any) -> None:
    if not isinstance(ngram_range, tuple | list) or len(ngram_range) != 2:
        raise ValueError(f"ngram_range={ngram_range!r} is not a pair such as (1, 2).")
    smallest, largest = ngram_range
    check_number("the smallest n of ngram_range", smallest, low=1, integer=True)
    check_number("the largest n of ngram_range", largest, low=1, integer=True)
    if largest < smallest:
        raise ValueError(
            f"ngram_range={ngram_range!r} is not a pair (smallest n, largest n): "
            f"{largest} is below {smallest}."
        )


def _check_word_steps(analyzer: str, stop_words: Any, stemming: Any) -> None:
    if isinstance(stop_words, str):
        check_choice("stop_words", stop_words, ["english"])
    elif not isinstance(stop_words, type(None) | list | tuple | set | frozenset):
        raise ValueError(f"stop_words={stop_words!r} is not None, 'english' or a list of words.")
    if analyzer == "word":
        return
    for name, value in (("stop_words", stop_words), ("stemming", stemming)):
        if value is not None:
            raise ValueError(f"{name}={value!r} works on words, so it needs analyzer='word'.")
