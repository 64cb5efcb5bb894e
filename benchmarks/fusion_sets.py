"""Sets of named blocks for the benchmarks of fusion, each in training and test rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from motion import DepthMotionMaps, InertialStatistics, SkeletonStatistics
from real_sets import load_easy_vqa, load_fashion, load_movements, weights_file
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from mmsk import (
    CNNEmbedder,
    ColorHistogramEmbedder,
    FeatureBlocks,
    HOGEmbedder,
    ModalityTransformer,
    PerBlock,
    SVMClassifier,
    TfidfEmbedder,
    multimodal_pipeline,
)
from mmsk.datasets import make_multimodal


@dataclass
class BlockSet:
    """Blocks of training and test rows, and the head that every fusion gets."""

    train: FeatureBlocks
    y_train: np.ndarray
    test: FeatureBlocks
    y_test: np.ndarray
    head: BaseEstimator
    scale: str = "standard"


def mobilenet(**parameters: Any) -> CNNEmbedder:
    """MobileNetV2 with the weights of the test data."""
    weights = weights_file("mobilenet_v2_imagenet_fp16.safetensors")
    return CNNEmbedder("mobilenet_v2", weights=weights, mean=0.5, std=0.5, **parameters)


def synthetic(kind: str) -> BlockSet:
    """1,000 texts with pictures that hold one kind of information only."""
    shares = {"redundancy": 0.0, "uniqueness": 0.0, "synergy": 0.0, kind: 1.0}
    noise = 0.0 if kind == "synergy" else 0.2
    with tempfile.TemporaryDirectory() as folder:
        options = {"folder": folder, "modalities": ("text", "image"), "random_state": 0}
        table, y = make_multimodal(1000, noise=noise, **options, **shares)
        train, test, y_train, y_test = train_test_split(table, y, test_size=0.5, random_state=0)
        picture = make_union(HOGEmbedder(64, pixels_per_cell=16), ColorHistogramEmbedder(64))
        features = ModalityTransformer(
            [("text", TfidfEmbedder(), "text"), ("image", picture, "image")]
        )
        blocks = features.fit_transform(train), features.transform(test)
    return BlockSet(blocks[0], y_train, blocks[1], y_test, LogisticRegression(max_iter=1000))


def movements() -> BlockSet:
    """UTD-MHAD: 27 actions; subjects with odd numbers train."""
    table, actions, subjects = load_movements()
    is_train = subjects % 2 == 1
    extractors = {
        "inertial": InertialStatistics(),
        "skeleton": SkeletonStatistics(),
        "depth": DepthMotionMaps(),
    }
    transformers = [(name, extractor, name) for name, extractor in extractors.items()]
    blocks = ModalityTransformer(transformers).fit_transform(table)
    reduced = PerBlock({"skeleton": PCA(100, random_state=0), "depth": PCA(150, random_state=0)})
    train, test = reduced.fit_transform(blocks[is_train]), reduced.transform(blocks[~is_train])
    head = SVMClassifier(C=10.0)
    return BlockSet(train, actions[is_train], test, actions[~is_train], head, "block")


def fashion() -> BlockSet:
    """Season of 5,000 products from photo, title and table."""
    table = load_fashion()
    kinds = ["gender", "baseColour", "usage", "masterCategory", "subCategory", "articleType"]
    modalities = {"photo": "image", "title": "text", "year": "numeric"}
    modalities |= dict.fromkeys(kinds, "categorical")
    season = table["season"].to_numpy(dtype=str)
    train, test, y_train, y_test = train_test_split(
        table, season, test_size=0.2, stratify=season, random_state=0
    )
    features = multimodal_pipeline(modalities, extractors={"photo": mobilenet()})["features"]
    blocks = features.fit_transform(train), features.transform(test)
    return BlockSet(blocks[0], y_train, blocks[1], y_test, SVMClassifier(C=10.0))


def easy_vqa() -> BlockSet:
    """easy-VQA: 48,248 questions about 5,000 pictures of one shape; given split."""
    (train, y_train), (test, y_test) = load_easy_vqa("train"), load_easy_vqa("test")
    extractors = [
        HOGEmbedder(64, pixels_per_cell=16, orientations=12),
        ColorHistogramEmbedder(64),
        mobilenet(image_size=96),
    ]
    parts = [make_pipeline(one, StandardScaler(), PCA(32, random_state=0)) for one in extractors]
    words = TfidfEmbedder(use_idf=False, token_pattern=r"\w+")
    features = ModalityTransformer(
        [("picture", make_union(*parts), "picture"), ("question", words, "question")]
    )
    blocks, test_blocks = features.fit_transform(train), features.transform(test)
    return BlockSet(blocks, y_train, test_blocks, y_test, LogisticRegression(max_iter=1000))


SETS: dict[str, Callable[[], BlockSet]] = {
    "redundant": lambda: synthetic("redundancy"),
    "unique": lambda: synthetic("uniqueness"),
    "synergistic": lambda: synthetic("synergy"),
    "movements": movements,
    "fashion": fashion,
    "easy-vqa": easy_vqa,
}
