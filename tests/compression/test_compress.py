import io
import pickle
import re

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from scripts import run
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from torchvision import models

import mmsk
from mmsk import (
    AttentionFusion,
    CNNEmbedder,
    ConcatFusion,
    DeepFusionClassifier,
    DeepFusionRegressor,
    FeatureBlocks,
    GatedFusion,
    LateFusionClassifier,
    ModalityTransformer,
    SVMClassifier,
    SVMRegressor,
    TensorFusion,
)
from mmsk.extraction._fingerprint import fingerprint

BACKBONE = "squeezenet1_0"
BRIEFLY = {"n_components": 16, "max_epochs": 5, "random_state": 0, "device": "cpu"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights such that pictures of different content give different rows."""
    from safetensors.torch import save_file

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        state = models.squeezenet1_0(weights=None).state_dict()
    path = tmp_path_factory.mktemp("weights") / "net.safetensors"
    save_file(state, path)
    return path


@pytest.fixture(scope="module")
def table():
    """Light and dark pictures of stripes or spots, and a number."""
    generator = np.random.default_rng(0)
    kinds = np.arange(40) % 4
    pictures = []
    for kind in kinds:
        cells = generator.integers(60, 90, (64, 64, 3))
        cells[:: 8 if kind % 2 else 2] += 100 if kind > 1 else 40
        pictures.append(cells.astype(np.uint8))
    numbers = generator.normal(size=40) + kinds
    return pd.DataFrame(
        {
            "photo": pd.Series(pictures, dtype=object),
            "number": numbers,
            "kind": np.array(["a", "b", "c", "d"])[kinds],
        }
    )


def embedder(weights, **parameters):
    return CNNEmbedder(BACKBONE, **{"weights": str(weights), "image_size": 64} | parameters)


@pytest.fixture(scope="module")
def model(weights, table):
    features = ModalityTransformer(
        [("image", embedder(weights), "photo"), ("number", StandardScaler(), ["number"])]
    )
    pipeline = Pipeline(
        [("features", features), ("fusion", GatedFusion(**BRIEFLY)), ("head", SVMClassifier())]
    )
    return pipeline.fit(table, table["kind"])


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    blocks = FeatureBlocks({"top": X[:500, :32], "bottom": X[:500, 32:]})
    return blocks, y[:500]


def saved(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    return file.getvalue()


def in_the_folder(folder):
    return sorted(folder.iterdir())


@pytest.mark.parametrize(("dtype", "most"), [("float16", 0.5), ("int8", 0.3)])
def test_a_pipeline_gets_smaller_and_says_the_same(tmp_path, model, weights, table, dtype, most):
    before = saved(model)
    smaller = mmsk.compress(model, dtype, weights_folder=tmp_path)
    assert saved(model) == before
    (file,) = in_the_folder(tmp_path)
    assert re.fullmatch(rf"{BACKBONE}-{dtype}-[0-9a-f]{{12}}\.safetensors", file.name)
    bytes_before = len(before) + weights.stat().st_size
    assert len(saved(smaller)) + file.stat().st_size < most * bytes_before
    assert len(saved(smaller)) < len(before)
    assert (smaller.predict(table) == model.predict(table)).mean() >= 0.95
    rows, expected = (
        each["features"].named_transformers_["image"].transform(table["photo"])
        for each in (smaller, model)
    )
    assert rows.shape == expected.shape
    difference = np.linalg.norm(rows - expected) / np.linalg.norm(expected)
    assert 0 < difference < (1e-3 if dtype == "float16" else 0.05)


def test_a_new_process_predicts_the_same(tmp_path, model, table):
    smaller = mmsk.compress(model, "int8", weights_folder=tmp_path)
    joblib.dump((smaller, table), tmp_path / "saved")
    script = f"""
import joblib
model, table = joblib.load({str(tmp_path / "saved")!r})
print(*model.predict(table))
"""
    assert run(script)[0].split() == smaller.predict(table).tolist()


def test_clones_have_the_compact_weights_and_full_networks(tmp_path, model, table):
    smaller = mmsk.compress(model, "int8", weights_folder=tmp_path)
    fresh = clone(smaller)
    (file,) = in_the_folder(tmp_path)
    image = fresh["features"].transformers[0][1]
    assert image.get_params() == embedder(file).get_params()
    fresh.fit(table, table["kind"])
    assert {value.dtype for value in fresh["fusion"].state_.values()} == {np.dtype("float32")}
    assert (fresh.predict(table) == model.predict(table)).mean() >= 0.95


def test_the_feature_store_tells_the_weights_apart(tmp_path, weights):
    smaller = mmsk.compress(embedder(weights), weights_folder=tmp_path)
    assert fingerprint(smaller, 512) != fingerprint(embedder(weights), 512)
    again = mmsk.compress(embedder(weights), weights_folder=tmp_path)
    assert fingerprint(smaller, 512) == fingerprint(again, 512)
    assert len(in_the_folder(tmp_path)) == 1


def test_the_last_layer_is_left_out_unless_it_is_wanted(tmp_path, weights, table):
    scores = embedder(weights, layer="classifier.1")
    rows = mmsk.compress(scores, weights_folder=tmp_path).transform(table["photo"][:3])
    assert rows.shape == (3, 1000)
    np.testing.assert_allclose(rows, scores.transform(table["photo"][:3]), atol=0.01)
    mmsk.compress(embedder(weights), weights_folder=tmp_path)
    sizes = sorted(file.stat().st_size for file in in_the_folder(tmp_path))
    assert sizes[1] - sizes[0] == pytest.approx(2 * 999 * 512 + 4 * 999, abs=100)


def test_named_weights_keep_their_preprocessing(tmp_path, monkeypatch, table):
    """The older weights of this network see pictures resized otherwise than its default ones."""
    old, new = (models.MobileNet_V2_Weights[name] for name in ("IMAGENET1K_V1", "DEFAULT"))
    assert old.transforms().resize_size != new.transforms().resize_size
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    checkpoints = tmp_path / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    with torch.random.fork_rng(devices=[]):
        state = models.mobilenet_v2(weights=None).state_dict()
    torch.save(state, checkpoints / old.url.rpartition("/")[2])
    named = CNNEmbedder("mobilenet_v2", weights="IMAGENET1K_V1", image_size=64)
    smaller = mmsk.compress(named, weights_folder=tmp_path)
    assert smaller._preset() == named._preset()
    again = mmsk.compress(smaller, "int8", weights_folder=tmp_path)
    assert again._preset() == named._preset()
    cells = [np.asarray(table["photo"][0])[:, :40]]
    rows, expected = smaller.transform(cells), named.transform(cells)
    assert np.abs(rows - expected).max() < 0.01 * np.abs(expected).max()


@pytest.mark.parametrize("fusion", [AttentionFusion, GatedFusion, TensorFusion])
@pytest.mark.parametrize(("dtype", "size"), [("float16", 0.55), ("int8", 0.35)])
def test_learned_fusions(digits, fusion, dtype, size):
    blocks, y = digits
    fitted = fusion(**BRIEFLY | {"n_components": 64}).fit(blocks, y)
    before = saved(fitted)
    smaller = mmsk.compress(fitted, dtype)
    assert saved(fitted) == before
    n_bytes, expected_bytes = (
        sum(value.nbytes for value in each.state_.values()) for each in (smaller, fitted)
    )
    assert n_bytes < size * expected_bytes
    rows, expected = smaller.transform(blocks), fitted.transform(blocks)
    difference = np.linalg.norm(rows - expected) / np.linalg.norm(expected)
    assert 0 < difference < (2e-3 if dtype == "float16" else 0.03)
    loaded = pickle.loads(pickle.dumps(smaller))
    np.testing.assert_array_equal(loaded.transform(blocks), rows)


@pytest.mark.parametrize(("head", "prune"), [(DeepFusionClassifier, 0.3), (DeepFusionRegressor, 0)])
def test_deep_heads(digits, head, prune):
    blocks, y = digits
    fitted = head((256, 64), max_epochs=5, random_state=0, device="cpu").fit(blocks, y)
    before = saved(fitted)
    smaller = mmsk.compress(fitted, "int8", prune=prune)
    assert saved(fitted) == before
    assert len(saved(smaller)) < 0.35 * len(before)
    rows, expected = (each.predict(blocks) for each in (smaller, fitted))
    if head is DeepFusionClassifier:
        assert (rows == expected).mean() >= 0.97
    else:
        assert np.abs(rows - expected).mean() < 0.02 * np.std(y)
    np.testing.assert_array_equal(smaller.get_feature_names_out(), fitted.get_feature_names_out())
    loaded = pickle.loads(pickle.dumps(smaller))
    np.testing.assert_array_equal(loaded.predict(blocks), rows)


def test_training_goes_on_from_compact_weights(digits):
    blocks, y = digits
    head = DeepFusionClassifier((32,), max_epochs=5, random_state=0, device="cpu", warm_start=True)
    smaller = mmsk.compress(head.fit(blocks, y), "int8", prune=0.5)
    before = smaller.score(blocks, y)
    smaller.fit(blocks, y)
    assert smaller.n_epochs_ == 10
    assert smaller.state_.keys() == head.state_.keys()
    assert smaller.score(blocks, y) >= before


def test_pruned_networks(digits):
    blocks, y = digits
    model = make_pipeline(GatedFusion(**BRIEFLY | {"n_components": 64}), SVC()).fit(blocks, y)
    sizes = []
    for share in (0.0, 0.5, 0.9):
        smaller = mmsk.compress(model, "int8", prune=share)
        sizes.append(sum(value.nbytes for value in smaller[0].state_.values()))
        agree = (smaller.predict(blocks) == model.predict(blocks)).mean()
        assert agree > 0.95 or share == 0.9
    assert sizes[2] < 0.6 * sizes[1] < 0.5 * sizes[0]


def test_compressing_what_is_compact(tmp_path, digits, weights):
    fitted = GatedFusion(**BRIEFLY).fit(*digits)
    half = mmsk.compress(fitted, "float16", prune=0.5)
    again = mmsk.compress(half, "int8")
    rows, expected = again.transform(digits[0]), half.transform(digits[0])
    assert np.linalg.norm(rows - expected) < 0.03 * np.linalg.norm(expected)
    smaller = mmsk.compress(
        mmsk.compress(embedder(weights), "int8", weights_folder=tmp_path),
        "int8",
        weights_folder=tmp_path,
    )
    assert smaller.transform([np.eye(64)]).shape == (1, 512)


MODELS = {
    "voting": VotingClassifier([("one", SVC()), ("other", LogisticRegression())]),
    "calibrated": CalibratedClassifierCV(SVC(), cv=2),
    "search": GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [1, 10]}, cv=2),
    "late": LateFusionClassifier(SVMClassifier(), scale=None),
    "svm": make_pipeline(ConcatFusion(), SVMClassifier()),
}


@pytest.mark.parametrize("name", MODELS)
def test_vectors_are_found_in_every_model(name):
    X, y = load_digits(return_X_y=True)
    model = clone(MODELS[name]).fit(X[:400], y[:400])
    before = saved(model)
    smaller = mmsk.compress(model, "int8")
    assert saved(model) == before
    assert len(saved(smaller)) < 0.45 * len(before)
    assert (smaller.predict(X[400:]) == model.predict(X[400:])).mean() >= 0.99


def test_regressors():
    X, y = load_digits(return_X_y=True)
    for model in (SVR(), SVMRegressor()):
        model.fit(X[:300], y[:300])
        smaller = mmsk.compress(model, "float16")
        np.testing.assert_allclose(smaller.predict(X), model.predict(X), atol=0.01)


def test_a_search_gives_its_best_model():
    X, y = load_digits(return_X_y=True)
    search = clone(MODELS["search"]).fit(X[:200], y[:200])
    smaller = mmsk.compress(search)
    assert isinstance(smaller, Pipeline)
    assert repr(smaller[0]) == repr(search.best_estimator_[0])


def test_what_cannot_be_compressed(tmp_path, weights):
    with pytest.raises(ValueError, match="dtype='int4' is not one of 'float16', 'int8'"):
        mmsk.compress(SVC(), "int4")
    with pytest.raises(ValueError, match=r"prune=1\.5 .*0\.99"):
        mmsk.compress(SVC(), prune=1.5)
    with pytest.raises(NotFittedError, match="SVC instance is not fitted yet"):
        mmsk.compress(SVC())
    message = "LogisticRegression holds nothing to compress: no CNNEmbedder with trained weights"
    with pytest.raises(ValueError, match=message):
        mmsk.compress(LogisticRegression().fit(np.eye(2), [0, 1]))
    with pytest.raises(ValueError, match="CNNEmbedder holds nothing to compress"):
        mmsk.compress(CNNEmbedder(BACKBONE, weights=None))
    message = rf"weights_folder=None, but CNNEmbedder\('{BACKBONE}'\) keeps its weights in a file"
    with pytest.raises(ValueError, match=message):
        mmsk.compress(embedder(weights))
    with pytest.raises(FileNotFoundError, match=r"weights_folder='.*none': no such folder"):
        mmsk.compress(embedder(weights), weights_folder=tmp_path / "none")
    assert in_the_folder(tmp_path) == []
