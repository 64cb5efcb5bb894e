"""Embeddings by a small transformer on disk, beside Hugging Face's own forward pass."""

import json
import re
import shutil

import numpy as np
import pytest
import torch
from scripts import run

import mmsk
from mmsk import TransformerEmbedder
from mmsk.exceptions import BadCellWarning, MissingDependencyError, ReadError

transformers = pytest.importorskip("transformers")

TEXTS = ["a red car", "two green apples and the cars", "", "She", "unknown things"]
LONG = "the red car and two green apples are in the day " * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from text_models import write_tiny_bert

    return write_tiny_bert(tmp_path_factory.mktemp("tiny-bert"))


@pytest.fixture(autouse=True)
def no_store():
    with mmsk.config_context(cache=False):
        yield


def states(folder, text):
    """Last hidden states of one text by itself."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        return network(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()


POOLED = {
    "mean": lambda states: states.mean(axis=0),
    "cls": lambda states: states[0],
    "max": lambda states: states.max(axis=0),
}


@pytest.mark.parametrize("pooling", POOLED)
def test_rows_are_those_of_a_forward_pass_of_each_text_alone(folder, pooling):
    rows = TransformerEmbedder(folder, pooling=pooling, n_jobs=1).transform([*TEXTS, None])
    for row, text in zip(rows, TEXTS, strict=False):
        np.testing.assert_allclose(row, POOLED[pooling](states(folder, text)), atol=1e-5)
    assert np.isnan(rows[-1]).all()
    assert rows.dtype == np.float32
    names = TransformerEmbedder(folder).get_feature_names_out()
    assert names.tolist() == [f"transformer{i}" for i in range(8)]


@pytest.mark.parametrize(("length", "hop"), [(None, None), (None, 14), (8, None), (8, 6), (8, 3)])
@pytest.mark.parametrize("pooling", POOLED)
def test_long_texts_are_pooled_over_their_windows(folder, pooling, length, hop):
    words = LONG.split()
    n_own = (length or 16) - 2
    step = hop or (length or 16) // 2
    starts = range(0, len(words) - n_own + step, step)
    windows = [" ".join(words[start : start + n_own]) for start in starts]
    rows = np.array([POOLED[pooling](states(folder, window)) for window in windows])
    weights = np.array([len(window.split()) + 2 for window in windows])
    expected = rows.max(axis=0) if pooling == "max" else weights @ rows / weights.sum()
    embedder = TransformerEmbedder(
        str(folder), pooling=pooling, window_length=length, hop_length=hop, batch_size=2
    )
    found = embedder.transform(["a car", LONG, "an apple"])
    np.testing.assert_allclose(found[1], expected, atol=1e-5)


def test_other_precision_is_close(folder):
    exact = TransformerEmbedder(folder).transform(TEXTS)
    rough = TransformerEmbedder(folder, precision="bfloat16").transform(TEXTS)
    assert not np.array_equal(rough, exact)
    np.testing.assert_allclose(rough, exact, atol=0.05)


def test_rows_are_kept_by_text_and_by_what_the_folder_holds(tmp_path):
    from text_models import write_tiny_bert

    folder = write_tiny_bert(tmp_path / "model")
    with mmsk.config_context(cache_dir=tmp_path / "cache", cache=True):
        first = TransformerEmbedder(folder).transform(TEXTS)
        again = TransformerEmbedder(folder, batch_size=1).transform(TEXTS)
        np.testing.assert_array_equal(again, first)
        write_tiny_bert(folder, seed=1)
        other = TransformerEmbedder(folder).transform(TEXTS)
        assert not np.allclose(other, first)


def test_cells_that_are_no_text(folder):
    with pytest.raises(ReadError, match=r"row 1.*expected text, got int"):
        TransformerEmbedder(folder).transform(["a", 3])
    embedder = TransformerEmbedder(folder, on_error="missing", max_bad_fraction=0.5)
    with pytest.warns(BadCellWarning, match="row 1"):
        rows = embedder.transform(["a", 3])
    assert np.isnan(rows).all(axis=1).tolist() == [False, True]


def test_encoders_of_encoder_decoder_networks(folder, tmp_path):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(tmp_path)
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2
    )
    network = transformers.T5Model(config).eval()
    network.save_pretrained(tmp_path)
    inputs = tokenizer("a red car", return_tensors="pt")
    with torch.inference_mode():
        expected = (
            network.encoder(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
            .last_hidden_state[0]
            .mean(dim=0)
        )
    rows = TransformerEmbedder(tmp_path).transform(["a red car"])
    np.testing.assert_allclose(rows[0], expected, atol=1e-5)


def test_weights_that_may_run_code_are_refused(folder, tmp_path):
    for file in folder.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    state = transformers.AutoModel.from_pretrained(folder).state_dict()
    torch.save(state, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"cannot be loaded.*\.safetensors files; others"):
        TransformerEmbedder(tmp_path).transform(["a"])


def test_code_that_comes_with_a_model_is_not_run(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.M"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'marker')!r}, 'w')")
    with pytest.raises(ValueError, match=r"has no config\.json that can be read"):
        TransformerEmbedder(tmp_path).transform(["a"])
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "attn_implementation",
            "someone/kernel",
            "attn_implementation='someone/kernel' in",
        ),
        ("_attn_implementation", "flash_attention_2", "attn_implementation='flash_attention_2'"),
        ("quantization_config", {"quant_method": "fp8"}, "has a quantization_config in its config"),
    ],
)
def test_code_that_a_config_names_is_not_fetched(tmp_path, folder, key, value, message):
    copy = shutil.copytree(folder, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {key: value}))
    with pytest.raises(ValueError, match=message):
        TransformerEmbedder(copy).transform(TEXTS)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"model": 3}, "model=3 is neither a folder nor the name of a model"),
        ({"model": "bert"}, "model='bert' is no folder. To have a model of that name downloaded"),
        ({"model": "bert", "revision": "main"}, "revision='main' is not the 40 hexadecimal"),
        ({"pooling": "sum"}, "pooling='sum' is not one of 'mean', 'cls', 'max'"),
        ({"precision": "int8"}, "precision='int8'"),
        ({"window_length": 2}, "window_length=2"),
        ({"hop_length": 0}, "hop_length=0"),
        ({"max_chars": 0}, "max_chars=0"),
    ],
)
def test_parameters_that_are_not_accepted(folder, parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        TransformerEmbedder(**{"model": folder} | parameters).fit(TEXTS)


def test_windows_that_would_leave_tokens_out(folder):
    embedder = TransformerEmbedder(folder, window_length=8, hop_length=7)
    with pytest.raises(ValueError, match="hop_length=7 leaves tokens out: a window of 8 tokens"):
        embedder.transform(["a car"])


def test_without_the_package(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    from mmsk._nets import transformer

    transformer._config.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"pip install 'mmsk\[transformers\]'"):
        TransformerEmbedder(folder).transform(["a"])


def test_nothing_is_fetched_or_printed(folder):
    script = f"""
import socket
def refuse(*args, **kwargs): raise AssertionError("the network is used")
socket.socket.connect = refuse
from mmsk import TransformerEmbedder
print(TransformerEmbedder({str(folder)!r}).transform(["a red car"]).shape)
"""
    output, errors = run(script)[:2]
    assert output.split() == ["(1,", "8)"]
    assert errors == ""
