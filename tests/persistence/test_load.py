"""Where a loaded model runs, which versions it warns of, and what stays the same for ever."""

import json
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from contract_table import PICTURES, SERIES
from model_files import nodes, rewrite
from sklearn import __version__ as sklearn_version
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from mmsk import (
    CNNEmbedder,
    DeepFusionClassifier,
    MiniRocketEmbedder,
    ModelFileError,
    ModelFileWarning,
    SlidingWindows,
    load,
    read_manifest,
    save,
)

FILES = Path(__file__).parent / "files"


def small_cnn(**options):
    return CNNEmbedder("squeezenet1_1", weights=None, image_size=32, **options)


@pytest.fixture
def on_gpu(tmp_path):
    """File of a model with networks on two devices that no machine of tests has."""
    windows = SlidingWindows(MiniRocketEmbedder(84, device="cuda:31"), window_length=16)
    save(make_pipeline(small_cnn(device="mps"), windows, SVC()), tmp_path / "model.mmsk")
    return tmp_path / "model.mmsk"


def devices(model):
    return model[0].device, model[1].extractor.device


def test_a_device_that_is_not_there(on_gpu, monkeypatch):
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    message = (
        "saved with device='cuda:31' and 'mps', which this machine does not have: device='auto'"
    )
    with pytest.warns(ModelFileWarning, match=message):
        model = load(on_gpu)
    assert devices(model) == ("auto", "auto")
    assert np.isfinite(model[0].transform(PICTURES)).all()


def test_the_device_is_chosen(on_gpu):
    assert devices(load(on_gpu, device="cpu")) == ("cpu", "cpu")
    with pytest.raises(ValueError, match="device='gpu' is not one of"):
        load(on_gpu, device="gpu")
    with pytest.raises(ValueError, match="device='cuda:30', but torch sees"):
        load(on_gpu, device="cuda:30")


def test_a_device_that_is_there_is_kept(tmp_path):
    save(small_cnn(device="cpu"), tmp_path / "model.mmsk")
    assert load(tmp_path / "model.mmsk").device == "cpu"


def test_joblib_loads_without_the_gpu(tmp_path):
    head = DeepFusionClassifier((4,), max_epochs=1, device="cpu", random_state=0)
    X, y = np.eye(8, dtype=np.float32), [0, 1] * 4
    model = make_pipeline(small_cnn(device="cpu"), head)
    model[-1].fit(X, y)
    expected = head.predict_proba(X)
    joblib.dump(model.set_params(cnnembedder__device="cuda"), tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib")
    assert np.array_equal(loaded[-1].predict_proba(X), expected)
    embedder = loaded[0].set_params(device="auto")
    assert np.isfinite(embedder.transform(PICTURES)).all()
    # The weights are drawn, or in their own file: neither dump holds them.
    assert (tmp_path / "model.joblib").stat().st_size < 20_000


def test_other_versions_are_named(iris):
    def older(manifest):
        manifest["versions"] |= {"scikit-learn": "1.8.2", "torch": "2.1"}

    with pytest.warns(ModelFileWarning, match=rf"\(scikit-learn 1.8.2, now {sklearn_version}\)"):
        load(rewrite(iris, manifest=older))


def test_another_patch_release_is_the_same(iris):
    now = ".".join(sklearn_version.split(".")[:2])
    rewrite(iris, manifest=lambda found: found["versions"].update({"scikit-learn": f"{now}.99"}))

    def older(schema):
        text = json.dumps(schema).replace(f'\\"{sklearn_version}\\"', f'\\"{now}.99\\"')
        schema.update(json.loads(text))

    rewrite(iris, schema=older)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(iris)


def test_what_these_versions_have_not(iris):
    """A model that cannot be made: it is refused with the versions that wrote it."""

    def change(schema):
        next(nodes(schema, "NdArrayNode")).update(__module__="numpy", __class__="uint1024")

    with pytest.raises(ModelFileError, match=r"holds .numpy\.uint1024., which mmsk does not trust"):
        load(rewrite(iris, schema=change))

    def change_again(schema):
        next(nodes(schema, "NdArrayNode")).update(__class__="datetime64")

    message = r"\(ValueError: .*\)\. It is damaged, or its versions \(mmsk .*scikit-learn"
    with pytest.raises(ModelFileError, match=message):
        load(rewrite(iris, schema=change_again))


@pytest.mark.parametrize("name", sorted(path.stem for path in FILES.glob("*.mmsk")))
def test_files_of_all_formats_predict_what_they_did(name):
    expected = json.loads((FILES / f"{name}.json").read_text())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelFileWarning)  # other releases wrote them
        model = load(FILES / f"{name}.mmsk")
    table = pd.DataFrame(expected["table"])
    assert model.predict(table).tolist() == expected["predicted"]
    np.testing.assert_allclose(model.decision_function(table), expected["decisions"], rtol=1e-9)
    assert read_manifest(FILES / f"{name}.mmsk")["format"] == expected["format"]


def test_there_is_a_file_of_every_format():
    assert {path.stem.split("_")[1] for path in FILES.glob("*.mmsk")} == {"1"}


def test_parameters_of_a_later_release_get_their_defaults(tmp_path):
    older = small_cnn(layer="features.3")
    del older.grid, older.precision
    save(make_pipeline(older, SVC()), tmp_path / "model.mmsk")
    loaded = load(tmp_path / "model.mmsk")[0]
    assert vars(loaded) == vars(small_cnn(layer="features.3"))


def test_a_model_can_be_used_and_fitted_again(tmp_path):
    model = make_pipeline(MiniRocketEmbedder(84, device="cpu"), LogisticRegression())
    model.fit(SERIES, [0, 1, 0, 1, 0])
    save(model, tmp_path / "model.mmsk")
    loaded = load(tmp_path / "model.mmsk")
    expected = model.predict_proba(SERIES)
    assert np.array_equal(loaded.predict_proba(SERIES), expected)
    assert np.array_equal(loaded.fit(SERIES, [0, 1, 0, 1, 0]).predict_proba(SERIES), expected)
