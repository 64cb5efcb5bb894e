"""Words and character n-grams of documents, weighted by TF-IDF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD
from sklearn.utils.validation import check_is_fitted

from mmsk._output import contain_sparse
from mmsk._progress import as_fit_task
from mmsk._validation import RawColumn, raw_column
from mmsk.extraction import BaseExtractor
from mmsk.text._cleaning import clean
from mmsk.text._documents import attempt, read_documents
from mmsk.text._parameters import check_parameters
from mmsk.text._tokens import WORD_PATTERN
from mmsk.text._vectorizers import build_vectorizer
from mmsk.text._word_reader import WordReader


class TfidfEmbedder(BaseExtractor):
    r"""Turn documents into sparse TF-IDF features, or into a dense LSA embedding.

    With the same parameters the matrix is scikit-learn's ``TfidfVectorizer`` matrix bit for bit.
    On top of that it cleans and stems, takes missing cells, names the row of a cell that is no
    text, reduces to `n_components`, and is faster where pyarrow is installed.

    The order of work is: cut at `max_chars`, HTML, URLs, numbers, lower case, accents, words,
    stop words, stemming, n-grams, counts, weights, LSA.

    Parameters
    ----------
    vectorizer : {"tfidf", "count", "hashing"}, default="tfidf"
        ``"tfidf"`` weights the counts of terms. ``"count"`` is the plain bag of words of
        ``CountVectorizer``: `use_idf`, `smooth_idf`, `sublinear_tf` and `norm` are not used.
        ``"hashing"`` is ``HashingVectorizer``: no vocabulary is kept, terms share `n_features`
        columns, and of the weighting only `binary` and `norm` are used; `min_df`, `max_df` and
        `max_features` are not.
    analyzer : {"word", "char", "char_wb"}, default="word"
        Terms are n-grams of words, of characters, or of characters inside words. For words and
        characters together join two embedders with a ``FeatureUnion``.
    ngram_range : tuple of (int, int), default=(1, 1)
        Smallest and largest n.
    token_pattern : str, default=r"(?u)\b\w\w+\b"
        Regular expression of a word, for ``analyzer="word"``. The default drops words of one
        character. Another pattern is counted by scikit-learn, at its speed.
    lowercase : bool, default=True
        Lower all letters.
    strip_accents : {None, "ascii", "unicode"}, default=None
        ``"unicode"`` removes accents from any letter; ``"ascii"`` also drops every character
        that then is not ASCII.
    remove_html : bool, default=False
        Remove tags, comments, scripts and styles, and turn entities into characters.
    remove_urls : bool, default=False
        Remove addresses that start with http, https, ftp or www.
    remove_numbers : bool, default=False
        Remove numbers that stand alone ("3", "9.50"), not digits in words ("mp3").
    stop_words : {None, "english"} or list of str, default=None
        Words to leave out, for ``analyzer="word"``. Question words are among the English ones,
        so they do harm where the kind of question matters.
    stemming : str, default=None
        Language of the Snowball stemmer, such as ``"english"``, for ``analyzer="word"``. Needs
        the extra ``stemming``. None keeps the words as they are.
    min_df, max_df : float or int, default=1 and 1.0
        Terms found in fewer or more documents are left out: a float is a share of the present
        documents, an int a number of them.
    max_features : int, default=None
        Keep this many of the most frequent terms; None keeps all.
    n_features : int, default=2**20
        Columns for ``vectorizer="hashing"``.
    binary : bool, default=False
        Count a term at most once per document.
    use_idf : bool, default=True
        Weight terms by their inverse document frequency. Missing cells are no documents.
    smooth_idf : bool, default=True
        Add one to document frequencies, as if one more document had every term.
    sublinear_tf : bool, default=False
        Replace a count by ``1 + log(count)``.
    norm : {"l2", "l1", None}, default="l2"
        Scale each row to this length.
    n_components : int, default=None
        Width of a dense embedding by latent semantic analysis (truncated SVD). None keeps the
        sparse terms.
    random_state : int, RandomState or None, default=None
        For the randomised SVD; an int gives the same embedding in every fit.
    dtype : {"float64", "float32"}, default="float64"
        Kind of the sparse numbers. ``"float64"`` is scikit-learn's; ``"float32"`` takes a third
        less memory. LSA embeddings are float32 always.
    max_chars : int, default=1_000_000
        Longer documents are cut to this many characters; None never cuts.
    on_error : {"raise", "missing"}, default="raise"
        Whether a cell that is no text raises, or is taken as missing with a warning.
    max_bad_fraction : float, default=0.1
        Under ``on_error="missing"``, the share of bad cells above which it raises all the same.

    Attributes
    ----------
    vectorizer_ : TfidfVectorizer, CountVectorizer or HashingVectorizer
        The fitted scikit-learn vectorizer, with ``vocabulary_`` and ``idf_`` where it has them.
    svd_ : TruncatedSVD
        The fitted reduction, with `n_components` only.

    See Also
    --------
    sklearn.feature_extraction.text.TfidfVectorizer : The reference for terms and weights.

    Notes
    -----
    A cell is a ``str``, or bytes that are valid UTF-8 (a byte order mark is dropped), decoded.
    An empty string is a document without terms.

    References
    ----------
    .. [1] K. Sparck Jones, "A statistical interpretation of term specificity and its
       application in retrieval", Journal of Documentation, 1972.
    .. [2] S. Deerwester et al., "Indexing by latent semantic analysis", JASIS, 1990.
    .. [3] K. Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009.

    Examples
    --------
    >>> from mmsk.text import TfidfEmbedder
    >>> embedder = TfidfEmbedder(remove_html=True, stop_words="english")
    >>> features = embedder.fit_transform(["<p>A red car</p>", None, "the red apple", ""])
    >>> embedder.get_feature_names_out().tolist()
    ['apple', 'car', 'red']
    >>> features.toarray().round(2)
    array([[0.  , 0.8 , 0.61],
           [0.  , 0.  , 0.  ],
           [0.8 , 0.  , 0.61],
           [0.  , 0.  , 0.  ]])
    >>> embedder.present_rows(["a text", None, ""])
    array([ True, False,  True])

    Words and characters together:

    >>> from sklearn.pipeline import FeatureUnion
    >>> both = FeatureUnion([
    ...     ("words", TfidfEmbedder(ngram_range=(1, 2))),
    ...     ("characters", TfidfEmbedder(analyzer="char_wb", ngram_range=(2, 4))),
    ... ])
    >>> both.fit_transform(["red car", "green apple"]).shape
    (2, 53)
    """

    def __init__(
        self,
        *,
        vectorizer: str = "tfidf",
        analyzer: str = "word",
        ngram_range: tuple[int, int] = (1, 1),
        token_pattern: str = WORD_PATTERN,
        lowercase: bool = True,
        strip_accents: str | None = None,
        remove_html: bool = False,
        remove_urls: bool = False,
        remove_numbers: bool = False,
        stop_words: str | Sequence[str] | None = None,
        stemming: str | None = None,
        min_df: float | int = 1,
        max_df: float | int = 1.0,
        max_features: int | None = None,
        n_features: int = 2**20,
        binary: bool = False,
        use_idf: bool = True,
        smooth_idf: bool = True,
        sublinear_tf: bool = False,
        norm: str | None = "l2",
        n_components: int | None = None,
        random_state: Any = None,
        dtype: str = "float64",
        max_chars: int | None = 1_000_000,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
    ) -> None:
        self.vectorizer = vectorizer
        self.analyzer = analyzer
        self.ngram_range = ngram_range
        self.token_pattern = token_pattern
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.remove_html = remove_html
        self.remove_urls = remove_urls
        self.remove_numbers = remove_numbers
        self.stop_words = stop_words
        self.stemming = stemming
        self.min_df = min_df
        self.max_df = max_df
        self.max_features = max_features
        self.n_features = n_features
        self.binary = binary
        self.use_idf = use_idf
        self.smooth_idf = smooth_idf
        self.sublinear_tf = sublinear_tf
        self.norm = norm
        self.n_components = n_components
        self.random_state = random_state
        self.dtype = dtype
        self.max_chars = max_chars
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction

    @as_fit_task
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn terms, weights and, with `n_components`, the embedding.

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
        ValueError
            If a parameter is not accepted, `X` is no column, or no term is left.
        """
        self._learn(X)
        return self

    @as_fit_task
    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn as `fit` does and return the features, with one pass over the documents.

        Parameters
        ----------
        X : column of documents
            As for `fit`.
        y : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        features : CSR matrix, or ndarray of dtype float32 with `n_components`
            As `transform` returns them.

        Raises
        ------
        ReadError
            If a cell is no text; it names the row.
        ValueError
            If a parameter is not accepted, `X` is no column, or no term is left.
        """
        return self._placed(X, *self._learn(X))

    def transform(self, X: Any) -> Any:
        """Compute one row of features per cell.

        Parameters
        ----------
        X : column of documents
            As for `fit`.

        Returns
        -------
        features : CSR matrix of shape (n_cells, n_terms), dtype `dtype`, or ndarray of shape \
                (n_cells, n_components), dtype float32
            Empty CSR rows, or NaN rows of the ndarray, where the cell is missing. After
            ``set_output`` a DataFrame: of sparse columns for pandas, a dense one of at most
            1 GiB for polars.

        Raises
        ------
        ReadError
            If a cell is no text; it names the row.
        """
        check_is_fitted(self)
        documents, present = self._read(raw_column(X))
        return self._placed(X, self._features(documents), present)

    def present_rows(self, X: Any) -> np.ndarray:
        """Tell which cells hold a document; an empty CSR row alone does not.

        Parameters
        ----------
        X : column of documents
            As for `fit`.

        Returns
        -------
        present : ndarray of shape (n_cells,), dtype bool
            False for a missing cell and for one that is no text; True for an empty string.
        """
        column = raw_column(X)
        present = column.present.copy()
        for row in np.flatnonzero(present).tolist():
            present[row] = isinstance(attempt(column.cells[row]), str)
        return present

    def _learn(self, X: Any) -> tuple[Any, np.ndarray]:
        self._check_parameters()
        column = raw_column(X)
        documents, present = self._read(column)
        if not documents:
            raise ValueError(f"No document to learn from: {len(column)} cells, none with a text.")
        vectorizer = build_vectorizer(self.get_params(deep=False))
        try:
            features = vectorizer.fit_transform(documents)
        except ValueError as error:
            reason = self._why_no_terms(str(error), len(documents))
            if reason is None:
                raise
            raise ValueError(reason) from error
        if self.n_components is not None:
            features = self._reduced(features)
        self.vectorizer_ = vectorizer
        return features, present

    def _why_no_terms(self, message: str, n_documents: int) -> str | None:
        """Say in our parameters what scikit-learn's message means; None if it is another."""
        if "empty vocabulary" in message:
            return (
                f"No terms to learn from: the {n_documents} documents are empty or hold only "
                f"stop words (stop_words={self.stop_words!r}) and words that token_pattern="
                f"{self.token_pattern!r} leaves out."
            )
        if "max_df corresponds to < documents than min_df" in message:
            return (
                f"min_df={self.min_df!r} asks for more documents than max_df={self.max_df!r} "
                f"allows, of {n_documents} documents."
            )
        return None

    def _reduced(self, features: Any) -> np.ndarray:
        n_terms = features.shape[1]
        if self.n_components > n_terms:
            raise ValueError(
                f"n_components={self.n_components} is more than the {n_terms} terms of the "
                "documents. Lower it, or leave it out to keep the terms."
            )
        self.svd_ = TruncatedSVD(self.n_components, random_state=self.random_state)
        return self.svd_.fit_transform(features)

    def _features(self, documents: list[str]) -> Any:
        if not documents:
            shape = (0, len(self.get_feature_names_out()))
            return np.zeros(shape) if self.n_components else sp.csr_matrix(shape, dtype=self.dtype)
        features = self.vectorizer_.transform(documents)
        return features if self.n_components is None else self.svd_.transform(features)

    def _read(self, column: RawColumn) -> tuple[list[str], np.ndarray]:
        documents, present = read_documents(
            column,
            max_chars=self.max_chars,
            on_error=self.on_error,
            max_bad_fraction=self.max_bad_fraction,
        )
        steps = {
            "markup": self.remove_html,
            "urls": self.remove_urls,
            "numbers": self.remove_numbers,
        }
        if any(steps.values()):
            documents = [clean(document, **steps) for document in documents]
        return documents, present

    def _placed(self, X: Any, features: Any, present: np.ndarray) -> Any:
        """Give every cell its row: those without a document get an empty or a NaN one."""
        if self.n_components is not None:
            rows = np.full((len(present), features.shape[1]), np.nan, dtype=np.float32)
            rows[present] = features
            return rows
        if not present.all():
            indptr = features.indptr[np.concatenate([[0], np.cumsum(present)])]
            shape = (len(present), features.shape[1])
            features = type(features)((features.data, features.indices, indptr), shape=shape)
        return contain_sparse(features, self, X.index if isinstance(X, pd.Series) else None)

    def _used_reader(self) -> WordReader:
        return WordReader(lowercase=False, max_chars=self.max_chars)

    def _feature_names(self) -> Iterable[str]:
        check_is_fitted(self)
        if self.n_components is not None:
            return [f"lsa{number}" for number in range(len(self.svd_.components_))]
        if self.vectorizer == "hashing":
            return [f"hash{number}" for number in range(self.n_features)]
        return self.vectorizer_.get_feature_names_out()

    def _check_parameters(self) -> None:
        check_parameters(self)
