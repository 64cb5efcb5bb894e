import os
import re
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import torch
from torchvision import models

from mmsk._nets.cnn import get_network
from mmsk._nets.weights import load_file, load_named

FINAL = "classifier.1"


@pytest.fixture(scope="module")
def state():
    with torch.random.fork_rng(devices=[]):
        return models.squeezenet1_0(weights=None).state_dict()


def load(tmp_path, content, backbone="squeezenet1_0", final=FINAL):
    path = tmp_path / "net.pth"
    torch.save(content, path)
    return load_file(backbone, str(path), 224, final)


def test_half_precision_is_cast(tmp_path, state):
    network = load(tmp_path, {key: value.half() for key, value in state.items()})
    for key, value in network.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, state[key].half().float())


def test_the_number_of_classes_may_differ(tmp_path):
    own = models.squeezenet1_0(weights=None, num_classes=7)
    assert load(tmp_path, own.state_dict()).classifier[1].out_channels == 7


def test_old_densenet_keys(tmp_path):
    own = models.densenet121(weights=None).state_dict()
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", key): value
        for key, value in own.items()
        if not key.endswith("num_batches_tracked")
    }
    assert old.keys() - own.keys()
    loaded = load(tmp_path, old, "densenet121", "classifier").state_dict()
    assert all(torch.equal(loaded[key], own[key]) for key in own)


@pytest.mark.parametrize("backbone", ["inception_v3", "googlenet"])
def test_side_branches_are_left_out(tmp_path, backbone):
    own = getattr(models, backbone)(weights=None, aux_logits=True, init_weights=False)
    network = load(tmp_path, own.state_dict(), backbone, "fc")
    assert network.transform_input
    assert not any(key.lower().startswith("aux") for key in network.state_dict())


def test_wrong_keys_are_named(tmp_path, state):
    content = dict(state)
    content["extra.weight"] = content.pop("features.0.weight")
    content["features.0.bias"] = torch.zeros(3)
    message = (
        r"net\.pth' do not fit backbone='squeezenet1_0' in torchvision's key layout. "
        r"Keys 1 missing: features\.0\.weight; 1 unexpected: extra\.weight; "
        r"1 of another shape: features\.0\.bias \(3,\) instead of \(96,\)"
    )
    with pytest.raises(ValueError, match=message):
        load(tmp_path, content)


class _Code:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def test_code_in_a_file_is_not_run(tmp_path):
    marker = tmp_path / "marker"
    message = r"cannot be read as a file of tensors only.*\(UnpicklingError: [\w ]+\)$"
    with pytest.raises(ValueError, match=message):
        load(tmp_path, {"features.0.weight": _Code(str(marker))})
    assert not marker.exists()


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
def test_a_damaged_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x00" * 100)
    with pytest.raises(ValueError, match=rf"{re.escape(name)}' cannot be read"):
        load_file("squeezenet1_0", str(tmp_path / name), 224, FINAL)


def test_a_checkpoint_with_more_is_refused(tmp_path, state):
    with pytest.raises(ValueError, match="does not hold a plain dict of tensors"):
        load(tmp_path, {"epoch": 3, "state_dict": state})


def test_weights_that_cannot_be_downloaded(tmp_path, monkeypatch, capfd):
    def no_network(*arguments, **options):
        raise URLError("no network")

    monkeypatch.setattr("torch.hub.urlopen", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    message = (
        r"weights='DEFAULT' of 'squeezenet1_0' are not on disk and cannot be downloaded "
        r"\(no network\)\. Fetch https://download\.pytorch\.org/models/squeezenet1_0-\w+\.pth "
        rf"and put it at '{re.escape(str(tmp_path))}.*checkpoints.squeezenet1_0-\w+\.pth'"
    )
    with pytest.raises(FileNotFoundError, match=message):
        load_named("squeezenet1_0", "DEFAULT")
    assert capfd.readouterr() == ("", "")


def test_downloaded_weights_are_checked(tmp_path, monkeypatch):
    other = tmp_path / "other.pth"
    other.write_bytes(b"not the weights")
    monkeypatch.setattr("torch.hub.urlopen", lambda request: urlopen(other.as_uri()))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(RuntimeError, match="invalid hash value"):
        load_named("squeezenet1_0", "DEFAULT")
    assert list((tmp_path / "hub" / "checkpoints").iterdir()) == []


def test_weights_on_disk_need_no_network(tmp_path, monkeypatch, state):
    monkeypatch.setattr("torch.hub.urlopen", None)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    name = models.SqueezeNet1_0_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    torch.save(state, tmp_path / "hub" / "checkpoints" / name)
    generator = torch.random.get_rng_state()
    network = load_named("squeezenet1_0", "IMAGENET1K_V1")
    assert torch.equal(generator, torch.random.get_rng_state())
    assert torch.equal(network.state_dict()["features.0.weight"], state["features.0.weight"])


def test_networks_are_shared_by_plain_values(tmp_path):
    values = {"layer": None, "image_size": 64, "seed": 0, "precision": "float32"}
    first = get_network("squeezenet1_0", weights=None, **values)
    assert get_network("squeezenet1_0", weights=None, **values) is first
    assert get_network("squeezenet1_0", weights=None, **values | {"seed": 1}) is not first
