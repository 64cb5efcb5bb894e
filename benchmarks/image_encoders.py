"""Accuracy of encoders that learn from pictures, beside frozen ones with the same head.

- digits: scikit-learn's 1,797 digits of 8 x 8 pixels, 5 folds; ConvEncoder from scratch and
  ImageAutoEncoder, beside the pixels.
- easy-vqa: 48,248 questions about 5,000 pictures, given split. ConvEncoder learns the answers
  from the pictures alone, GatedFusion joins it with the words; beside frozen features.
- fashion: article type of 4,999 products (55 classes) from the photo, 20 % for the test;
  MobileNetV2 of which the last stages learn further, beside the frozen one.
- esc10: 400 sounds of 10 classes, 5 given folds; log-mel spectrograms as pictures.

Every head is the same within a set, and nothing was chosen by test figures.

Run: OMP_NUM_THREADS=1 python benchmarks/image_encoders.py [digits] [easy-vqa] [fashion] [esc10]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from real_sets import load_easy_vqa, load_esc10, load_fashion, weights_file
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    PredefinedSplit,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mmsk import (
    CNNEmbedder,
    ConvEncoder,
    GatedFusion,
    ImageAugmenter,
    ImageAutoEncoder,
    LogMelEmbedder,
    ModalityTransformer,
    SVMClassifier,
    TfidfEmbedder,
)

FASHION_PIXELS = 224
N_MELS, LEVELS_DB = 64, 80.0

Row = tuple[str, float]


def digits() -> Iterator[Row]:
    numbers, y = load_digits(return_X_y=True)
    pictures = column(numbers.reshape(-1, 8, 8) / 16)
    seen = {"image_size": 8, "color_space": "grey", "random_state": 0}
    moved = ImageAugmenter(flip=0, color=0, noise=0)
    for name, encoder in {
        "pixels": FunctionTransformer(lambda cells: np.stack([cell.ravel() for cell in cells])),
        "ImageAutoEncoder": ImageAutoEncoder(32, **seen),
        "ConvEncoder": ConvEncoder(**seen),
        "ConvEncoder, pictures moved": ConvEncoder(**seen, augmenter=moved),
    }.items():
        model = make_pipeline(encoder, LogisticRegression(max_iter=1000))
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        yield name, cross_val_score(model, pictures, y, cv=folds).mean()


def easy_vqa() -> Iterator[Row]:
    (train, y_train), (test, y_test) = load_easy_vqa("train"), load_easy_vqa("test")
    words = TfidfEmbedder(use_idf=False, token_pattern=r"\w+")
    how = {"learning_rate": 3e-3, "batch_size": 64, "max_epochs": 3, "random_state": 0}
    learned = ConvEncoder(64, channels=(8, 16, 32, 64), dropout=0.0, **how)
    for name, picture in {
        "MobileNetV2, frozen": mobilenet(64),
        "ConvEncoder": learned,
    }.items():
        features = ModalityTransformer(
            [("picture", picture, "picture"), ("text", words, "question")]
        )
        model = make_pipeline(
            features, GatedFusion(random_state=0), LogisticRegression(max_iter=1000)
        )
        yield name, model.fit(train, y_train).score(test, y_test)


def fashion() -> Iterator[Row]:
    table = load_fashion()
    kinds = table["articleType"].to_numpy(dtype=str)
    photos, test_photos, y, y_test = train_test_split(
        table["photo"], kinds, test_size=0.2, stratify=kinds, random_state=0
    )
    further = {
        "backbone": "mobilenet_v2",
        "weights": weights_file("mobilenet_v2_imagenet_fp16.safetensors"),
        "mean": 0.5,
        "std": 0.5,
        "image_size": FASHION_PIXELS,
        "max_epochs": 5,
        "random_state": 0,
        "n_jobs": 2,
    }
    for name, encoder in {
        "MobileNetV2, frozen": mobilenet(FASHION_PIXELS),
        "MobileNetV2, the last 6 stages learn": ConvEncoder(
            256, n_stages_trained=6, backbone_learning_rate=3e-4, **further
        ),
    }.items():
        model = make_pipeline(encoder, StandardScaler(), SVMClassifier(C=10.0))
        yield name, model.fit(photos, y).score(test_photos, y_test)


def esc10() -> Iterator[Row]:
    clips, classes, folds = load_esc10()
    pictures = spectrograms(clips)
    hidden = ImageAugmenter(
        rotate=0, scale=0, crop=0, flip=0, color=0.2, shift=(0.3, 0.05), mask=(0.2, 0.2)
    )
    encoder = ConvEncoder(
        channels=(12, 24, 48, 96),
        image_size=64,
        color_space="grey",
        augmenter=hidden,
        learning_rate=3e-3,
        batch_size=16,
        max_epochs=40,
        random_state=0,
    )
    model = make_pipeline(encoder, StandardScaler(), SVMClassifier())
    scores = cross_val_score(model, pictures, classes, cv=PredefinedSplit(folds))
    print("folds:", *scores.round(3), file=sys.stderr)
    yield "ConvEncoder on log-mel", scores.mean()


def spectrograms(clips: Any) -> np.ndarray:
    """Log-mel levels as pictures: up are high bands, right is late, 1 is the loudest."""
    embedder = LogMelEmbedder(N_MELS)
    levels = [embedder.frames(clip)[::-1] for clip in clips]
    return column([1 - (part.max() - part).clip(0, LEVELS_DB) / LEVELS_DB for part in levels])


def mobilenet(image_size: int) -> BaseEstimator:
    """MobileNetV2 with the weights of the test data."""
    weights = weights_file("mobilenet_v2_imagenet_fp16.safetensors")
    return CNNEmbedder("mobilenet_v2", weights=weights, mean=0.5, std=0.5, image_size=image_size)


def column(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return an object array of one picture per row."""
    cells = np.empty(len(arrays), dtype=object)
    for row, array in enumerate(arrays):
        cells[row] = array
    return cells


SETS = {"digits": digits, "easy-vqa": easy_vqa, "fashion": fashion, "esc10": esc10}


def main(names: list[str]) -> None:
    print("| set | features | accuracy, % | seconds |\n|---|---|---|---|")
    for name in names or SETS:
        started = time.perf_counter()
        for features, accuracy in SETS[name]():
            seconds = time.perf_counter() - started
            print(f"| {name} | {features} | {100 * accuracy:.1f} | {seconds:.0f} |", flush=True)
            started = time.perf_counter()


if __name__ == "__main__":
    main(sys.argv[1:])
