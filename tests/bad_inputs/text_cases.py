"""Bad texts, and odd ones that are read: 56 to 62."""

from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from bad_inputs.harness import Case, Elsewhere, Subject

from mmsk import TfidfEmbedder, TransformerEmbedder, WordVectorEmbedder

DOCUMENTS = ["a red car", "the green apples are green", "two cars", "she is in the red car"]


@cache
def _folder():
    """Return a folder that lasts as long as the process, so that a model is loaded once."""
    return TemporaryDirectory()


@cache
def _vectors():
    path = Path(_folder().name) / "vectors.npz"
    words = np.array(["a", "red", "green", "car", "cars", "apples", "the", "two", "is"])
    np.savez(path, words=words, vectors=np.eye(len(words), 5, dtype=np.float32))
    return path


@cache
def _bert():
    from text_models import write_tiny_bert  # loads torch and transformers

    return write_tiny_bert(Path(_folder().name) / "bert")


def good_texts():
    return DOCUMENTS


def _terms(*, n_jobs, **parameters):
    return TfidfEmbedder(**parameters)


def _word_vectors(*, n_jobs, **parameters):
    return WordVectorEmbedder(_vectors(), **parameters)


def _transformer(**parameters):
    return TransformerEmbedder(_bert(), device="cpu", **parameters)


TERMS = Subject("TfidfEmbedder", _terms, good_texts)
VECTORS = Subject("WordVectorEmbedder", _word_vectors, good_texts)
TRANSFORMER = Subject("TransformerEmbedder", _transformer, good_texts)
SUBJECTS = {"terms": TERMS, "word vectors": VECTORS, "a transformer": TRANSFORMER}


def for_each(number, title, cell, **options):
    """Give the same cell to each of the extractors of texts."""
    return [
        Case(number, f"{title}, for {name}", subject, lambda folder: cell, **options)
        for name, subject in SUBJECTS.items()
    ]


def refused(number, title, cell, message, **options):
    return Case(number, title, TERMS, lambda folder: cell, message=message, **options)


GAPS = [
    *for_each(56, "None", None, outcome="missing"),
    *(
        Case(56, title, TERMS, lambda folder, cell=cell: cell, outcome="missing")
        for title, cell in {"NaN": float("nan"), "pd.NA": pd.NA, "NaT": pd.NaT}.items()
    ),
    *for_each(56, "an empty text", "", outcome="accepted", note="a document without words"),
]
OF_ANOTHER_KIND = {
    "a float": 1.5,
    "infinity": float("inf"),
    "True": True,
    "a list": ["red", "car"],
    "a set": {"red"},
    "a path": Path("red.txt"),
    "a date": datetime(2020, 1, 1),
}
KINDS = [
    *for_each(57, "an integer", 7, message="expected text, got int: a cell must be a string or"),
    *(
        refused(57, title, cell, f"expected text, got {type(cell).__name__}: a cell must be")
        for title, cell in OF_ANOTHER_KIND.items()
        if not isinstance(cell, Path)
    ),
    refused(57, "a path", Path("red.txt"), r"expected text, got \w*Path: a cell must be a string"),
]
NO_UTF8 = r"bytes that are not UTF-8 text "
UTF16 = NO_UTF8 + r"\(it starts like UTF-16\)$"
DECODING = {"stage": "decode", "cause": UnicodeDecodeError}
BYTES = [
    *for_each(58, "bytes in UTF-16", "red".encode("utf-16"), message=UTF16, **DECODING),
    refused(58, "bytes in UTF-16, big endian", b"\xfe\xff\0r\0e\0d", UTF16, **DECODING),
    refused(
        58,
        "bytes in Latin-1",
        "rétro".encode("latin-1"),
        NO_UTF8 + r"\(invalid continuation byte at byte 1\)$",
        **DECODING,
    ),
    *for_each(
        58,
        "UTF-8 with a byte order mark",
        "red car".encode("utf-8-sig"),
        outcome="accepted",
        same_as=lambda folder: "red car",
        note="the text",
    ),
]
ODD = {
    "NUL": "red\0car",
    "right-to-left marks": "\u202ered \u05d0\u05d1\u05d2\u202c car",
    "emoji of several characters": "red \U0001f697 \U0001f469\u200d\U0001f469\u200d\U0001f467",
    "combining accents": "re\u0301d car" + "\u0301" * 1000,
}
CHARACTERS = [
    *(
        case
        for title, text in ODD.items()
        for case in for_each(
            59,
            title,
            text,
            outcome="accepted",
            same_as=lambda folder, text=text: text.encode(),
            note="alike as text and as bytes",
        )
    ),
    *for_each(
        59,
        "half of a surrogate pair",
        "red \ud800 car",
        outcome="accepted",
        same_as=lambda folder: "red \ufffd car",
        note="an unknown character",
    ),
    Case(
        59,
        "both halves of a surrogate pair, for a transformer",
        TRANSFORMER,
        lambda folder: "red \ud83d\ude97 car",
        "accepted",
        same_as=lambda folder: "red \U0001f697 car",
        note="the character",
    ),
]


def long_text(title, subject, text, max_chars=1_000_000, **options):
    return Case(
        60,
        f"10 MB of {title}",
        subject,
        lambda folder: text * (10_000_000 // len(text)),
        "accepted",
        same_as=lambda folder: (text * (max_chars // len(text) + 1))[:max_chars],
        note=f"cut at max_chars={max_chars:,}",
        **options,
    )


LENGTHS = [
    long_text("words", TERMS, "red car ", bomb=True),
    long_text("one word", TERMS, "r", bomb=True),
    *(
        long_text(
            f"words for {name}", SUBJECTS[name], "red car ", 500, parameters={"max_chars": 500}
        )
        for name in ("word vectors", "a transformer")
    ),
]

CASES = GAPS + KINDS + BYTES + CHARACTERS + LENGTHS
TERMS_TESTS = "tests/text/test_tfidf.py::"
ELSEWHERE = [
    Elsewhere(
        56,
        "null of polars and of Arrow",
        "missing",
        (
            TERMS_TESTS + "test_every_container_gives_the_same_features",
            "tests/test_validation.py::test_containers_give_the_same_column",
        ),
    ),
    Elsewhere(
        57,
        "a cell that is no text, given to a WordReader",
        "as above",
        ("tests/text/test_word_reader.py::test_what_is_no_text",),
    ),
    Elsewhere(
        61,
        "only stop words, or no words at all",
        "`No terms to learn from: the 2 documents are empty or hold only stop words (...)`",
        (
            TERMS_TESTS + "test_nothing_but_stop_words_is_a_clear_error",
            TERMS_TESTS + "test_no_documents_at_all_is_a_clear_error",
            "tests/text/test_word_reader.py::test_the_vocabulary_counts_texts",
        ),
    ),
    Elsewhere(
        62,
        "a 2-D column or a bare string",
        "`Expected a 1-D column of raw cells, got ...`, with what to write instead",
        (TERMS_TESTS + "test_what_is_no_column_gets_a_hint",),
    ),
]
