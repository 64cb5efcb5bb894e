"""Word vectors learned from the user's own texts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mmsk._optional import import_optional
from mmsk._replace import replacing
from mmsk._validation import check_choice, check_number, raw_column
from mmsk.text._documents import read_documents
from mmsk.text._word_vectors import WORDS, word_analyzer

MOST_WORDS_AT_ONCE = 10_000  # gensim drops what a sentence has beyond


def train_word_vectors(
    documents: Any,
    path: str | os.PathLike,
    *,
    vector_size: int = 100,
    window: int = 5,
    min_count: int = 5,
    epochs: int = 20,
    skip_gram: bool = True,
    lowercase: bool = True,
    token_pattern: str = WORDS,
    random_state: int = 0,
) -> Path:
    r"""Learn word vectors from texts by word2vec, and write them as a file.

    For a language or field of which there are no vectors to be had. Labels are not needed, so that
    texts without them can be learned from, too. Few texts give rough vectors: with those of the
    5,452 questions of TREC, or of 9,596 sentences of film reviews (MR), a linear SVM on their means
    is better than with a small GloVe file (50 numbers for 7,846 words), clearly worse than on the
    words as such (``TfidfEmbedder``), and to these they add nothing there.

    Training is gensim's, in one thread, so that the same texts and parameters give the same file.
    Texts that a score is computed on later must not be among `documents` if the score is to hold
    for new ones.

    Parameters
    ----------
    documents : column of documents
        A list, object array, pandas Series, polars Series or Arrow array. Missing cells are left
        out. Each word of all of them takes about 10 bytes of memory.
    path : str or path
        Where to write, in word2vec's binary format; ends in .bin. A file that is there is
        replaced.
    vector_size : int, default=100
        Numbers in a vector.
    window : int, default=5
        Words on each side that are learned from; nearer ones more often.
    min_count : int, default=5
        Words that occur less often get no vector.
    epochs : int, default=20
        Passes over the texts. With 5 a few thousand sentences teach little; of many millions of
        words 5 are enough, and the time taken grows with them.
    skip_gram : bool, default=True
        Whether a word predicts its neighbours, which is better with few texts; else they predict
        the word, which is several times as fast.
    lowercase : bool, default=True
        Whether to lower all letters first. As it is in WordVectorEmbedder.
    token_pattern : str, default=r"(?u)\b\w+\b"
        What a word is. As it is in WordVectorEmbedder.
    random_state : int, default=0
        Seed of the first vectors and of what is drawn in training.

    Returns
    -------
    path : Path
        The file, as WordVectorEmbedder takes it.

    Raises
    ------
    MissingDependencyError
        If gensim is not installed: ``pip install "mmsk[word-vectors]"``.
    ReadError
        If a cell is no text; it names the row.
    ValueError
        If a parameter is not accepted, or no word occurs often enough.

    See Also
    --------
    WordVectorEmbedder : Embeds documents with the vectors of a file.

    References
    ----------
    Mikolov, T. et al. (2013). Distributed representations of words and phrases and their
    compositionality. NeurIPS.

    Rehurek, R. and Sojka, P. (2010). Software framework for topic modelling with large corpora.
    LREC. (gensim.)

    Examples
    --------
    >>> import tempfile
    >>> from mmsk import WordVectorEmbedder, train_word_vectors
    >>> texts = ["a red car and a green car", "a green apple and a red apple"] * 20
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = train_word_vectors(texts, f"{folder}/own.bin", vector_size=8)
    ...     WordVectorEmbedder(path).fit_transform(texts).shape
    (40, 8)
    """
    path = Path(path)
    if path.suffix != ".bin":
        raise ValueError(f"path={str(path)!r} does not end in .bin.")
    numbers = {"vector_size": vector_size, "window": window, "min_count": min_count}
    for name, value in (numbers | {"epochs": epochs}).items():
        check_number(name, value, low=1, integer=True)
    check_number("random_state", random_state, low=0, high=2**32 - 1, integer=True)
    for name, value in {"skip_gram": skip_gram, "lowercase": lowercase}.items():
        check_choice(name, value, [True, False])
    models = import_optional("gensim.models", needed_for="train_word_vectors", extra="word-vectors")
    column = raw_column(documents)
    texts, _ = read_documents(column, max_chars=None, on_error="raise", max_bad_fraction=0)
    model = models.Word2Vec(
        **numbers, sg=int(skip_gram), epochs=epochs, seed=random_state, workers=1
    )
    sentences = list(_sentences(texts, lowercase, token_pattern))
    model.build_vocab(sentences)
    if not len(model.wv):
        raise ValueError(
            f"No word to learn: none of {len(texts)} texts occurs min_count={min_count} times. "
            "Lower min_count, or give more texts."
        )
    model.train(sentences, total_examples=len(sentences), epochs=epochs)
    with replacing(path) as file:
        model.wv.save_word2vec_format(file.fileno(), binary=True)  # gensim takes no file object
    return path


def _sentences(texts: Iterable[str], lowercase: bool, token_pattern: str) -> Iterator[list[str]]:
    """Yield the words of each text, of a long one in parts; of equal words one is held."""
    analyze, known = word_analyzer(lowercase, token_pattern), dict[str, str]()
    for text in texts:
        words = [known.setdefault(word, word) for word in analyze(text)]
        for start in range(0, len(words), MOST_WORDS_AT_ONCE):
            yield words[start : start + MOST_WORDS_AT_ONCE]
