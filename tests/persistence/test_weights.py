"""Pretrained weights: named, checked where a model is loaded, or in its file."""

import re
import shutil
import stat
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from contract_table import PICTURES, texts, word_vectors
from model_files import read_members, rewrite
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from text_models import write_tiny_bert
from torchvision import models

from mmsk import (
    CNNEmbedder,
    ConvEncoder,
    ModelFileError,
    TransformerEmbedder,
    WordVectorEmbedder,
    load,
    read_manifest,
    save,
)

NAME = "mobilenet_v3_small-047dcff4.pth"  # torchvision's own name of these weights
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="session")
def state():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return models.mobilenet_v3_small().state_dict()


@pytest.fixture
def hub(tmp_path, monkeypatch, state):
    """Folder of torchvision's weights, with random ones in it, and no network."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("torch.hub.urlopen", None)
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(state, folder / NAME)
    return folder


@pytest.fixture
def file(tmp_path, state):
    (tmp_path / "here").mkdir()
    torch.save(state, tmp_path / "here" / "my net (1).pth")
    return tmp_path / "here" / "my net (1).pth"


def named(**options):
    return CNNEmbedder("mobilenet_v3_small", image_size=32, **options)


def saved(model, tmp_path, **options):
    (tmp_path / "model").mkdir(exist_ok=True)
    save(model, tmp_path / "model" / "model.mmsk", **options)
    return tmp_path / "model" / "model.mmsk"


def test_weights_are_named_with_their_digest(tmp_path, hub):
    path = saved(make_pipeline(named(), SVC()), tmp_path)
    (entry,) = read_manifest(path)["weights"].items()
    assert entry[0] == "mobilenet_v3_small:DEFAULT"
    assert entry[1]["name"] == "IMAGENET1K_V1"
    assert entry[1]["files"][0]["name"] == NAME
    assert not entry[1]["embedded"]
    assert path.stat().st_size < 5000
    joblib.dump(named(), tmp_path / "model.joblib")
    assert (tmp_path / "model.joblib").stat().st_size < 2000
    loaded = load(path)
    assert loaded[0].weights == "DEFAULT"
    assert np.array_equal(loaded[0].transform(PICTURES), named().transform(PICTURES))


def test_named_weights_that_are_missing_or_changed(tmp_path, hub):
    path = saved(named(), tmp_path)
    (hub / NAME).rename(hub / "elsewhere")
    message = (
        rf"needs weights='mobilenet_v3_small:DEFAULT': '{NAME}' \([\d,]+ bytes, SHA-256 \w+...\), "
        rf"and there is no '{re.escape(str(hub / NAME))}'. Put it there. A model saved with embed_w"
    )
    with pytest.raises(ModelFileError, match=message):
        load(path)
    content = bytearray((hub / "elsewhere").read_bytes())
    content[-9] ^= 1
    (hub / NAME).write_bytes(content)
    message = r"is not the file with which the model was saved: it has SHA-256 \w+..., and .* had"
    with pytest.raises(ModelFileError, match=message):
        load(path)
    (hub / NAME).write_bytes(b"short")
    with pytest.raises(ModelFileError, match=r"it has 5 bytes, and .* had [\d,]+ bytes"):
        load(path)


def test_named_weights_are_never_somewhere_else(tmp_path, hub):
    """The model would go by their name all the same, and have them downloaded."""
    path = saved(named(), tmp_path)
    with pytest.raises(ValueError, match=r"no such files of weights.*where they are: none"):
        load(path, weights={"mobilenet_v3_small:DEFAULT": hub / NAME})


def test_names_that_torchvision_does_not_have(tmp_path, hub):
    path = saved(named(), tmp_path)

    def change(schema):
        schema["content"]["content"]["backbone"]["content"] = '"evil"'

    def list_it(manifest):
        manifest["weights"]["evil:DEFAULT"] = manifest["weights"]["mobilenet_v3_small:DEFAULT"]

    with pytest.raises(ModelFileError, match="the weights of CNNEmbedder cannot be told"):
        load(rewrite(path, schema=change, manifest=list_it))


def test_another_release_may_have_another_default(tmp_path, hub, monkeypatch):
    path = saved(named(), tmp_path)
    monkeypatch.setattr("mmsk._nets.backbones.full_name", lambda *names: "IMAGENET1K_V2")
    assert load(path).weights == "IMAGENET1K_V1"


def test_weights_that_were_never_there(tmp_path, hub):
    (hub / NAME).unlink()
    with pytest.raises(
        ModelFileError, match=r"'mobilenet_v3_small:DEFAULT', and they are not on disk"
    ):
        saved(named(), tmp_path)


def test_a_file_that_moved(tmp_path, file):
    model = named(weights=file)
    expected = model.transform(PICTURES)
    path = saved(model, tmp_path)
    assert np.array_equal(load(path).transform(PICTURES), expected)
    there = tmp_path / "there.pth"
    file.rename(there)
    message = (
        r"Put it there, or beside the model file, or say where it is: mmsk.load\(path, weights="
    )
    with pytest.raises(ModelFileError, match=message):
        load(path)
    assert np.array_equal(load(path, weights={str(file): there}).transform(PICTURES), expected)
    shutil.copytree(tmp_path / "here", tmp_path / "folder")
    shutil.copy(there, tmp_path / "folder" / file.name)
    loaded = load(path, weights={str(file): tmp_path / "folder"})
    assert loaded.weights == str(tmp_path / "folder" / file.name)
    shutil.copy(there, path.parent / file.name)
    assert load(path).weights == str(path.parent / file.name)
    with pytest.raises(ValueError, match=r"no such files.*say where they are: '.*my net \(1\)"):
        load(path, weights={"other.pth": there})


def test_a_device_in_the_place_of_a_file_is_not_read(tmp_path, file):
    path = saved(named(weights=file), tmp_path)
    for place in ("/dev/zero", "/dev/stdin", str(tmp_path)):
        with pytest.raises(ModelFileError, match=r"there is no|is not the file"):
            load(path, weights={str(file): place})


@pytest.mark.parametrize("kind", ["named", "file"])
def test_embedded_weights_need_no_file(tmp_path, hub, file, user_cache, kind):
    model = named() if kind == "named" else named(weights=file)
    expected = model.transform(PICTURES)
    path = saved(make_pipeline(model, SVC()), tmp_path, embed_weights=True)
    shutil.rmtree(hub)
    file.unlink()
    loaded = load(path)[0]
    assert np.array_equal(loaded.transform(PICTURES), expected)
    kept = Path(loaded.weights)
    assert kept.parent == user_cache / "mmsk" / "weights"
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    (entry,) = read_manifest(path)["weights"].values()
    assert kept.stem == entry["files"][0]["sha256"]
    assert loaded._preset() == model._preset()
    # What was damaged since is taken from the file again; what is whole stays.
    written = kept.stat().st_mtime_ns
    load(path)
    assert kept.stat().st_mtime_ns == written
    kept.write_bytes(b"damaged")
    assert np.array_equal(load(path)[0].transform(PICTURES), expected)
    again = saved(load(path), tmp_path, embed_weights=True)
    assert np.array_equal(load(again)[0].transform(PICTURES), expected)


def test_embedded_weights_are_checked(tmp_path, file, user_cache):
    path = saved(named(weights=file), tmp_path, embed_weights=True)
    name = next(name for name in read_members(path) if name.startswith("weights/"))
    content = bytearray(read_members(path)[name])
    content[-9] ^= 1
    rewrite(path, members={name: bytes(content)})
    with pytest.raises(ModelFileError, match=f"member '{name}' is not what its manifest says"):
        load(path)
    assert list((user_cache / "mmsk" / "weights").iterdir()) == []


def test_weights_are_not_kept_many_times_over(tmp_path, file, user_cache):
    path = saved(named(weights=file), tmp_path, embed_weights=True)

    def change(manifest):
        files = manifest["weights"][str(file)]["files"]
        files += [{**files[0], "name": f"{number}.pth"} for number in range(9)]

    with pytest.raises(ModelFileError, match=r"its weights would be kept as .* many times over"):
        load(rewrite(path, manifest=change))
    assert not (user_cache / "mmsk").exists()


@pytest.mark.parametrize("name", ["../evil.pth", "/etc/evil.pth", ".hidden", "a\\b", "a:b"])
def test_names_of_files_that_climb_out(tmp_path, file, name):
    path = saved(named(weights=file), tmp_path, embed_weights=True)

    def change(manifest):
        manifest["weights"][str(file)]["files"][0]["name"] = name

    with pytest.raises(ModelFileError, match=r"what its manifest says of .* is damaged"):
        load(rewrite(path, manifest=change))


def test_manifests_that_are_damaged(tmp_path, file):
    changes = [
        (lambda entry: entry.update(files=[]), "is damaged"),
        (lambda entry: entry.update(embedded="yes"), "is damaged"),
        (lambda entry: entry["files"][0].update(sha256="0"), "is damaged"),
        (lambda entry: entry["files"][0].update(member="0.npy"), "no member of the weights"),
        (lambda entry: entry.update(kind="hub"), "does not list"),
    ]
    for change, message in changes:
        path = saved(named(weights=file), tmp_path, embed_weights=True)
        rewrite(path, manifest=lambda manifest, c=change: c(manifest["weights"][str(file)]))
        with pytest.raises(ModelFileError, match=message):
            load(path)


def test_word_vectors(tmp_path):
    vectors = tmp_path / "vectors.npz"
    shutil.copy(word_vectors(), vectors)
    model = WordVectorEmbedder(vectors, pooling="sif").fit(texts())
    expected = model.transform(texts())
    path, embedded = saved(model, tmp_path), tmp_path / "embedded.mmsk"
    save(model, embedded, embed_weights=True)
    assert np.array_equal(load(path).transform(texts()), expected)
    moved = vectors.rename(path.parent / "vectors.npz")
    assert np.array_equal(load(path).transform(texts()), expected)
    moved.unlink()
    with pytest.raises(ModelFileError, match=r"needs vectors='.*vectors.npz': 'vectors.npz' \("):
        load(path)
    assert np.array_equal(load(embedded).transform(texts()), expected)


def test_a_bomb_of_word_vectors(tmp_path, user_cache, monkeypatch):
    vectors = tmp_path / "vectors.npz"
    np.savez_compressed(vectors, words=np.array(["a", "b"]), vectors=np.zeros((2, 10**6)))
    with monkeypatch.context() as somebody_else:
        somebody_else.setattr("mmsk.text._vector_files.MOST_TIMES_LARGER", 10**9)
        model = WordVectorEmbedder(vectors).fit(["a b"])
        path = saved(model, tmp_path, embed_weights=True)
    with pytest.raises(ModelFileError, match=r"its weights 'vectors\.npz' are compressed beyond"):
        load(path)
    assert list((user_cache / "mmsk" / "weights").iterdir()) == []


@pytest.fixture
def bert(tmp_path):
    return write_tiny_bert(tmp_path / "bert")


def test_transformers_in_folders(tmp_path, bert, user_cache):
    model = TransformerEmbedder(bert)
    expected = model.transform(texts())
    path, embedded = saved(model, tmp_path), tmp_path / "embedded.mmsk"
    save(model, embedded, embed_weights=True)
    assert np.array_equal(load(path).transform(texts()), expected)
    there = bert.rename(tmp_path / "there")
    with pytest.raises(ModelFileError, match=r"needs model='.*bert': 'config.json'"):
        load(path)
    loaded = load(path, weights={str(bert): there})
    assert np.array_equal(loaded.transform(texts()), expected)
    (there / "config.json").write_text((there / "config.json").read_text() + " ")
    with pytest.raises(ModelFileError, match=r"config.json' is not the file with which"):
        load(path, weights={str(bert): there})
    shutil.rmtree(there)
    loaded = load(embedded)
    assert np.array_equal(loaded.transform(texts()), expected)
    assert Path(loaded.model).parent == user_cache / "mmsk" / "weights"
    (Path(loaded.model) / "config.json").write_text("damaged")
    assert np.array_equal(load(embedded).transform(texts()), expected)
    assert len(list((user_cache / "mmsk" / "weights").iterdir())) == 1


def test_transformers_of_the_hub_are_found_without_it(tmp_path, bert, monkeypatch):
    import huggingface_hub

    cache = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    model = TransformerEmbedder("someone/tiny", revision=COMMIT)
    with pytest.raises(ModelFileError, match=f"'someone/tiny@{COMMIT}', and they are not on disk"):
        saved(model, tmp_path)
    folder = cache / "models--someone--tiny" / "snapshots" / COMMIT
    shutil.copytree(bert, folder)
    path = saved(model, tmp_path)
    loaded = load(path)
    assert loaded.model == str(folder)
    assert np.array_equal(loaded.transform(texts()), TransformerEmbedder(bert).transform(texts()))
    again = saved(loaded, tmp_path)
    assert list(read_manifest(again)["weights"]) == [f"someone/tiny@{COMMIT}"]
    shutil.rmtree(cache)
    with pytest.raises(ModelFileError, match="Download that revision with huggingface_hub"):
        load(path)


def test_encoders_need_named_weights_only_to_learn(tmp_path, hub):
    encoder = ConvEncoder(
        3, backbone="mobilenet_v3_small", image_size=32, max_epochs=1, device="cpu", random_state=0
    )
    assert len(read_manifest(saved(encoder, tmp_path))["weights"]) == 1
    encoder.fit(PICTURES, ["dark", "bright"] * 3)
    expected = encoder.transform(PICTURES)
    path = saved(encoder, tmp_path)
    shutil.rmtree(hub)
    assert np.array_equal(load(path).transform(PICTURES), expected)


def test_a_drive_of_another_machine_is_not_asked(tmp_path, file, monkeypatch):
    monkeypatch.setattr("os.path.splitdrive", lambda path: ("\\\\evil\\share", "\\net.pth"))
    path = saved(named(weights=file), tmp_path)
    with pytest.raises(ModelFileError, match="on another machine, which is never asked"):
        load(path)
