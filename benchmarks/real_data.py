"""Accuracy of the public API on real data sets, beside published or plain figures.

For each set: every modality alone, all fused, and a figure to compare with. "Plain" figures are
one untuned scikit-learn run on precomputed features; of the fashion set on 10,102 rows, of which
5,000 are used here.

Run: python benchmarks/real_data.py [fashion] [esc10] [digits] [trec] [mr]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
from real_sets import (
    load_esc10,
    load_fashion,
    load_sentences,
    load_spoken_digits,
    weights_file,
)
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    PredefinedSplit,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from mmsk import (
    MFCC,
    AudioDescriptors,
    CNNEmbedder,
    ConcatFusion,
    ModalityTransformer,
    SVMClassifier,
    TfidfEmbedder,
    WeightedFusion,
    WordVectorEmbedder,
    multimodal_pipeline,
    train_word_vectors,
)

TABLE = ["gender", "baseColour", "usage", "year"]
KINDS = ["masterCategory", "subCategory", "articleType"]

Row = tuple[str, str, float, str, float]


def fashion() -> Iterator[Row]:
    table = load_fashion()
    plain = {
        "season": {"photo": "plain 66.5", "title": "plain 81.7", "table": "plain 76.4"},
        "articleType": {"photo": "plain 79.5", "title": "plain 97.0"},
    }
    plain["season"]["all fused"] = "plain 84.2"
    for target in ("season", "articleType"):
        columns = TABLE + (KINDS if target == "season" else [])
        started = time.perf_counter()
        train, test = train_test_split(table, test_size=0.2, stratify=table[target], random_state=0)
        features = fashion_features(columns)
        blocks, test_blocks = features.fit_transform(train), features.transform(test)
        seconds = time.perf_counter() - started
        parts = {"photo": ["photo"], "title": ["title"], "table": ["numeric", "categorical"]}
        parts["all fused"] = [name for names in parts.values() for name in names]
        for name, names in parts.items():
            started = time.perf_counter()
            search = fused_search().fit(blocks.select(names), train[target])
            score = search.score(test_blocks.select(names), test[target])
            seconds += time.perf_counter() - started
            yield f"fashion, {target}", name, score, plain[target].get(name, ""), seconds
            seconds = 0.0


def fashion_features(columns: list[str]) -> ModalityTransformer:
    """Raw columns to blocks: MobileNetV2, TF-IDF, one-hot codes."""
    photo = CNNEmbedder(
        "mobilenet_v2",
        weights=weights_file("mobilenet_v2_imagenet_fp16.safetensors"),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    )
    modalities = {"photo": "image", "title": "text"}
    modalities |= {column: "numeric" if column == "year" else "categorical" for column in columns}
    return multimodal_pipeline(modalities, extractors={"photo": photo})["features"]


def fused_search() -> GridSearchCV:
    """Choose the fusion and the head's strength on the training rows alone."""
    pipeline = Pipeline([("fusion", ConcatFusion()), ("head", SVMClassifier())])
    grid = {
        "fusion": [ConcatFusion(), WeightedFusion("score"), WeightedFusion("alignment")],
        "head__C": [3.0, 10.0, 30.0],
    }
    return GridSearchCV(pipeline, grid, cv=3, n_jobs=2)


def esc10() -> Iterator[Row]:
    clips, classes, folds = load_esc10()
    extractors = {
        "MFCC": MFCC(deltas=2),
        "descriptors": AudioDescriptors(),
    }
    extractors["all fused"] = FeatureUnion(list(extractors.items()))
    for name, extractor in extractors.items():
        started = time.perf_counter()
        model = tuned(make_pipeline(extractor, ConcatFusion(), SVMClassifier()))
        score = cross_val_score(model, clips, classes, cv=PredefinedSplit(folds)).mean()
        reference = "Piczak 2015: forest on MFCC 72.7" if name == "all fused" else ""
        yield "ESC-10, 5 folds", name, score, reference, time.perf_counter() - started


def digits() -> Iterator[Row]:
    clips, labels, is_test = load_spoken_digits()
    started = time.perf_counter()
    model = tuned(make_pipeline(MFCC(sample_rate=8000), ConcatFusion(), SVMClassifier()))
    score = model.fit(clips[~is_test], labels[~is_test]).score(clips[is_test], labels[is_test])
    yield "FSDD", "MFCC", score, "97 to 99 on all 3,000 rows", time.perf_counter() - started


def tuned(pipeline: Pipeline) -> GridSearchCV:
    """Choose the strength of an SVM on the training rows alone."""
    return GridSearchCV(pipeline, {"svmclassifier__C": [1.0, 3.0, 10.0, 30.0]}, cv=4)


def sentence_models() -> dict[str, Pipeline]:
    """Words as such, means of GloVe vectors of 50 dimensions, and both together."""
    pairs = TfidfEmbedder(ngram_range=(1, 2), sublinear_tf=True)
    glove = WordVectorEmbedder(weights_file("glove_6B_50d_7846_words.npz"), norm="l2")
    glove_tfidf, glove_sif = clone(glove), clone(glove)
    glove_tfidf.set_params(pooling="tfidf")
    glove_sif.set_params(pooling="sif")
    return {
        "words": make_pipeline(TfidfEmbedder(), LinearSVC(C=1.0)),
        "words, pairs": make_pipeline(pairs, LinearSVC(C=0.5)),
        "stems, pairs": make_pipeline(stems(), LinearSVC(C=1.0)),
        "GloVe mean": make_pipeline(glove, LinearSVC(C=1.0)),
        "GloVe TF-IDF": make_pipeline(glove_tfidf, LinearSVC(C=1.0)),
        "GloVe SIF": make_pipeline(glove_sif, LinearSVC(C=1.0)),
        "stems, pairs, GloVe": make_pipeline(with_stems(glove), LinearSVC(C=1.0)),
    }


def stems() -> TfidfEmbedder:
    return TfidfEmbedder(
        token_pattern=r"(?u)\b\w+\b", stemming="english", ngram_range=(1, 2), sublinear_tf=True
    )


def with_stems(vectors: WordVectorEmbedder) -> FeatureUnion:
    parts = [("stems", stems()), ("vectors", vectors)]
    return FeatureUnion(parts, transformer_weights={"stems": 1.0, "vectors": 0.3})


def scores_of_own_vectors(
    train: pd.Series, labels: np.ndarray, test: pd.Series, test_labels: np.ndarray
) -> dict[str, float]:
    """Word vectors that are learned from the training sentences: their means, and with words."""
    with tempfile.TemporaryDirectory() as folder:
        path = train_word_vectors(train, f"{folder}/own.bin")
        own = WordVectorEmbedder(path, norm="l2")
        extractors = {"own mean": own, "own SIF": clone(own).set_params(pooling="sif")}
        extractors["stems, pairs, own"] = with_stems(own)
        models = {name: make_pipeline(each, LinearSVC(C=1.0)) for name, each in extractors.items()}
        return {
            name: model.fit(train, labels).score(test, test_labels)
            for name, model in models.items()
        }


def trec() -> Iterator[Row]:
    train, labels = load_sentences("TREC.train.all")
    test, test_labels = load_sentences("TREC.test.all")
    for name, model in sentence_models().items():
        started = time.perf_counter()
        score = clone(model).fit(train, labels).score(test, test_labels)
        yield "TREC", name, score, "plain 89.2; Kim 2014 93.6", time.perf_counter() - started
    started = time.perf_counter()
    for name, score in scores_of_own_vectors(train, labels, test, test_labels).items():
        yield "TREC", name, score, "", time.perf_counter() - started


def mr() -> Iterator[Row]:
    sentences, labels = load_sentences("rt-polarity.all")
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    for name, model in sentence_models().items():
        started = time.perf_counter()
        score = cross_val_score(model, sentences, labels, cv=folds).mean()
        reference = "plain 77.7; Kim 2014 81.5"
        yield "MR, 10 folds", name, score, reference, time.perf_counter() - started
    started = time.perf_counter()
    scores = pd.DataFrame(
        scores_of_own_vectors(
            sentences.iloc[train], labels[train], sentences.iloc[test], labels[test]
        )
        for train, test in folds.split(sentences, labels)
    )
    for name, score in scores.mean().items():
        yield "MR, 10 folds", name, score, "", time.perf_counter() - started


SETS = {"fashion": fashion, "esc10": esc10, "digits": digits, "trec": trec, "mr": mr}


def main(names: list[str]) -> None:
    """Print one line per model."""
    print(f"{'set':22} {'model':19} {'accuracy':>8}  {'seconds':>7}  compare with")
    for name in names or SETS:
        for title, model, score, reference, seconds in SETS[name]():
            figures = f"{100 * score:7.2f}%  {seconds:7.1f}"
            print(f"{title:22} {model:19} {figures}  {reference}".rstrip(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
