"""The reader of texts as sequences of words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from mmsk._validation import check_number
from mmsk.exceptions import ReadError
from mmsk.extraction._windows import check_windows, window_starts
from mmsk.text._cleaning import clean
from mmsk.text._documents import attempt


class WordReader(BaseEstimator):
    r"""Read texts as sequences of words, for networks that learn a vector for each word.

    The order of work is: cut at `max_chars`, HTML, URLs, numbers, lower case, words.

    Parameters
    ----------
    token_pattern : str, default=r"\w+"
        Regular expression of a word. Unlike in ``TfidfEmbedder``, words of one character count.
        ``r"\w+|[^\w\s]"`` also takes each punctuation mark.
    lowercase : bool, default=True
        Lower all letters.
    remove_html : bool, default=False
        Remove tags, comments, scripts and styles, and turn entities into characters.
    remove_urls : bool, default=False
        Remove addresses that start with http, https, ftp or www.
    remove_numbers : bool, default=False
        Remove numbers that stand alone ("3", "9.50"), not digits in words ("mp3").
    min_df : int, default=2
        Words in fewer texts are no part of the vocabulary. All of them share one vector, which
        also stands for words that were never seen: at 1 that vector is not learned.
    max_features : int, default=20_000
        Most words in the vocabulary, the most frequent ones; None keeps all.
    max_chars : int, default=1_000_000
        Longer texts are cut to this many characters; None never cuts.

    Examples
    --------
    >>> from mmsk.text import WordReader
    >>> reader = WordReader(remove_html=True)
    >>> reader.read("<p>Is it a red car?</p>")
    ['is', 'it', 'a', 'red', 'car']
    >>> reader.vocabulary([["a", "red", "car"], ["a", "green", "car"]]).tolist()
    ['a', 'car']
    """

    window_unit = "words"

    def __init__(
        self,
        token_pattern: str = r"\w+",
        *,
        lowercase: bool = True,
        remove_html: bool = False,
        remove_urls: bool = False,
        remove_numbers: bool = False,
        min_df: int = 2,
        max_features: int | None = 20_000,
        max_chars: int | None = 1_000_000,
    ) -> None:
        self.token_pattern = token_pattern
        self.lowercase = lowercase
        self.remove_html = remove_html
        self.remove_urls = remove_urls
        self.remove_numbers = remove_numbers
        self.min_df = min_df
        self.max_features = max_features
        self.max_chars = max_chars

    def check_parameters(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""
        check_number("min_df", self.min_df, low=1, integer=True)
        for name in ("max_features", "max_chars"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), low=1, integer=True)
        try:
            re.compile(self.token_pattern)
        except (re.error, TypeError) as error:
            raise ValueError(
                f"token_pattern={self.token_pattern!r} is not a regular expression: {error}"
            ) from error

    def read(self, cell: Any) -> list[str]:
        """Read one cell.

        Parameters
        ----------
        cell : str or bytes
            The text; bytes must be UTF-8.

        Returns
        -------
        words : list of str
            In the order of the text; none where it holds no word.

        Raises
        ------
        ReadError
            If the cell is no text.
        """
        return re.findall(self.token_pattern, self._document(cell))

    def read_windows(
        self, cell: Any, window_length: int, hop_length: int | None = None
    ) -> Iterator[str]:
        """Read one cell in windows, as texts.

        Parameters
        ----------
        cell : str or bytes
            The text; bytes must be UTF-8.
        window_length : int
            Words in a window. A text of fewer words is one window.
        hop_length : int, default=None
            Words from the start of one window to the start of the next; None is half of
            `window_length`. The last window ends with the last word.

        Yields
        ------
        text : str
            The text from the first word of the window up to the word behind it, cleaned, and
            lowered where `lowercase` says so.

        Raises
        ------
        ReadError
            If the cell is no text.
        ValueError
            If a parameter is not accepted.
        """
        check_windows(window_length, hop_length, self.window_unit)
        document = self._document(cell)
        places = [word.start() for word in re.finditer(self.token_pattern, document)]
        bounds = [0, *places[1:], len(document)]
        for start in window_starts(max(1, len(places)), window_length, hop_length):
            yield document[bounds[start] : bounds[min(start + window_length, len(bounds) - 1)]]

    def _document(self, cell: Any) -> str:
        document = attempt(cell, self.max_chars)
        if isinstance(document, ReadError):
            raise document
        document = clean(
            document, markup=self.remove_html, urls=self.remove_urls, numbers=self.remove_numbers
        )
        return document.lower() if self.lowercase else document

    def vocabulary(self, texts: Iterable[list[str]]) -> np.ndarray:
        """Return the words worth a vector of their own.

        Parameters
        ----------
        texts : iterable of list of str
            The words of each text.

        Returns
        -------
        words : ndarray of str
            In alphabetical order.

        Raises
        ------
        ValueError
            If no word is left.
        """
        counts: Counter[str] = Counter()
        n_texts: Counter[str] = Counter()
        for words in texts:
            counts.update(words)
            n_texts.update(set(words))
        often = [word for word, _ in counts.most_common() if n_texts[word] >= self.min_df]
        if not often:
            raise ValueError(
                f"No words to learn from: none is in min_df={self.min_df} texts, with "
                f"token_pattern={self.token_pattern!r}. Lower min_df, or give more texts."
            )
        return np.array(sorted(often[: self.max_features]))
