import subprocess
import sys

import pytest

from mmsk._device import resolve_device, sharing_devices


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_no_torch_is_imported_where_there_is_no_gpu(device):
    script = (
        "import sys; from mmsk import _device; _device._has_gpu_driver = lambda: False; "
        f"print(_device.resolve_device({device!r}), 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["cpu", "False"]


@pytest.mark.parametrize("device", ["gpu", "", "cuda:", "cuda:x", "CPU", None, 0])
def test_unknown_device_is_refused(device):
    with pytest.raises(ValueError, match=r"device=.* is not one of 'auto', 'cpu', 'cuda'"):
        resolve_device(device)


def test_without_a_gpu(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    for device in ("cuda", "cuda:1"):
        with pytest.raises(ValueError, match="torch sees no CUDA GPU"):
            resolve_device(device)


def test_with_a_gpu(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("auto") == "cuda"
    assert resolve_device("cuda:1") == "cuda:1"
    with pytest.raises(ValueError, match="device='cuda:2', but torch sees 2, numbered from 0"):
        resolve_device("cuda:2")
    assert sharing_devices("auto") == sharing_devices("cuda") == ["cuda:0", "cuda:1"]
    assert sharing_devices("cuda:1") == ["cuda:1"]
    assert sharing_devices("cpu") == ["cpu"]


@pytest.mark.parametrize("there", [True, False])
def test_apple_gpu(monkeypatch, there):
    import torch

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there)
    if there:
        assert resolve_device("mps") == "mps"
    else:
        with pytest.raises(ValueError, match="device='mps', but torch sees no Apple GPU"):
            resolve_device("mps")
