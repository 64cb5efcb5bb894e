"""Means of word vectors."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_is_fitted

from mmsk._progress import as_fit_task
from mmsk._validation import RawColumn, check_choice, check_number, raw_column
from mmsk.extraction import BaseExtractor
from mmsk.text._documents import read_documents
from mmsk.text._vector_files import WordVectors, open_vectors
from mmsk.text._word_reader import WordReader

WORDS = r"(?u)\b\w+\b"
MOST_UNKNOWN = 0.5


class WordVectorEmbedder(BaseExtractor):
    r"""Embed documents as means of the pretrained vectors of their words.

    Small, fast and without a network. Words that the file does not have are left out; a document
    without any known word becomes zeros. The file is memory-mapped and stays where it is: a
    fitted embedder keeps its path and digest, not the vectors.

    Parameters
    ----------
    vectors : str or path
        File of word vectors: GloVe or word2vec as text (.txt, .vec), word2vec's binary format
        (.bin), or a NumPy archive with arrays ``words`` and ``vectors`` (.npz).
    pooling : {"mean", "tfidf", "sif"}, default="mean"
        How the words of a document count:

        - ``"mean"``: all alike.
        - ``"tfidf"``: by their inverse document frequency in the training documents, smoothed as
          scikit-learn does. Words that they do not have count most.
        - ``"sif"``: by ``a / (a + p)``, p being their share of all training words, and what the
          embeddings of the training documents have most in common is taken away (smooth inverse
          frequency) [1]_. Often the best of the three for sentences.
    lowercase : bool, default=True
        Whether to lower all letters first. Set False for cased vectors such as those of Google
        News.
    token_pattern : str, default=r"(?u)\b\w+\b"
        What a word is, as in scikit-learn's ``CountVectorizer``, but with words of one letter.
    sif_a : float, default=1e-3
        The ``a`` of ``"sif"``: words rarer than this share count almost fully.
    n_common : int, default=1
        Number of common directions that ``"sif"`` takes away; 0 only weights.
    norm : {"l2", None}, default=None
        Whether rows are divided by their length, for heads that compare angles.
    max_chars : int, default=1_000_000
        Longer documents are cut to this many characters; None never cuts.
    on_error : {"raise", "missing"}, default="raise"
        Whether a cell that is no text raises, or is taken as missing with a warning.
    max_bad_fraction : float, default=0.1
        Under ``on_error="missing"``, the share of bad cells above which it raises all the same.

    Attributes
    ----------
    out_of_vocabulary_share_ : float
        Share of the words of the training documents, with repetition, that the file does not
        have. Above one half `fit` warns.
    digest_ : str
        SHA-256 of the file; another content is refused later.
    terms_ : ndarray of shape (n_terms,), dtype object
        The known words of the training documents, sorted.
    term_weights_ : ndarray of shape (n_terms,), dtype float32
        What each counts.
    other_weight_ : float
        What known words count that the training documents do not have.
    common_ : ndarray of shape (n_common, n_features), dtype float32
        The directions that are taken away.

    See Also
    --------
    train_word_vectors : Learns vectors from texts of one's own.
    TfidfEmbedder : Words as such, without pretrained vectors; joined with this one by a
        ``FeatureUnion`` they often give more than either.

    References
    ----------
    .. [1] S. Arora, Y. Liang, T. Ma, "A simple but tough-to-beat baseline for sentence
       embeddings", ICLR 2017.
    .. [2] J. Pennington, R. Socher, C. Manning, "GloVe: global vectors for word representation",
       EMNLP 2014.
    .. [3] T. Mikolov et al., "Distributed representations of words and phrases and their
       compositionality", NeurIPS 2013.

    Examples
    --------
    >>> import tempfile
    >>> from mmsk import WordVectorEmbedder
    >>> file = tempfile.NamedTemporaryFile("w", suffix=".txt")
    >>> _ = file.write("red 1 0\ngreen 0 1\n")
    >>> file.flush()
    >>> embedder = WordVectorEmbedder(file.name).fit(["red", "a green", None])
    >>> embedder.transform(["Red and green", "blue", None])
    array([[0.5, 0.5],
           [0. , 0. ],
           [nan, nan]], dtype=float32)
    >>> round(embedder.out_of_vocabulary_share_, 2)
    0.33
    >>> file.close()
    """

    def __init__(
        self,
        vectors: str | os.PathLike,
        *,
        pooling: str = "mean",
        lowercase: bool = True,
        token_pattern: str = WORDS,
        sif_a: float = 1e-3,
        n_common: int = 1,
        norm: str | None = None,
        max_chars: int | None = 1_000_000,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
    ) -> None:
        self.vectors = vectors
        self.pooling = pooling
        self.lowercase = lowercase
        self.token_pattern = token_pattern
        self.sif_a = sif_a
        self.n_common = n_common
        self.norm = norm
        self.max_chars = max_chars
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction

    @as_fit_task
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what words count, and what all documents have in common.

        Parameters
        ----------
        X : column of documents
            A list, object array, pandas Series, polars Series or Arrow array.
        y : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        self : object
            The fitted embedder.

        Raises
        ------
        ReadError
            If a cell is no text; it names the row.
        FileNotFoundError, ValueError
            If there is no such file, it holds no word vectors, a parameter is not accepted, or
            no cell holds a document.
        """
        self._learn(raw_column(X))
        return self

    @as_fit_task
    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Learn as `fit` does and return the features, reading the documents once.

        Parameters
        ----------
        X : column of documents
            As for `fit`.
        y : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        features : ndarray of shape (n_cells, n_features), dtype float32
            As `transform` returns them.

        Raises
        ------
        ReadError
            If a cell is no text; it names the row.
        FileNotFoundError, ValueError
            As `fit` does.
        """
        return self._rows(*self._learn(raw_column(X)))

    def transform(self, X: Any) -> np.ndarray:
        """Compute one row of features per cell.

        Parameters
        ----------
        X : column of documents
            As for `fit`.

        Returns
        -------
        features : ndarray of shape (n_cells, n_features), dtype float32
            NaN rows where the cell is missing, zeros where no word is known.

        Raises
        ------
        ReadError
            If a cell is no text; it names the row.
        ValueError
            If the file of the vectors has changed since `fit`.
        """
        check_is_fitted(self)
        return self._rows(*self._read(raw_column(X)))

    def _learn(self, column: RawColumn) -> tuple[list[str], np.ndarray]:
        self._check_parameters()
        documents, present = self._read(column)
        if not documents:
            raise ValueError("No document to learn from: no cell holds a text. Give one at least.")
        vectors = open_vectors(self.vectors)
        counts, terms = self._counts(documents, vectors)
        self._learn_weights(counts, terms, len(documents))
        self.digest_ = vectors.digest
        self._n_dimensions = vectors.width
        self.common_ = np.zeros((0, vectors.width), dtype=np.float32)
        if self.pooling == "sif" and self.n_common:
            self.common_ = _common(self._means(counts, terms, vectors), self.n_common)
        return documents, present

    def _rows(self, documents: list[str], present: np.ndarray) -> np.ndarray:
        """Give every cell its row: NaN where there is no document."""
        features = np.full((len(present), self._n_dimensions), np.nan, dtype=np.float32)
        if documents:
            features[present] = self._embed(documents, self._unchanged_vectors())
        return features

    def _embed(self, documents: list[str], vectors: WordVectors) -> np.ndarray:
        rows = self._means(*self._counts(documents, vectors), vectors)
        rows -= rows @ self.common_.T @ self.common_
        if self.norm == "l2":
            lengths = np.linalg.norm(rows, axis=1, keepdims=True)
            rows /= np.where(lengths > 0, lengths, 1)
        return rows

    def _unchanged_vectors(self) -> WordVectors:
        vectors = open_vectors(self.vectors)
        if vectors.digest != self.digest_:
            raise ValueError(
                f"vectors={str(self.vectors)!r} is not the file that was there at fit (SHA-256 "
                f"{vectors.digest[:12]}..., then {self.digest_[:12]}...). Put that one back, or "
                "fit again."
            )
        return vectors

    def _read(self, column: RawColumn) -> tuple[list[str], np.ndarray]:
        return read_documents(
            column,
            max_chars=self.max_chars,
            on_error=self.on_error,
            max_bad_fraction=self.max_bad_fraction,
        )

    def _counts(
        self, documents: list[str], vectors: WordVectors
    ) -> tuple[sp.csr_matrix, np.ndarray]:
        """Count the known words; unknown ones are counted in a last column."""
        analyze = word_analyzer(self.lowercase, self.token_pattern)
        words = [analyze(document) for document in documents]
        terms = sorted({word for some in words for word in some if word in vectors})
        places = {word: place for place, word in enumerate(terms)}
        columns = [places.get(word, len(terms)) for some in words for word in some]
        rows = np.repeat(np.arange(len(documents)), [len(some) for some in words])
        shape = (len(documents), len(terms) + 1)
        counts = sp.csr_matrix((np.ones(len(columns)), (rows, columns)), shape=shape)
        return counts, np.array(terms, dtype=object)

    def _learn_weights(self, counts: sp.csr_matrix, terms: np.ndarray, n_documents: int) -> None:
        n_words, n_unknown = counts.sum(), counts[:, -1].sum()
        self.out_of_vocabulary_share_ = float(n_unknown / max(1, n_words))
        if self.out_of_vocabulary_share_ > MOST_UNKNOWN:
            warnings.warn(
                f"{self.out_of_vocabulary_share_:.0%} of the words are not in "
                f"vectors={str(self.vectors)!r}. Are they in another language, or cased "
                f"(lowercase={self.lowercase})?"
            )
        known = counts[:, :-1]
        weights, self.other_weight_ = np.ones(len(terms)), 1.0
        if self.pooling == "tfidf":
            frequencies = np.bincount(known.indices, minlength=len(terms))
            weights = np.log((1 + n_documents) / (1 + frequencies)) + 1
            self.other_weight_ = float(np.log(1 + n_documents) + 1)
        elif self.pooling == "sif":
            shares = np.asarray(known.sum(axis=0)).ravel() / max(1, n_words)
            weights = self.sif_a / (self.sif_a + shares)
        self.terms_, self.term_weights_ = terms, weights.astype(np.float32)

    def _means(self, counts: sp.csr_matrix, terms: np.ndarray, vectors: WordVectors) -> np.ndarray:
        """Weighted means of the vectors of the known words of each document."""
        weighted = counts[:, :-1] @ sp.diags_array(self._weights_of(terms))
        # Of SIF the weights are absolute; else they are shares.
        totals = (counts[:, :-1] if self.pooling == "sif" else weighted).sum(axis=1)
        totals = np.asarray(totals, dtype=np.float64).reshape(-1, 1)
        sums = weighted @ vectors.look_up(terms.tolist()).astype(np.float64)
        return (sums / np.where(totals > 0, totals, 1)).astype(np.float32)

    def _weights_of(self, terms: np.ndarray) -> np.ndarray:
        weights = np.full(len(terms), self.other_weight_)
        if len(self.terms_) and len(terms):
            places = np.minimum(np.searchsorted(self.terms_, terms), len(self.terms_) - 1)
            known = self.terms_[places] == terms
            weights[known] = self.term_weights_[places[known]]
        return weights

    def _used_reader(self) -> WordReader:
        return WordReader(lowercase=False, max_chars=self.max_chars)

    def _feature_names(self) -> Iterable[str]:
        check_is_fitted(self)
        return [f"wordvector{number}" for number in range(self._n_dimensions)]

    def _check_parameters(self) -> None:
        check_choice("pooling", self.pooling, ["mean", "tfidf", "sif"])
        check_choice("norm", self.norm, ["l2", None])
        check_choice("on_error", self.on_error, ["raise", "missing"])
        check_number("max_bad_fraction", self.max_bad_fraction, low=0, high=1)
        check_number("sif_a", self.sif_a, low=0, low_open=True)
        check_number("n_common", self.n_common, low=0, integer=True)
        if self.max_chars is not None:
            check_number("max_chars", self.max_chars, low=1, integer=True)


def word_analyzer(lowercase: bool, token_pattern: str) -> Callable[[str], list[str]]:
    """Return what splits a document into its words."""
    return CountVectorizer(lowercase=lowercase, token_pattern=token_pattern).build_analyzer()


def _common(rows: np.ndarray, n_directions: int) -> np.ndarray:
    """First right singular vectors of the rows, not centred."""
    _, _, directions = np.linalg.svd(rows.T @ rows)
    return directions[:n_directions].astype(np.float32)
