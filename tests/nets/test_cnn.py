import pytest
import torch

from mmsk._nets.backbones import import_models
from mmsk._nets.cnn import halved_when_out_of_memory, in_equal_passes
from mmsk.exceptions import MissingDependencyError


def test_out_of_memory_halves_the_batch():
    sizes = []

    def compute(batch):
        sizes.append(len(batch))
        if len(batch) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return batch * 2

    batch = torch.arange(11)
    assert torch.equal(halved_when_out_of_memory(compute, batch), batch * 2)
    assert sizes[0] == 11
    assert max(size for size in sizes if size <= 3) > 1


def test_out_of_memory_for_one_picture_is_raised():
    def compute(batch):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
        halved_when_out_of_memory(compute, torch.arange(4))


@pytest.mark.parametrize("n_rows", [1, 4, 8, 9, 21])
def test_passes_are_of_equal_sizes(n_rows):
    sizes = []

    def compute(batch):
        sizes.append(len(batch))
        return batch * 2

    batch = torch.arange(n_rows)
    assert torch.equal(in_equal_passes(compute, batch), batch * 2)
    assert set(sizes) <= {4, 8}


def broken_torchvision(message):
    def import_module(name):
        raise RuntimeError(message)

    return import_module


def test_a_torchvision_that_does_not_fit_torch(monkeypatch):
    message = "operator torchvision::nms does not exist"
    monkeypatch.setattr("importlib.import_module", broken_torchvision(message))
    with pytest.raises(MissingDependencyError, match="pip install --force-reinstall torch torch"):
        import_models()


def test_other_errors_of_torchvision_pass(monkeypatch):
    monkeypatch.setattr("importlib.import_module", broken_torchvision("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        import_models()
