"""Size, speed and predictions of compressed models, beside the same models as fitted.

Pictures of products to one of 30 kinds, by an SVM on embeddings of a network: the whole model as it
is saved, with the weights file that it refers to. PCA and random projection of the embeddings are
the classical alternative. Then a learned fusion and a deep head on embeddings and titles, pruned.

Run: python benchmarks/compression.py [mobilenet_v2] [squeezenet1_0] [resnet18] [networks]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from real_sets import load_fashion, weights_file
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection

from mmsk import (
    CNNEmbedder,
    DeepFusionClassifier,
    GatedFusion,
    ModalityTransformer,
    SVMClassifier,
    TfidfEmbedder,
    compress,
    compression_report,
    config_context,
)

N_KINDS, N_TRAIN, N_TEST = 30, 2000, 1000
IMAGE_SIZE = 64  # the photos have 60 x 80 pixels
BACKBONES = {"mobilenet_v2": {"mean": 0.5, "std": 0.5}, "squeezenet1_0": {}, "resnet18": {}}
ROUNDS, PICTURES_A_ROUND = 5, 32


def products() -> list[pd.DataFrame]:
    table = load_fashion()
    kinds = table["articleType"].value_counts().index[:N_KINDS]
    table = table[table["articleType"].isin(kinds)]
    return train_test_split(
        table,
        train_size=N_TRAIN,
        test_size=N_TEST,
        stratify=table["articleType"],
        random_state=0,
    )


def float32_file(backbone: str, folder: Path) -> Path:
    """Write weights in float32, as torchvision's own files hold them."""
    import torch
    from safetensors.torch import load_file, save_file
    from torchvision import models

    path = folder / f"{backbone}.safetensors"
    if backbone == "resnet18":
        torch.manual_seed(0)
        state = models.resnet18(weights=None).state_dict()
    else:
        state = load_file(weights_file(f"{backbone}_imagenet_fp16.safetensors"))
    save_file({name: value.float() for name, value in state.items()}, path)
    return path


def embedder(backbone: str, folder: Path) -> CNNEmbedder:
    weights = float32_file(backbone, folder)
    return CNNEmbedder(
        backbone, weights=weights, image_size=IMAGE_SIZE, n_jobs=1, **BACKBONES[backbone]
    )


def classical(model: Pipeline, backbone: str) -> dict[str, Pipeline]:
    """Return the model with fewer features, not fitted; not of a network without training."""
    reductions = (
        {}
        if backbone == "resnet18"
        else {
            "PCA(64)": PCA(64, random_state=0),
            "random projection to 256": GaussianRandomProjection(256, random_state=0),
        }
    )
    return {
        name: Pipeline([*clone(model).steps[:-1], ("reduced", reduction), clone(model).steps[-1]])
        for name, reduction in reductions.items()
    }


def network_and_svm(backbone: str, folder: Path) -> pd.DataFrame:
    train, test = products()
    model = Pipeline(
        [("image", embedder(backbone, folder)), ("scale", StandardScaler()), ("svm", svm())]
    )
    with config_context(cache=True, cache_dir=folder / "store"):
        models = {"as fitted": model.fit(train["photo"], train["articleType"])}
        for name, reduced in classical(model, backbone).items():
            models[name] = reduced.fit(train["photo"], train["articleType"])
    for dtype in ("float16", "int8"):
        models[dtype] = compress(model, dtype, weights_folder=folder)
    for name in classical(model, backbone):
        models[f"{name}, int8"] = compress(models[name], "int8", weights_folder=folder)
    report = compression_report(models, test["photo"], test["articleType"])
    print(f"\n{backbone}, {describe(model, folder)}\n")
    return report.assign(speed=speeds(models, test["photo"]))


def svm() -> SVMClassifier:
    return SVMClassifier(C=10.0)


def describe(model: Pipeline, folder: Path) -> str:
    n_vectors, n_features = model["svm"].support_vectors_.shape
    file = Path(model["image"].weights)
    return (
        f"weights file {file.stat().st_size / 1e6:.1f} MB, {n_vectors} support vectors of "
        f"{n_features} features"
    )


def speeds(models: dict[str, Any], X: pd.Series) -> list[float]:
    """Return how many times as fast as the first each model is, in processor time, in turns."""
    seconds = pd.DataFrame(index=range(ROUNDS), columns=list(models), dtype=float)
    with config_context(cache=False):
        for turn in range(ROUNDS):
            for name, model in models.items():
                started = time.process_time()
                model.predict(X[:PICTURES_A_ROUND])
                seconds.loc[turn, name] = time.process_time() - started
    return [(seconds.iloc[:, 0] / seconds[name]).median() for name in models]


def networks(folder: Path) -> pd.DataFrame:
    """Learned networks on embeddings and titles, from whose blocks all start."""
    train, test = products()
    features = ModalityTransformer(
        [("image", embedder("mobilenet_v2", folder), "photo"), ("title", TfidfEmbedder(), "title")]
    )
    blocks, test_blocks = features.fit_transform(train), features.transform(test)
    values = {"random_state": 0, "device": "cpu"}
    fitted = {
        "GatedFusion, SVM": Pipeline([("fusion", GatedFusion(64, **values)), ("svm", svm())]),
        "DeepFusionClassifier": DeepFusionClassifier((512, 256), **values),
    }
    reports = []
    for name, model in fitted.items():
        models = {name: model.fit(blocks, train["articleType"])}
        for dtype in ("float16", "int8"):
            for prune in (0.0, 0.5, 0.8, 0.9, 0.95):
                models[f"{dtype}, {prune:.0%} pruned"] = compress(model, dtype, prune=prune)
        reports.append(compression_report(models, test_blocks, test["articleType"]))
    return pd.concat(reports)


def main() -> None:
    for name in sys.argv[1:] or [*BACKBONES, "networks"]:
        with tempfile.TemporaryDirectory() as folder:
            if name == "networks":
                print()
                report = networks(Path(folder))
            else:
                report = network_and_svm(name, Path(folder))
            report.insert(0, "MB", report.pop("bytes") / 1e6)
            print(table(report))


def table(report: pd.DataFrame) -> str:
    lines = [["model", *report.columns], ["---"] * (1 + report.shape[1])]
    lines += [[name, *(f"{value:.3f}" for value in row)] for name, *row in report.itertuples()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
