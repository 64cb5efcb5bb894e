"""Cleaning of documents and stemming of their words."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import lru_cache
from threading import Lock

from mmsk._optional import import_optional
from mmsk._validation import check_choice

# The content of script and style elements is code, not words, and goes with its tags. "<" must be
# followed by a letter, "/", "!" or "?", so that "a < b" survives. No part may run over another
# opening of its kind: otherwise a document of unclosed tags would take quadratic time.
_MARKUP = re.compile(
    r"<(script|style)\b[^<>]*>(?:(?!<\1\b).)*?</\1\s*>"
    r"|<!--(?:(?!<!--).)*?-->|</?[a-z][^<>]*>|<[!?][^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_URL = re.compile(r"\b(?:https?://|ftp://|www\.)[^\s<>\"']+", re.IGNORECASE)
# A number stands alone: "3", "-1.5", "1,000", "50%"; not the digits of "mp3" or "covid-19".
_NUMBER = re.compile(r"(?<![\w.,:/+-])[+-]?\d++(?:[.,:/-]\d++)*+%?(?!\w)")


def clean(document: str, *, markup: bool, urls: bool, numbers: bool) -> str:
    """Replace markup, addresses and numbers by a space.

    Parameters
    ----------
    document : str
        The text.
    markup : bool
        Remove HTML tags, comments, scripts and styles, then turn entities such as ``&amp;`` into
        their characters.
    urls : bool
        Remove addresses that start with http, https, ftp or www.
    numbers : bool
        Remove numbers that stand alone.

    Returns
    -------
    document : str
        The cleaned text.

    Examples
    --------
    >>> from mmsk.text._cleaning import clean
    >>> clean("<b>R&amp;B</b> mp3, 3 for 9.50", markup=True, urls=True, numbers=True)
    ' R&B  mp3,   for  '
    """
    if markup:
        document = html.unescape(_MARKUP.sub(" ", document))
    if urls:
        document = _URL.sub(" ", document)
    if numbers:
        document = _NUMBER.sub(" ", document)
    return document


class StemmingTokenizer:
    """Split a document into words, drop the stop words and stem the others.

    Parameters
    ----------
    language : str
        Name of a Snowball algorithm.
    token_pattern : str
        Regular expression of a word.
    stop_words : frozenset of str
        Words to drop before stemming.
    """

    def __init__(self, language: str, token_pattern: str, stop_words: frozenset[str]):
        self.language = language
        self.token_pattern = token_pattern
        self.stop_words = stop_words

    def __call__(self, document: str) -> list[str]:
        """Return the stems of a document, in order."""
        stem = stemmer(self.language)
        words = re.findall(self.token_pattern, document)
        return [stem(word) for word in words if word not in self.stop_words]


@lru_cache(maxsize=8)
def stemmer(language: str) -> Callable[[str], str]:
    """Return the function that stems one word, which remembers the words it has met.

    Parameters
    ----------
    language : str
        Name of a Snowball algorithm, such as ``"english"``.

    Returns
    -------
    stem : callable
        Takes a word and returns its stem.

    Raises
    ------
    MissingDependencyError
        If snowballstemmer is not installed.
    ValueError
        If there is no algorithm of that name.
    """
    snowball = import_optional(
        "snowballstemmer", needed_for=f"stemming={language!r}", extra="stemming"
    )
    check_choice("stemming", language, sorted(snowball.algorithms()))
    algorithm = snowball.stemmer(language)
    turn = Lock()

    @lru_cache(maxsize=100_000)
    def stem(word: str) -> str:
        with turn:  # the algorithm keeps the word it works on in itself
            return algorithm.stemWord(word)

    return stem
