"""Encoders of sequences, an SVM behind each, on real sounds, series and sentences.

Prints a Markdown table: accuracy on the given test rows beside one untuned SVM on statistics over
time (of sentences: on TF-IDF of words), trained and judged on the same rows.

Run: python benchmarks/sequence_encoders.py [digits] [vowels] [movements] [questions]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from motion import InertialStatistics
from real_sets import load_movements, load_sentences, load_series, load_spoken_digits
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mmsk import (
    MFCC,
    ConcatFusion,
    RecurrentEncoder,
    SequenceAutoEncoder,
    SeriesReader,
    SVMClassifier,
    TemporalConvEncoder,
    TfidfEmbedder,
)
from mmsk.samples import Series

SEED = {"random_state": 0}
SPEECH = {"sample_rate": 8000, "n_fft": 256, "n_mels": 40}
Split = tuple[pd.Series, np.ndarray, pd.Series, np.ndarray]


def main() -> None:
    """Print the table for the sets that are named, or for all."""
    names = sys.argv[1:] or list(SETS)
    print("| set | features, SVM behind | accuracy | processor seconds to fit |\n|---|---|---|---|")
    for name in names:
        load, extractors = SETS[name]
        split = load()
        for label, extractor in extractors():
            accuracy, seconds = judged(extractor, *split)
            print(f"| {name} | {label} | {accuracy:.1%} | {seconds:.0f} |", flush=True)


def judged(
    extractor: BaseEstimator, train: Any, y_train: Any, test: Any, y_test: Any
) -> tuple[float, float]:
    """Accuracy of an SVM behind an extractor, and the processor's seconds that its fit takes."""
    model = make_pipeline(clone(extractor), ConcatFusion(), SVMClassifier(C=10))
    started = time.process_time()
    model.fit(train, y_train)
    seconds = time.process_time() - started
    return model.score(test, y_test), seconds


def spoken_digits() -> Split:
    """Clips at 8 kHz, those of index 0 to 4 for testing."""
    clips, digits, is_test = load_spoken_digits()
    return clips[~is_test], digits[~is_test], clips[is_test], digits[is_test]


def of_digits() -> Iterator[tuple[str, BaseEstimator]]:
    """MFCC frames, every 10 ms."""
    frames = MFCC(20, hop_length=80, **SPEECH)
    yield "MFCC, mean and deviation", frames
    yield "TemporalConvEncoder of MFCC", TemporalConvEncoder(sequence=frames, **SEED)
    yield "RecurrentEncoder of MFCC", RecurrentEncoder(sequence=frames, **SEED)


def vowels() -> Split:
    """Twelve cepstral coefficients, 7 to 29 frames, nine speakers."""
    return *load_series("JapaneseVowels", "TRAIN"), *load_series("JapaneseVowels", "TEST")


def of_vowels() -> Iterator[tuple[str, BaseEstimator]]:
    """Raw frames."""
    convolutions, recurrent = TemporalConvEncoder(**SEED), RecurrentEncoder(**SEED)
    yield "mean and deviation", FunctionTransformer(mean_and_deviation)
    yield "TemporalConvEncoder", convolutions
    yield "RecurrentEncoder", recurrent
    yield (
        "both, side by side",
        FeatureUnion([("convolutions", convolutions), ("recurrent", recurrent)]),
    )
    yield "SequenceAutoEncoder, no labels", SequenceAutoEncoder(**SEED)


def mean_and_deviation(column: Any) -> np.ndarray:
    """Both of each channel over time."""
    return np.stack([np.concatenate([cell.mean(axis=0), cell.std(axis=0)]) for cell in column])


def movements() -> Split:
    """Acceleration and rotation at 50 Hz; odd subjects train, even ones test."""
    table, actions, subjects = load_movements()
    cells = [Series(values.astype(np.float32), 50.0) for values in table["inertial"]]
    column = pd.Series(cells, dtype=object)
    odd = subjects % 2 == 1
    return column[odd], actions[odd], column[~odd], actions[~odd]


def of_movements() -> Iterator[tuple[str, BaseEstimator]]:
    """Frames at 20 Hz, to which 2 to 6 seconds come down to 43 to 130."""
    reader = SeriesReader(sample_rate=20)
    values = FunctionTransformer(lambda column: [series.values for series in column])
    yield "moments and spectra", make_pipeline(values, InertialStatistics())
    yield "TemporalConvEncoder", TemporalConvEncoder(sequence=reader, **SEED)
    yield "RecurrentEncoder", RecurrentEncoder(sequence=reader, **SEED)


def questions() -> Split:
    """TREC: six kinds of questions."""
    return *load_sentences("TREC.train.all"), *load_sentences("TREC.test.all")


def of_questions() -> Iterator[tuple[str, BaseEstimator]]:
    """Words, whose vectors are learned from 5,452 questions alone."""
    yield "TF-IDF of words", TfidfEmbedder()
    quick = {"sequence": "words", "max_epochs": 5, **SEED}
    yield "RecurrentEncoder", RecurrentEncoder(**quick)


SETS: dict[str, tuple[Callable[[], Split], Callable[[], Iterator[tuple[str, BaseEstimator]]]]] = {
    "digits": (spoken_digits, of_digits),
    "vowels": (vowels, of_vowels),
    "movements": (movements, of_movements),
    "questions": (questions, of_questions),
}

if __name__ == "__main__":
    main()
