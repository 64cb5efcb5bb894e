"""Files made to do harm: each is refused before anything is made of it, and leaves no trace."""

import io
import json
import os
import pickle
import re
import struct
import zipfile

import joblib
import numpy as np
import pytest
from model_files import (
    mapping,
    node,
    nodes,
    read_members,
    rewrite,
    sequence,
    set_attribute,
    text,
    write_members,
)
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import mmsk
from mmsk import (
    CNNEmbedder,
    DeepFusionClassifier,
    HOGEmbedder,
    MiniRocketEmbedder,
    ModalityTransformer,
    ModelFileError,
    TfidfEmbedder,
    load,
    read_manifest,
    save,
)
from mmsk._config import _process, get_config


class Trap:
    """Makes a folder where it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


@pytest.fixture
def marker(tmp_path):
    marker = tmp_path / "marker"
    yield marker
    assert not marker.exists()


def refused(path, message, **options):
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path, **options)
    assert str(path) in str(caught.value)


def test_the_trap_shuts(tmp_path):
    pickle.loads(pickle.dumps(Trap(tmp_path / "marker")))
    assert (tmp_path / "marker").is_dir()


# What is no model file


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3)])
def test_a_file_of_joblib_is_never_read(tmp_path, marker, compress):
    path = tmp_path / "model.joblib"
    joblib.dump([Trap(marker)], path, compress=compress)
    refused(path, "looks like a pickle, as joblib.dump writes them.*use joblib.load")


def test_a_pickle_among_the_members(iris, marker):
    content = pickle.dumps(Trap(marker))
    refused(rewrite(iris, members={"model.pkl": content}), "member named 'model.pkl'")


@pytest.mark.parametrize("name", ["0.npy", "schema.json", "manifest.json"])
def test_a_pickle_in_the_place_of_a_member(iris, marker, name):
    content = pickle.dumps(Trap(marker))
    if name == "0.npy":
        rewrite(iris, members={name: content})
    else:
        write_members(iris, read_members(iris) | {name: content})
    refused(iris, "is no array|is damaged|SHA-256 differs")


def test_an_array_of_objects(iris, marker):
    file = io.BytesIO()
    np.save(file, np.array([Trap(marker)], dtype=object), allow_pickle=True)
    refused(rewrite(iris, members={"0.npy": file.getvalue()}), "array of objects.*pickle")


def test_files_of_others(tmp_path, iris):
    (tmp_path / "empty").touch()
    refused(tmp_path / "empty", "it is empty")
    (tmp_path / "text").write_text("a model")
    refused(tmp_path / "text", "not a model file")
    refused(tmp_path, "not a regular file")
    members = read_members(iris)
    del members["manifest.json"]
    refused(write_members(iris, members), "written by skops, and skops.io.load reads it")
    refused(write_members(iris, {}), "has no manifest.json, as mmsk.save writes it")
    with pytest.raises(FileNotFoundError, match="no such file"):
        load(tmp_path / "nothing.mmsk")


# Archives


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(iris, share):
    content = iris.read_bytes()
    iris.write_bytes(content[: int(len(content) * share)])
    refused(iris, "damaged or cut off")


@pytest.mark.parametrize(
    "name", ["../evil.npy", "/etc/evil", "..\\evil.npy", "weights/../../x.npy", "0.npy/", "C:evil"]
)
def test_names_that_climb_out(iris, name, tmp_path):
    content = write_members(tmp_path / "x", {"a": b"1"}).read_bytes()
    rewrite(iris, members={name: content})
    refused(iris, f"no model file has a member named {re.escape(repr(name))}")
    with pytest.raises(ModelFileError, match="no model file has a member"):
        read_manifest(iris)


def test_a_member_that_comes_twice(iris):
    members = list(read_members(iris).items())
    with pytest.warns(UserWarning, match="Duplicate name"):
        write_members(iris, [*members, ("schema.json", b"{}")])
    refused(iris, "'schema.json' comes 2 times")


def test_members_that_the_manifest_does_not_list(iris):
    members = read_members(iris)
    refused(write_members(iris, members | {"99.npy": b""}), "'99.npy' is not listed in")
    del members["0.npy"]
    refused(write_members(iris, members), "'0.npy' is missing, but listed in")


@pytest.mark.parametrize("name", ["0.npy", "schema.json"])
def test_a_member_of_another_digest(iris, name):
    members = read_members(iris)
    content = bytearray(members[name])
    content[-3] ^= 1
    refused(write_members(iris, members | {name: bytes(content)}), f"'{name}' is not what")


def test_a_compressed_array(iris):
    members = read_members(iris)
    with zipfile.ZipFile(iris, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    refused(iris, "is compressed, which only those in JSON may be")


def test_a_bomb_of_json(iris):
    members = read_members(iris) | {"schema.json": b'"' + b" " * 2**25 + b'"'}
    with zipfile.ZipFile(iris, "w") as archive:
        for name, content in members.items():
            kind = zipfile.ZIP_DEFLATED if name == "schema.json" else zipfile.ZIP_STORED
            archive.writestr(name, content, kind)
    refused(iris, "times larger than it looks")


def test_a_lie_about_a_size(iris):
    """The directory says that a member of the file is small; its content goes on."""
    content = bytearray(iris.read_bytes())
    place = content.rindex(b"schema.json") - 46 + 24
    (size,) = struct.unpack_from("<L", content, place)
    struct.pack_into("<L", content, place, size - 100)
    iris.write_bytes(content)
    refused(iris, "damaged or cut off")


def test_members_that_overlap(iris):
    content = bytearray(iris.read_bytes())
    for place in [match.start() for match in re.finditer(rb"PK\x01\x02", bytes(content))]:
        if struct.unpack_from("<H", content, place + 10)[0] == 0:
            struct.pack_into("<LL", content, place + 20, 2**25, 2**25)
    iris.write_bytes(content)
    refused(iris, "they overlap")


def test_a_header_that_promises_more(iris):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    )
    refused(rewrite(iris, members={"0.npy": file.getvalue()}), r"promises the shape \(10+,\)")


def test_a_bomb_in_a_sparse_matrix(tmp_path):
    path = tmp_path / "sparse.mmsk"
    save(SVC().fit(sparse.eye(4, format="csr"), [0, 1, 0, 1]), path)
    name = next(name for name in read_members(path) if name.endswith(".npz"))
    file = io.BytesIO()
    np.savez_compressed(file, data=np.zeros(10**6))
    refused(rewrite(path, members={name: file.getvalue()}), "its parts are compressed, or larger")


def test_newer_formats(iris):
    rewrite(iris, manifest=lambda listed: listed.update(format=2, versions={"mmsk": "9.1"}))
    refused(iris, r"it has format 2 \(mmsk 9.1\), and mmsk .* formats up to 1. Install a newer")
    for number in ("1", True, 0, None):
        rewrite(iris, manifest=lambda listed, number=number: listed.update(format=number))
        refused(iris, "states no format")


@pytest.mark.parametrize("versions", [{"mmsk": "\x1b[2J9.1"}, {"mmsk": "9" * 99}, {"\n": "1"}])
def test_versions_that_would_change_what_a_terminal_shows(iris, versions):
    rewrite(iris, manifest=lambda listed: listed.update(versions=versions, format=2))
    refused(iris, "has versions that are none")


def test_digits_of_other_scripts(iris):
    refused(rewrite(iris, members={"\u0661.npy": b""}), "no model file has a member named")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(iris, method):
    """That of LZMA sets memory aside as its header says."""
    members = read_members(iris)
    with zipfile.ZipFile(iris, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content, method if name == "schema.json" else None)
    refused(iris, "compressed in a way that mmsk never does")


# Types


def swap_type(schema, name, loader="ObjectNode"):
    module, _, kind = name.rpartition(".")
    found = next(nodes(schema, loader, "SVC"))
    found.update(__module__=module, __class__=kind)


@pytest.mark.parametrize(
    "name", ["os.system", "subprocess.Popen", "joblib.memory.Memory", "mmsk.heads.Checkpoint"]
)
def test_types_that_are_not_trusted(iris, name):
    rewrite(iris, schema=lambda schema: swap_type(schema, name))
    refused(iris, f"it holds '{name}', which mmsk does not trust. .*trusted=\\['{name}'\\]")


@pytest.mark.parametrize("name", ["clear_cache", "save", "load", "compress", "set_config"])
def test_functions_of_mmsk_are_not_trusted(iris, name):
    value = getattr(mmsk, name)
    full = f"{value.__module__}.{value.__name__}"
    rewrite(iris, schema=lambda schema: set_attribute(schema, "x", node("FunctionNode", full)))
    refused(iris, f"it holds '{full}'")


def test_trees_say_why(iris):
    name = "sklearn.tree._tree.Tree"
    rewrite(iris, schema=lambda schema: swap_type(schema, name))
    refused(iris, f"'{name}' is native memory: a made-up one can end the process")


@pytest.mark.parametrize(
    ("loader", "more"),
    [
        ("ConstructorFromReduceNode", {"content": sequence(text("x"))}),
        ("DictNode", mapping(a=text(1))),
        ("ListNode", {"content": [text("x")]}),
        ("TypeNode", {}),
        ("FunctionNode", {}),
    ],
)
def test_a_trusted_type_is_made_in_one_way_only(iris, loader, more):
    name = "mmsk.text._word_vectors.WordVectorEmbedder"
    more = {key: part for key, part in more.items() if not key.startswith("__")}
    call = node(loader, name, **more)
    rewrite(iris, schema=lambda schema: set_attribute(schema, "x", call))
    refused(iris, f"mmsk never writes '{name}' as a {loader}")


@pytest.mark.parametrize("loader", ["MethodNode", "OperatorFuncNode", "CachedNode", "EvilNode"])
def test_other_loaders_are_refused(iris, loader):
    bad = node(loader, "operator.methodcaller", attrs=sequence(text("fit")))
    rewrite(iris, schema=lambda schema: set_attribute(schema, "x", bad))
    refused(iris, f"never writes what skops reads by '{loader}'")


def test_a_function_that_the_user_trusts_is_not_called(iris, marker):
    call = node("ConstructorFromReduceNode", "os.mkdir", content=sequence(text(str(marker))))
    rewrite(iris, schema=lambda schema: set_attribute(schema, "x", call))
    refused(iris, "'os.mkdir'")
    refused(iris, "would call 'os.mkdir', which is trusted as a value", trusted=["os.mkdir"])


def test_older_loaders_cannot_be_asked_for(iris):
    rewrite(iris, schema=lambda schema: schema.update(protocol=0))
    refused(iris, "protocol 0 of skops was never written by mmsk")
    rewrite(iris, schema=lambda schema: schema.update(protocol=99))
    refused(iris, "protocol 99")


def test_one_number_for_two_objects(iris):
    """skops takes the first for the second: what was looked at would not be what is made."""

    def change(schema):
        first, second = list(nodes(schema, "DictNode"))[:2]
        second["__id__"] = first["__id__"]

    refused(rewrite(iris, schema=change), "two different objects have the number")


def test_objects_without_end(iris):
    deep = "[" * 100_000 + "]" * 100_000
    members = read_members(iris)
    found = members["schema.json"].replace(b'"protocol"', b'"x":' + deep.encode() + b',"protocol"')
    refused(rewrite(iris, members={"schema.json": found}), "nested without end")


def test_what_is_no_estimator(iris):
    def change(schema):
        schema.update(mapping(a=text(1)))

    refused(rewrite(iris, schema=change), "holds a dict and no estimator")


# What a trusted type could be made to do


def saved(model, path):
    save(model, path)
    return path


@pytest.mark.parametrize("how", ["dict", "pairs", "plain"])
def test_no_file_changes_the_settings_of_the_process(tmp_path, how):
    path = saved(HOGEmbedder(32), tmp_path / "model.mmsk")
    parent = _process(os.getppid())  # which is whom a worker takes settings from
    sent = mapping(
        process=sequence(*map(text, parent)),
        config=mapping(cache_dir=text(str(tmp_path / "stolen"))),
    )

    def change(schema):
        if how == "dict":
            set_attribute(schema, "_config_of_the_sender", sent)
        elif how == "pairs":
            pair = sequence(text("_config_of_the_sender"), sent)
            schema["content"] = sequence(pair)
        else:
            schema["content"] = text({"_config_of_the_sender": {"process": [0, ""]}})

    before = get_config()
    refused(rewrite(path, schema=change), "settings of this process|is no dict")
    assert get_config() == before


def test_no_file_names_a_folder_of_pickles(tmp_path):
    steps = [("text", TfidfEmbedder(), "text")]
    path = saved(ModalityTransformer(steps), tmp_path / "model.mmsk")
    folder = text(str(tmp_path / "memory"))

    def change(schema):
        schema["content"]["content"]["memory"] = folder

    refused(rewrite(path, schema=change), "ModalityTransformer has 'memory', which mmsk never")
    path = saved(make_pipeline(LogisticRegression()), tmp_path / "pipeline.mmsk")
    refused(rewrite(path, schema=change), "Pipeline has 'memory'")


def test_no_file_names_the_keys_of_a_memory(tmp_path):
    path = saved(ModalityTransformer([("t", TfidfEmbedder(), "t")]), tmp_path / "model.mmsk")
    keys = mapping(t=text("0" * 32))
    rewrite(path, schema=lambda schema: set_attribute(schema, "_fit_keys", keys))
    refused(path, "has '_fit_keys'")


@pytest.mark.parametrize("name", ["callbacks", "_skl_callbacks"])
def test_no_file_brings_callbacks(tmp_path, name):
    path = saved(DeepFusionClassifier(), tmp_path / "model.mmsk")
    called = sequence(node("FunctionNode", "numpy.max"))
    rewrite(path, schema=lambda schema: set_attribute(schema, name, called))
    refused(path, f"DeepFusionClassifier has '{name}'")


@pytest.mark.parametrize(
    "name",
    ["predict", "support_vectors_", "__class__", "_doc_link_template", "extractor_version"],
)
def test_no_value_takes_the_place_of_code(tmp_path, name):
    model = SVC().fit(np.eye(4), [0, 1, 0, 1])
    model = mmsk.compress(model) if name == "support_vectors_" else model
    path = saved(model, tmp_path / "model.mmsk")
    value = node("FunctionNode", "numpy.max")
    rewrite(path, schema=lambda schema: set_attribute(schema, name, value))
    refused(path, f"{name!r} as a value|cannot be made into a model")


def change_array(path, attribute, change):
    """Change the array of an attribute, wherever it is."""
    members = read_members(path)
    schema = json.loads(members["schema.json"])
    holder = next(
        state["content"][attribute]
        for state in nodes(schema, "DictNode")
        if attribute in state["content"]
    )
    array = np.load(io.BytesIO(members[holder["file"]]))
    file = io.BytesIO()
    np.save(file, change(array))

    def point(schema):
        for state in nodes(schema, "DictNode"):
            if attribute in state["content"]:
                state["content"][attribute] = {**holder, "file": "900.npy", "__id__": 9000}

    return rewrite(path, schema=point, members={"900.npy": file.getvalue()})


@pytest.mark.parametrize(
    ("attribute", "change"),
    [
        ("support_", lambda array: array + 10**6),
        ("_n_support", lambda array: array * 1000),
        ("_n_support", lambda array: np.array([10**6, len(array) - 10**6], dtype=array.dtype)),
        ("_dual_coef_", lambda array: array[:, :1]),
        ("_intercept_", lambda array: array[:0]),
        ("support_vectors_", lambda array: array[:1]),
        ("_probA", lambda array: np.zeros(50)),
    ],
)
def test_arrays_of_an_svm_that_do_not_fit_together(iris, attribute, change):
    refused(change_array(iris, attribute, change), "the arrays of SVC do not fit together")


@pytest.mark.parametrize("attribute", ["dilations_", "n_biases_", "biases_", "kernel_channels_"])
def test_arrays_of_minirocket_that_do_not_fit_together(tmp_path, attribute):
    series = [np.random.default_rng(0).normal(size=40) for _ in range(4)]
    model = MiniRocketEmbedder(168, device="cpu").fit(series)
    path = saved(model, tmp_path / "model.mmsk")
    assert np.array_equal(load(path).transform(series), model.transform(series))
    change_array(path, attribute, lambda array: -array if attribute == "dilations_" else array[:1])
    refused(path, "the arrays of MiniRocketEmbedder do not fit together")


def test_indices_of_a_sparse_matrix_out_of_range(tmp_path):
    path = tmp_path / "sparse.mmsk"
    save(SVC().fit(sparse.eye(4, format="csr"), [0, 1, 0, 1]), path)
    for name, content in read_members(path).items():
        if name.endswith(".npz"):
            parts = dict(np.load(io.BytesIO(content)))
            file = io.BytesIO()
            np.savez(file, **parts | {"indices": parts["indices"] + 10**6})
            rewrite(path, members={name: file.getvalue()})
    refused(path, "indices out of range|it cannot be made into a model")


def test_weights_that_the_manifest_does_not_list(tmp_path):
    path = saved(CNNEmbedder(weights=None), tmp_path / "model.mmsk")

    def change(schema):
        schema["content"]["content"]["weights"] = text("DEFAULT")

    refused(rewrite(path, schema=change), "'resnet18:DEFAULT', which its manifest does not list")


# Any byte


def test_flipped_bytes_do_no_harm(iris_bytes, tmp_path):
    """Whatever byte is changed, the file is refused, or the model is the same."""
    path = tmp_path / "model.mmsk"
    generator = np.random.default_rng(0)
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
    path.write_bytes(iris_bytes)
    expected = load(path).decision_function(rows)
    n_refused = 0
    for place in generator.integers(0, len(iris_bytes), 60):
        content = bytearray(iris_bytes)
        content[place] ^= 1 << generator.integers(8)
        path.write_bytes(content)
        try:
            loaded = load(path)
        except ModelFileError:
            n_refused += 1
        else:
            assert np.array_equal(loaded.decision_function(rows), expected)
    assert n_refused > 40
