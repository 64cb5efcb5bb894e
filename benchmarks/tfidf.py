"""TF-IDF: TfidfEmbedder against scikit-learn's TfidfVectorizer, with and without pyarrow.

Both get the same list of documents and the same parameters, in turns in one process on one
thread, and must give the same matrix bit for bit. Times are CPU seconds, the least of the
rounds; a ratio above 1 means that TfidfEmbedder is that many times as fast.

Usage: python benchmarks/tfidf.py [--quick]
"""

import argparse
import csv
import gc
import os
import time
from pathlib import Path
from unittest import mock

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from mmsk.text import TfidfEmbedder

DATA = Path(
    os.environ.get("MMSK_TEST_DATA", Path(__file__).resolve().parents[1] / "../shared/data")
)


def synthetic(n_documents, accented=0.0, n_words=50_000, seed=0):
    """Documents of 10 to 20 words drawn from a Zipf vocabulary, a share of them not ASCII."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(rng.choice(letters, rng.integers(2, 11))) for _ in range(n_words)])
    share = 1 / np.arange(1, n_words + 1)
    share /= share.sum()
    lengths = rng.integers(10, 21, n_documents)
    drawn = np.split(words[rng.choice(n_words, lengths.sum(), p=share)], np.cumsum(lengths)[:-1])
    documents = []
    for some in drawn:
        text = " ".join(some).capitalize() + "."
        documents.append(text.replace("e", "é") if rng.random() < accented else text)
    return documents


def real():
    """Titles, captions, sentences and questions of the data folder, each once."""
    documents = []
    for name in ("TREC.train.all", "rt-polarity.all"):
        lines = (DATA / "text" / name).read_text(encoding="latin-1").split("\n")
        documents += [line.partition(" ")[2] for line in lines]
    for name in ("fashion/products.csv", "flickr8k_1k/captions.csv"):
        with open(DATA / name, newline="", encoding="utf-8") as file:
            documents += [
                row.get("productDisplayName") or row["caption"] for row in csv.DictReader(file)
            ]
    return documents


def seconds(call, documents):
    gc.collect()  # so that nobody pays for another's garbage
    start = time.process_time()
    result = call(documents)
    return time.process_time() - start, result


def without_pyarrow():
    return mock.patch("mmsk.text._vectorizers._has_pyarrow", return_value=False)


def same(a, b):
    return a.shape == b.shape and all(
        np.array_equal(getattr(a, part), getattr(b, part)) for part in ("data", "indices", "indptr")
    )


def compare(documents, rounds, **parameters):
    """Return the least times of the three ways, for fit_transform and transform."""
    times = {}
    for _ in range(rounds):
        theirs = TfidfVectorizer(**parameters)
        ours, plain = TfidfEmbedder(**parameters), TfidfEmbedder(**parameters)
        for step in ("fit_transform", "transform"):
            a, expected = seconds(getattr(theirs, step), documents)
            b, fast = seconds(getattr(ours, step), documents)
            with without_pyarrow():
                c, slow = seconds(getattr(plain, step), documents)
            if not (same(expected, fast) and same(expected, slow)):
                raise SystemExit(f"{step} differs from scikit-learn with {parameters}")
            times.setdefault(step, []).append((a, b, c))
    return {step: np.min(rows, axis=0) for step, rows in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the documents, 2 rounds")
    quick = parser.parse_args().quick
    n_documents, rounds = (10_000, 2) if quick else (100_000, 3)
    cases = [
        ("synthetic", synthetic(n_documents), {}),
        ("synthetic, 10 % accented", synthetic(n_documents, accented=0.1), {}),
        ("synthetic, English stop words", synthetic(n_documents), {"stop_words": "english"}),
        ("synthetic, 1- and 2-grams", synthetic(n_documents), {"ngram_range": (1, 2)}),
    ]
    if DATA.is_dir():
        cases.append(("real titles and sentences", real(), {}))
    else:
        print(f"No real documents: {DATA} is absent.")
    print("| documents | number | step | scikit-learn | with pyarrow | without |")
    print("|---|---|---|---|---|---|")
    for name, documents, parameters in cases:
        for step, (a, b, c) in compare(documents, rounds, **parameters).items():
            print(
                f"| {name} | {len(documents):,} | {step} | {a:.3f} s | {b:.3f} s: {a / b:.2f} x "
                f"| {c:.3f} s: {a / c:.2f} x |"
            )
    print("Every matrix is scikit-learn's bit for bit.")


if __name__ == "__main__":
    main()
