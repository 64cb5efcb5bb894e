import pytest
import torch
from safetensors import safe_open
from torchvision import models

from mmsk._nets.compact import write_compact
from mmsk._nets.weights import load_file, weights_name


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "net.pth"
    with torch.random.fork_rng(devices=[]):
        torch.save(models.inception_v3(weights=None, init_weights=False).state_dict(), path)
    return path


@pytest.fixture
def path(weights, tmp_path):
    values = {"layer": None, "image_size": 299, "dtype": "int8", "folder": tmp_path}
    return write_compact("inception_v3", weights, **values)


def test_what_rows_do_not_need_is_left_out(path):
    with safe_open(path, "numpy") as file:
        names = set(file.keys())
    assert not any(name.startswith("AuxLogits") for name in names)
    assert not any(name.endswith("num_batches_tracked") for name in names)
    network = load_file("inception_v3", path, 299, "fc")
    assert network.fc.out_features == 1
    assert network.transform_input


def test_only_named_weights_have_a_name(weights, path):
    assert weights_name("DEFAULT") == "DEFAULT"
    assert weights_name(None) is None
    assert weights_name(weights) is None
    assert weights_name(path) is None


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_zeros_are_read_back(tmp_path, dtype):
    with torch.random.fork_rng(devices=[]):
        state = models.squeezenet1_0(weights=None).state_dict()
    state["features.0.weight"][::2] = 0
    torch.save(state, tmp_path / "net.pt")
    values = {"layer": None, "image_size": 64, "dtype": dtype, "folder": tmp_path}
    path = write_compact("squeezenet1_0", tmp_path / "net.pt", **values)
    with safe_open(path, "numpy") as file:
        assert "features.0.weight::places" in file.keys()  # noqa: SIM118
    back = load_file("squeezenet1_0", path, 64, "classifier.1").state_dict()["features.0.weight"]
    assert not back[::2].any()
    torch.testing.assert_close(back, state["features.0.weight"], atol=2e-3, rtol=0)


def test_no_unfinished_file_is_left(path, tmp_path):
    assert [str(file) for file in tmp_path.iterdir()] == [path]
