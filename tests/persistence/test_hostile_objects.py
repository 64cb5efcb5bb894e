"""Files of trusted types only, made so that Python, NumPy or scikit-learn would act on them."""

import io
import json

import numpy as np
import pytest
from model_files import mapping, node, nodes, rewrite, sequence, set_attribute, text
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from mmsk import ModelFileError, load, save
from mmsk.persistence._empty_frames import MARK

X, Y = load_iris(return_X_y=True)


def refused(path, message, **options):
    with pytest.raises(ModelFileError, match=message):
        load(path, **options)


def with_attribute(path, value, **changes):
    return rewrite(path, schema=lambda schema: set_attribute(schema, "x", value), **changes)


def tuple_of(*parts):
    return node("TupleNode", "builtins.tuple", content=list(parts))


def table(*parts):
    shape = tuple_of(text(1), text(len(parts)))
    return node("NdArrayNode", "numpy.ndarray", type="json", content=list(parts), shape=shape)


def reduced(name, *arguments):
    return node("ConstructorFromReduceNode", name, content=tuple_of(*arguments))


def memory():
    """Tell NumPy of memory at address 8, which ends the process that reads it."""
    return mapping(
        __array_interface__=mapping(
            data=tuple_of(text(8), text(False)),
            shape=tuple_of(text(64)),
            typestr=text("|u1"),
            version=text(3),
        )
    )


@pytest.mark.parametrize("in_table", [True, False])
@pytest.mark.parametrize(
    "value",
    [
        {**memory(), "__class__": "Bunch", "__module__": "sklearn.utils._bunch"},
        node("ObjectNode", "sklearn.svm._classes.SVC", content=memory()),
        node(
            "ObjectNode",
            "sklearn.compose._column_transformer.make_column_selector",
            content=memory(),
        ),
    ],
    ids=["bunch", "estimator", "selector"],
)
def test_no_file_names_an_address_in_memory(iris, value, in_table):
    value = table(value) if in_table else value
    refused(with_attribute(iris, value), "'__array_interface__' as a value|holds more than text")


def test_pairs_are_no_state(iris):
    pair = tuple_of(text("__array_interface__"), text(1))
    link = node("ObjectNode", "sklearn._loss.link.LogitLink", content=sequence(pair))
    refused(with_attribute(iris, link), "the state of 'sklearn._loss.link.LogitLink' is no dict")


def test_keys_are_not_called_for(iris):
    value = mapping(a=text(1))
    value["key_types"] = sequence(node("FunctionNode", "numpy.max"))
    refused(with_attribute(iris, value), "call something to get the keys")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (reduced("builtins.range", text(10**10)), "a range in it is none, or has over 1,000,000"),
        (reduced("builtins.range", sequence(text(3))), "a range in it is none"),
        (reduced("builtins.frozenset", reduced("builtins.range", text(9))), "made of no list"),
        (node("ConstructorFromReduceNode", "builtins.frozenset", content=text([1])), "no tuple"),
        (table(reduced("builtins.range", text(10**5))), "holds more than text, numbers and trees"),
        (
            node(
                "MaskedArrayNode",
                "numpy.ma.MaskedArray",
                content={"data": reduced("builtins.range", text(9)), "mask": text(False)},
            ),
            "a masked array is of no array",
        ),
    ],
)
def test_a_few_bytes_that_would_fill_the_memory(iris, value, message):
    refused(with_attribute(iris, value), message)


@pytest.mark.parametrize("name", ["numpy.void", "numpy.bytes_"])
def test_bytes_of_any_size(iris, name):
    file = io.BytesIO()
    np.save(file, np.array(2**31 - 1))
    value = node("NdArrayNode", name, type="numpy", file="900.npy")
    members = {"900.npy": file.getvalue()}
    refused(with_attribute(iris, value, members=members), f"a '{name}' in it could be of any size")


@pytest.mark.parametrize("name", ["_ipython_display_", "_sk_visual_block_"])
def test_a_notebook_calls_nothing(tmp_path, name):
    path = tmp_path / "model.mmsk"
    save(SVC(), path)
    shown = node("TypeNode", "builtins.str")
    rewrite(path, schema=lambda schema: set_attribute(schema, name, shown))
    refused(path, f"SVC has '{name}' as a value")


def test_types_of_an_empty_table(tmp_path):
    path = tmp_path / "model.mmsk"
    save(SVC(), path)
    value = text({MARK: ["a"], "dtypes": ["V2147483647"]})
    rewrite(path, schema=lambda schema: set_attribute(schema, "_empty_blocks", mapping(a=value)))
    refused(path, "parts of the model do not fit together")


@pytest.mark.parametrize("number", [2**61 - 1, -1, True, "1"])
def test_numbers_of_objects(iris, number):
    value = sequence(text(1) | {"__id__": number})
    refused(with_attribute(iris, value), "the number of an object is")


@pytest.mark.parametrize("loader", ["LossNode", "TreeNode"])
def test_a_function_that_the_user_trusts_is_not_called_as_a_loss(iris, loader, tmp_path):
    marker = tmp_path / "marker"
    call = node(loader, "os.mkdir", content=text(None))
    call["__reduce__"] = {"args": tuple_of(text(str(marker)))}
    refused(with_attribute(iris, call), "'os.mkdir'")
    refused(iris, "would call 'os.mkdir', which is trusted as a value", trusted=["os.mkdir"])
    assert not marker.exists()


def writes_a_file(place):
    """Return a pipeline whose predictions write a file, by functions that are trusted."""
    path = np.frombuffer(str(place).encode(), np.uint8).reshape(1, -1).copy()
    stack = StackingClassifier([("a", LogisticRegression(max_iter=500))], cv=2).fit(X, Y)
    stack.estimators_, stack.stack_method_ = [np.array([b"import os"])], ["tofile"]
    given = {"where": False, "casting": "unsafe", "out": path}
    return make_pipeline(
        FunctionTransformer(np.max, kw_args={"keepdims": True}),
        FunctionTransformer(np.logical_not, kw_args=given),
        FunctionTransformer(str, kw_args={"encoding": "utf-8"}),
        stack,
    )


def test_no_prediction_writes_a_file(tmp_path):
    marker = tmp_path / "marker.py"
    model = writes_a_file(marker)
    with pytest.raises(AttributeError):
        model.predict(X)
    assert marker.read_text() == "import os"
    marker.unlink()
    save(model, tmp_path / "model.mmsk")
    refused(tmp_path / "model.mmsk", r"StackingClassifier has stack_method_=\['tofile'\]")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["kw_args", "inv_kw_args"])
def test_no_prediction_writes_into_the_model(tmp_path, name):
    """An array of a support vector machine would change after it was looked at."""
    machine = SVC().fit(X, Y)
    given = {name: {"out": machine.support_, "casting": "unsafe"}}
    model = make_pipeline(FunctionTransformer(np.negative, np.negative, **given), machine)
    save(model, tmp_path / "model.mmsk")
    refused(tmp_path / "model.mmsk", f"FunctionTransformer has 'out' in {name}")


def test_names_that_are_trusted_already_stay_in_the_message(tmp_path):
    path = tmp_path / "model.mmsk"
    save(KNeighborsClassifier().fit(X, Y), path)
    tree = "sklearn.neighbors._kd_tree.KDTree"
    with pytest.raises(ModelFileError, match=r"it holds 'sklearn\.metrics\._dist") as caught:
        load(path, trusted=[tree])
    assert tree in str(caught.value).partition("trusted=")[2]


@pytest.mark.parametrize("named", ["fit", ["predict", "__setstate__"], {"predict": 1}])
def test_methods_are_named_that_predict_and_no_other(tmp_path, named):
    model = FixedThresholdClassifier(LogisticRegression(max_iter=500), response_method=named)
    save(model, tmp_path / "model.mmsk")
    refused(tmp_path / "model.mmsk", "not the names of methods that predict")


@pytest.mark.parametrize("mask", [[False], [True]])
def test_what_is_masked_is_looked_at_too(tmp_path, mask):
    hidden = FixedThresholdClassifier(SVC(), response_method="fit")
    objects = np.empty(1, dtype=object)
    objects[0] = hidden
    model = SVC()
    model.x = np.ma.MaskedArray(objects, mask)
    save(model, tmp_path / "model.mmsk")
    refused(tmp_path / "model.mmsk", "FixedThresholdClassifier has response_method='fit'")


def change_value(path, key, value):
    def change(schema):
        for state in nodes(schema, "DictNode"):
            if key in state["content"]:
                state["content"][key] = text(value)

    return rewrite(path, schema=change)


@pytest.mark.parametrize(
    ("state", "key"),
    [
        (np.random.RandomState(0), "pos"),
        (np.random.Generator(np.random.MT19937(0)), "pos"),
        (np.random.Generator(np.random.Philox(0)), "buffer_pos"),
    ],
)
@pytest.mark.parametrize("place", [10**9, -5])
def test_random_states_stay_within_themselves(tmp_path, state, key, place):
    path = tmp_path / "model.mmsk"
    save(SVC(random_state=state), path)
    assert load(path).random_state is not None
    refused(change_value(path, key, place), "points beyond its own state")


def test_a_seed_that_would_be_mixed_without_end(tmp_path):
    path = tmp_path / "model.mmsk"
    save(SVC(random_state=np.random.default_rng(0)), path)
    refused(change_value(path, "pool_size", 10**6), "the seed of a random generator")


# What is genuine


@pytest.mark.parametrize(
    ("model", "trusted"),
    [
        (RandomForestClassifier(2), ["sklearn.tree._tree.Tree"]),
        (GradientBoostingClassifier(n_estimators=2), ["sklearn.tree._tree.Tree"]),
        (
            HistGradientBoostingClassifier(max_iter=2),
            ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"],
        ),
        (KNeighborsClassifier(), ["sklearn.neighbors._kd_tree.KDTree"]),
        (KNeighborsClassifier(algorithm="ball_tree"), ["sklearn.neighbors._ball_tree.BallTree"]),
        (KNeighborsClassifier(algorithm="brute"), []),
        (VotingClassifier([("a", SVC()), ("b", LogisticRegression(max_iter=500))]), []),
        (StackingClassifier([("a", SVC()), ("b", LogisticRegression(max_iter=500))], cv=2), []),
        (GridSearchCV(SVC(), {"C": range(1, 3)}, cv=2), []),
        (make_pipeline(FunctionTransformer(np.log1p), SVC()), []),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_models_of_scikit_learn(tmp_path, model, trusted):
    """Those of native memory are refused, and the error says what loads them."""
    path = tmp_path / "model.mmsk"
    model.fit(X, Y)
    save(model, path)
    if trusted:
        with pytest.raises(ModelFileError, match="is native memory") as caught:
            load(path)
        assert all(name in str(caught.value).partition("trusted=")[2] for name in trusted)
        trusted = json.loads(
            str(caught.value).partition("trusted=")[2].rstrip(").").replace("'", '"')
        )
    assert (load(path, trusted=trusted).predict(X) == model.predict(X)).all()
