"""What is saved comes back; what cannot come back is refused when it is saved."""

import errno
import os
import stat
import sys
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from contract_table import EXTRACTORS, FUSIONS, HEADS, PICTURES, SOUNDS
from model_files import read_members
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from skops.io import get_untrusted_types
from skops.io import load as load_by_skops

import mmsk
from mmsk import (
    Checkpoint,
    ColorHistogramEmbedder,
    ConcatFusion,
    DeepFusionClassifier,
    ImageReader,
    LogMelEmbedder,
    ModalityTransformer,
    ModelFileError,
    SVMClassifier,
    TfidfEmbedder,
    load,
    read_manifest,
    save,
)
from mmsk.testing._compare import assert_same
from mmsk.testing._example_blocks import example_blocks, example_target
from mmsk.testing._head_checks import output_of

TABLES = {"extractor": EXTRACTORS, "fusion": FUSIONS, "head": HEADS}
CASES = [(kind, name) for kind, table in TABLES.items() for name in table]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_every_estimator_comes_back_bit_equal(kind, name, tmp_path):
    entry = TABLES[kind][name]
    data, y = example_blocks(), example_target()
    if kind == "extractor":
        data, y = entry.cells, entry.y
    fitted = clone(entry.estimator).fit(data, y)

    def output(model):
        return output_of(model, data) if kind == "head" else model.transform(data)

    expected = output(fitted)
    save(fitted, tmp_path / "model.mmsk")
    joblib.dump(fitted, tmp_path / "model.joblib")
    by_skops = load_by_skops(
        tmp_path / "model.mmsk", trusted=get_untrusted_types(file=tmp_path / "model.mmsk")
    )
    others = {"mmsk": load(tmp_path / "model.mmsk"), "skops": by_skops}
    others["joblib"] = joblib.load(tmp_path / "model.joblib")
    for by, loaded in others.items():
        assert_same(output(loaded), expected, 0.0, f"{by} must bring it back bit-equal")
    save(others["mmsk"], tmp_path / "again.mmsk")
    content = (tmp_path / "model.mmsk").read_bytes()
    assert (tmp_path / "again.mmsk").read_bytes() == content, "equal models, equal files"


@pytest.fixture(scope="module")
def table():
    n_rows = 20
    table = pd.DataFrame(
        {
            "title": ["red shoe", "blue shirt", None, "green hat"] * 5,
            "photo": [PICTURES[place % 6] for place in range(n_rows)],
            "sound": [SOUNDS[place % 5] for place in range(n_rows)],
            "price": np.where(np.arange(n_rows) % 7, np.arange(n_rows) / 3, np.nan),
            "size": ["s", "m", "l", "m"] * 5,
        }
    )
    return table, np.array(["shoe", "shirt", "hat", "hat"] * 5)


def multimodal(head, **options):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    features = ModalityTransformer(
        [
            ("title", TfidfVectorizer(), "title"),
            ("words", TfidfEmbedder(stop_words="english"), "title"),
            ("photo", ColorHistogramEmbedder(16, reader=ImageReader(root=Path("/"))), "photo"),
            ("sound", LogMelEmbedder(8, sample_rate=8000, n_fft=256, hop_length=128), "sound"),
            ("price", numbers, ["price"]),
            ("size", OneHotEncoder(handle_unknown="ignore"), ["size"]),
        ],
        **options,
    )
    return make_pipeline(features, ConcatFusion(), head)


@pytest.mark.parametrize(
    "head", [SVC(), LogisticRegression(), SVMClassifier(), DeepFusionClassifier((8,), max_epochs=2)]
)
def test_pipelines_of_all_modalities(table, tmp_path, head):
    X, y = table
    model = multimodal(clone(head)).fit(X, y)
    save(model, tmp_path / "model.mmsk")
    loaded = load(tmp_path / "model.mmsk")
    assert_same(output_of(loaded, X), output_of(model, X), 0.0, "bit-equal")
    assert repr(clone(loaded)) == repr(clone(model)).replace("PosixPath('/')", "'/'")
    refitted = clone(loaded).fit(X, y)
    assert list(refitted.classes_) == list(model.classes_)
    empty = X.assign(photo=None)
    assert_same(output_of(loaded, empty), output_of(model, empty), 0.0, "a modality is missing")


@pytest.mark.parametrize("output", ["blocks", "array"])
def test_tables_of_pandas_between_the_steps(table, tmp_path, output):
    X, _ = table
    steps = [
        ("photo", ColorHistogramEmbedder(16), "photo"),
        ("price", make_pipeline(SimpleImputer(), StandardScaler()), ["price"]),
    ]
    model = ModalityTransformer(steps, output=output).set_output(transform="pandas").fit(X)
    save(model, tmp_path / "model.mmsk")
    loaded = load(tmp_path / "model.mmsk")
    for rows in (X, X.assign(photo=None)):
        pd.testing.assert_frame_equal(loaded.transform(rows), model.transform(rows))


def test_searches(table, tmp_path):
    X, y = table
    grid = {"svc__C": [0.1, 1.0], "concatfusion": [ConcatFusion(), ConcatFusion(scale="block")]}
    split = ShuffleSplit(2, random_state=np.random.RandomState(0))
    for scoring in (None, "accuracy", ["accuracy", "f1_macro"]):
        search = GridSearchCV(
            multimodal(SVC()),
            grid,
            cv=split,
            scoring=scoring,
            refit="accuracy" if scoring else True,
        ).fit(X, y)
        save(search, tmp_path / "search.mmsk")
        loaded = load(tmp_path / "search.mmsk")
        assert_same(output_of(loaded, X), output_of(search, X), 0.0, "bit-equal")
        assert loaded.best_params_["svc__C"] == search.best_params_["svc__C"]
        assert loaded.score(X, y) == search.score(X, y)


def test_compressed_models(table, tmp_path):
    X, y = table
    dense = multimodal(SVC())
    dense[0].set_params(title="drop", words="drop", size="drop")
    model = mmsk.compress(dense.fit(X, y), "int8")
    save(model, tmp_path / "model.mmsk")
    loaded = load(tmp_path / "model.mmsk")
    assert_same(output_of(loaded, X), output_of(model, X), 0.0, "bit-equal")
    assert_same(loaded[-1].support_vectors_, model[-1].support_vectors_, 0.0, "bit-equal")


def test_saving_changes_nothing(table, tmp_path):
    X, y = table
    model = multimodal(SVC(), memory=str(tmp_path / "memory")).fit(X, y)
    before = joblib.hash(model)
    save(model, tmp_path / "model.mmsk")
    assert joblib.hash(model) == before


def test_handles_of_the_process_are_left_out(table, tmp_path):
    X, y = table
    head = DeepFusionClassifier((4,), max_epochs=1, callbacks=[Checkpoint(tmp_path / "run.npz")])
    memory = joblib.Memory(tmp_path / "memory", verbose=0)
    model = multimodal(head, memory=memory).fit(X, y)
    model.memory = joblib.Memory(tmp_path / "other", verbose=0)
    save(model, tmp_path / "model.mmsk")
    loaded = load(tmp_path / "model.mmsk")
    assert loaded.memory is loaded[0].memory is loaded[-1].callbacks is None
    assert str(tmp_path).encode() not in read_members(tmp_path / "model.mmsk")["schema.json"]
    assert_same(output_of(loaded, X), output_of(model, X), 0.0, "bit-equal")
    again = loaded[0].set_params(memory=str(tmp_path / "third"))
    assert_same(again.transform(X), model[0].transform(X), 0.0, "with a memory of its own")


def test_equal_models_give_equal_files(table, tmp_path):
    X, y = table
    for number, order in enumerate([[0, 8], [8, 0]]):
        model = multimodal(SVC()).set_params(modalitytransformer__sound="drop").fit(X, y)
        model.steps.append(("late", FunctionTransformer(kw_args={"rows": set(order)})))
        save(model, tmp_path / f"{number}.mmsk")
    first, second = ([*set(order)] for order in ([0, 8], [8, 0]))
    assert first != second, "the sets must differ in their order for this test to mean anything"
    assert (tmp_path / "0.mmsk").read_bytes() == (tmp_path / "1.mmsk").read_bytes()


# What cannot be saved


def lower(text):
    return text.lower()


class Doubling(TransformerMixin, BaseEstimator):
    """A transformer of a user."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return 2 * X


def cannot_be_saved(model, tmp_path, message):
    with pytest.raises(ModelFileError, match=message):
        save(model, tmp_path / "model.mmsk")
    assert list(tmp_path.iterdir()) == []


def test_functions_that_stand_in_no_module(tmp_path):
    model = multimodal(SVC())
    model[0].transformers[0][1].set_params(tokenizer=lambda text: text.split())
    message = r"Pipeline.steps\[0\]\[1\].transformers\[0\]\[1\].tokenizer is '.*<lambda>', which no"
    cannot_be_saved(model, tmp_path, message)
    cannot_be_saved(
        FunctionTransformer(" ".join), tmp_path, "FunctionTransformer.func is 'str.join'"
    )
    method = FunctionTransformer(Doubling().transform)
    cannot_be_saved(method, tmp_path, "FunctionTransformer.func is the method 'Doubling.transform'")


def test_what_is_no_estimator(tmp_path):
    cannot_be_saved([SVC()], tmp_path, "list is no estimator")
    cannot_be_saved(SVC, tmp_path, "is no estimator")


def test_values_that_no_file_can_hold(tmp_path):
    frame = FunctionTransformer(kw_args={"prices": pd.DataFrame({"a": [1]})})
    cannot_be_saved(
        frame, tmp_path, r"FunctionTransformer.kw_args\['prices'\] is a DataFrame of pan"
    )
    keys = SVC(class_weight={True: 1, False: 2})
    cannot_be_saved(keys, tmp_path, "SVC.class_weight has the key True")
    cannot_be_saved(SVC(class_weight={1: 1, "1": 2}), tmp_path, "keys that are equal as text")
    missing = FunctionTransformer(kw_args={"sizes": np.array(["s", pd.NA], dtype=object)})
    cannot_be_saved(missing, tmp_path, r"kw_args\['sizes'\]\[\(1,\)\] is pandas.NA")
    generator = SVC().set_params(C=(number for number in [1]))
    cannot_be_saved(generator, tmp_path, "SVC holds something that no model file can hold")
    model = SVC()
    model.itself = model
    cannot_be_saved(model, tmp_path, "holds itself")


def test_a_user_names_what_is_trusted(tmp_path):
    model = make_pipeline(FunctionTransformer(lower), Doubling())
    path = tmp_path / "model.mmsk"
    save(model, path)
    names = [f"{lower.__module__}.lower", f"{Doubling.__module__}.Doubling"]
    message = f"it holds '{names[1]}', '{names[0]}', which mmsk does not trust"
    with pytest.raises(ModelFileError, match=message):
        load(path)
    with pytest.raises(ModelFileError, match=f"it holds '{names[1]}', which"):
        load(path, trusted=[lower])
    for trusted in (names, [lower, Doubling]):
        loaded = load(path, trusted=trusted)
        assert loaded[0].func is lower
        assert type(loaded[1]) is Doubling
    with pytest.raises(ValueError, match="trusted=True is not a list of types"):
        load(path, trusted=True)


def test_paths_become_text(tmp_path):
    model = ColorHistogramEmbedder(16, reader=ImageReader(root=tmp_path))
    save(model, tmp_path / "model.mmsk")
    assert load(tmp_path / "model.mmsk").reader.root == str(tmp_path)
    assert isinstance(model.reader.root, Path)


# Writing


def test_the_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "model.mmsk"
    path.write_text("old")
    path.chmod(0o600)
    with pytest.raises(ModelFileError):
        save(FunctionTransformer(lambda x: x), path)
    assert path.read_text() == "old"
    save(SVC(), path)
    assert isinstance(load(path), SVC)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["model.mmsk"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.mmsk").symlink_to(tmp_path / "model.mmsk")
    save(SVC(), tmp_path / "link.mmsk")
    assert (tmp_path / "link.mmsk").is_symlink()
    assert isinstance(load(tmp_path / "model.mmsk"), SVC)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(SVC(), tmp_path / "nowhere" / "model.mmsk")
    with pytest.raises(OSError, match="directory"):
        save(SVC(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(tmp_path):
    resource = pytest.importorskip("resource", reason="no limits of resources on this system")
    path = tmp_path / "model.mmsk"
    path.write_text("old")
    model = LogisticRegression()
    model.coef_ = np.random.default_rng(0).normal(size=200_000)
    _, most = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, most))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            save(model, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["model.mmsk"]


def test_without_skops(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    for action in (partial(save, SVC()), load):
        with pytest.raises(mmsk.MissingDependencyError, match=r"pip install 'mmsk\[safe\]'"):
            action(tmp_path / "model.mmsk")


def test_the_manifest(table, tmp_path):
    X, y = table
    save(multimodal(SVC()).fit(X, y), tmp_path / "model.mmsk")
    manifest = read_manifest(tmp_path / "model.mmsk")
    assert manifest["format"] == 1
    assert manifest["versions"]["mmsk"] == mmsk.__version__
    assert {"python", "scikit-learn", "torch", "numpy", "scipy", "skops"} < set(
        manifest["versions"]
    )
    assert manifest["model"]["type"] == "sklearn.pipeline.Pipeline"
    assert manifest["model"]["classes"] == ["hat", "shirt", "shoe"]
    assert list(manifest["model"]["columns"]) == list(X.columns)
    assert manifest["weights"] == {}
    assert "mmsk.text._tfidf.TfidfEmbedder" in manifest["types"]
    assert set(manifest["members"]) == set(read_members(tmp_path / "model.mmsk")) - {
        "manifest.json"
    }


def test_a_schema_of_modalities_is_in_the_manifest(tmp_path):
    model = ColumnTransformer([("numbers", StandardScaler(), ["a"])])
    model.schema_ = {"a": "numeric"}
    save(make_pipeline(model), tmp_path / "model.mmsk")
    assert read_manifest(tmp_path / "model.mmsk")["model"]["columns"] == {"a": "numeric"}
