r"""Splitting many documents into words at once, with exactly the words scikit-learn finds.

Its pattern ``\b\w\w+\b`` means: the runs of at least two word characters. A table says which
characters those are, and NumPy finds the runs of all documents in one pass over their joined
text; Arrow then numbers the words in the order in which they are first met.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

WORD_PATTERN = r"(?u)\b\w\w+\b"
_CHARS_AT_ONCE = 2**23
_N_CHARACTERS = 0x110000
# Bytes of a UTF-8 character, by its first byte.
_WIDTHS = np.repeat(np.array([1, 2, 3, 4], dtype=np.int64), [0xC0, 0x20, 0x10, 0x10])


@dataclass(frozen=True, eq=False)
class Tokens:
    """The words or n-grams of many documents, numbered in the order of first use.

    Attributes
    ----------
    codes : ndarray of shape (n_tokens,), dtype int32 or int64
        The number of each token, document after document.
    indptr : ndarray of shape (n_documents + 1,), dtype int64
        Document i has the tokens ``codes[indptr[i]:indptr[i + 1]]``.
    terms : pyarrow.LargeStringArray of length n_terms
        The distinct tokens, by number.
    """

    codes: np.ndarray
    indptr: np.ndarray
    terms: Any

    def recoded(self, new_codes: np.ndarray, terms: Any) -> Tokens:
        """Return the tokens under new numbers, without those whose new number is -1."""
        codes = new_codes[self.codes]
        kept = codes >= 0
        return Tokens(codes[kept], _offsets(kept)[self.indptr], terms)


def split_words(documents: Sequence[str], lowercase: bool) -> Tokens:
    """Split documents into their words.

    Parameters
    ----------
    documents : sequence of str
        The texts; any character is allowed, also lone surrogates.
    lowercase : bool
        Whether to lower all letters first.

    Returns
    -------
    tokens : Tokens
        The words, as `re.findall` with scikit-learn's pattern finds them.
    """
    import pyarrow as pa

    words = [pa.array([], pa.large_string())]
    counts = [np.zeros(1, dtype=np.int64)]
    for some in _portions(documents):
        content, bounds = _join(some, lowercase)
        starts, portion = _words(content)
        words.append(portion)
        counts.append(np.diff(np.searchsorted(starts, bounds)))
    encoded = pa.concat_arrays(words).dictionary_encode()
    # A copy, because Arrow's memory is read-only and scipy sorts in place.
    codes = encoded.indices.to_numpy().copy()
    return Tokens(codes, np.cumsum(np.concatenate(counts)), encoded.dictionary)


def word_ngrams(tokens: Tokens, ngram_range: tuple[int, int]) -> Tokens:
    """Put the words of each document together into n-grams, joined by a space.

    Parameters
    ----------
    tokens : Tokens
        The words.
    ngram_range : tuple of (int, int)
        Smallest and largest n.

    Returns
    -------
    ngrams : Tokens
        Per document first the shortest n-grams, then longer ones, each in order of place: the
        order in which scikit-learn numbers them.
    """
    if tuple(ngram_range) == (1, 1):
        return tokens
    import pyarrow as pa

    smallest, largest = ngram_range
    lengths = np.diff(tokens.indptr)
    document = np.repeat(np.arange(len(lengths)), lengths)
    left = np.repeat(tokens.indptr[1:], lengths) - np.arange(len(document))
    codes, documents, terms = [], [], []
    n_terms = 0
    for n, (grams, names) in enumerate(_growing(tokens, left, largest), 1):
        if n >= smallest:
            codes.append(grams[left >= n] + n_terms)
            documents.append(document[left >= n])
            terms.append(names)
            n_terms += len(names)
    order = np.argsort(np.concatenate(documents), kind="stable")
    encoded = pa.array(np.concatenate(codes)[order]).dictionary_encode()
    return Tokens(
        encoded.indices.to_numpy().copy(),
        _offsets(np.maximum(lengths[:, None] - np.arange(smallest - 1, largest), 0).sum(axis=1)),
        pa.concat_arrays(terms).take(encoded.dictionary),
    )


def _growing(tokens: Tokens, left: np.ndarray, largest: int) -> Iterator[tuple[np.ndarray, Any]]:
    """Yield, for n = 1, 2, ..., the number of the n-gram that starts at each word, and terms.

    The number means nothing at places where fewer than n words are left in the document.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    grams, terms = tokens.codes.astype(np.int64), tokens.terms
    yield grams, terms
    for n in range(2, largest + 1):
        places = np.flatnonzero(left >= n)
        pairs = grams[places] * len(tokens.terms) + tokens.codes[places + n - 1]
        encoded = pa.array(pairs).dictionary_encode()
        head, last = np.divmod(encoded.dictionary.to_numpy(), max(len(tokens.terms), 1))
        separator = pa.scalar(" ", pa.large_string())
        terms = pc.binary_join_element_wise(terms.take(head), tokens.terms.take(last), separator)
        grams = np.zeros_like(grams)
        grams[places] = encoded.indices.to_numpy()
        yield grams, terms


def _portions(documents: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut the documents into portions of bounded length, so that memory stays bounded."""
    ends = np.fromiter(accumulate(map(len, documents)), dtype=np.int64, count=len(documents))
    start = 0
    while start < len(documents):
        begun = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, begun + _CHARS_AT_ONCE, "right")), start + 1)
        yield documents[start:stop]
        start = stop


def _join(documents: Sequence[str], lowercase: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the UTF-8 bytes of all documents, a line break before each, and where they begin."""
    if lowercase:
        documents = [document.lower() for document in documents]
    contents = [document.encode("utf-8", "surrogatepass") for document in documents]
    joined = b"\n" + b"\n".join(contents) + b"\n"
    lengths = np.fromiter(map(len, contents), dtype=np.int64, count=len(contents))
    return np.frombuffer(joined, dtype=np.uint8), _offsets(lengths + 1)


def _words(content: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return where the words in UTF-8 bytes start, and the words as an Arrow array."""
    import pyarrow as pa

    inside = _inside_words(content)
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[::2], edges[1::2]
    single = ends - starts == _WIDTHS[content[starts]]
    for place in range(_WIDTHS.max()):
        inside[np.minimum(starts[single] + place, ends[single] - 1)] = False
    starts, ends = starts[~single], ends[~single]
    buffers = [pa.py_buffer(_offsets(ends - starts)), pa.py_buffer(content[inside])]
    return starts, pa.LargeStringArray.from_buffers(len(starts), *buffers)


def _inside_words(content: np.ndarray) -> np.ndarray:
    """Tell for each UTF-8 byte whether it belongs to a word character."""
    words = _word_characters()
    inside = words[:256].take(content)
    beyond_ascii = np.flatnonzero(content >= 0xC0)
    for width, bits in ((2, 0x1F), (3, 0x0F), (4, 0x07)):
        first = beyond_ascii[_WIDTHS[content[beyond_ascii]] == width]
        points = content[first].astype(np.int32) & bits
        for place in range(1, width):
            points = points << 6 | content[first + place] & 0x3F
        for place in range(width):
            inside[first + place] = words[points]
    return inside


@lru_cache(maxsize=1)
def _word_characters() -> np.ndarray:
    r"""Table of all characters: whether Python's ``\w`` matches."""
    points = np.arange(_N_CHARACTERS, dtype="<u4")
    characters = points.tobytes().decode("utf-32-le", "surrogatepass")
    table = np.zeros(_N_CHARACTERS, dtype=bool)
    for run in re.finditer(r"\w+", characters):
        table[run.start() : run.end()] = True
    table.flags.writeable = False
    return table


def _offsets(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
