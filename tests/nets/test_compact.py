import pytest
from safetensors import safe_open
from torchvision import models

from mmsk._nets.compact import write_compact
from mmsk._nets.weights import load_file, weights_name


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    import torch

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


def test_no_unfinished_file_is_left(path, tmp_path):
    assert [str(file) for file in tmp_path.iterdir()] == [path]
