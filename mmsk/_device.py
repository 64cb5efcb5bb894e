"""Choice of the device a network or a batched transform runs on."""

from __future__ import annotations

import ctypes
import re
import sys
from functools import lru_cache
from pathlib import Path


def sharing_devices(device: str) -> list[str]:
    """Return the devices that share the work which a `device` parameter places.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}
        As in `resolve_device`.

    Returns
    -------
    devices : list of str
        Every CUDA GPU that torch sees where they are meant without a number, else one device.

    Raises
    ------
    ValueError
        As `resolve_device`.
    """
    name = resolve_device(device)
    if name != "cuda":
        return [name]
    import torch

    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]


def resolve_device(device: str) -> str:
    """Return the torch device name that a `device` parameter stands for.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}
        ``"auto"`` is the first CUDA GPU where torch sees one, otherwise the CPU.

    Returns
    -------
    device : str
        A name that ``torch.device`` accepts.

    Raises
    ------
    ValueError
        If the name is none of these, or names a device that is not there.
    """
    if not isinstance(device, str) or not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
        raise ValueError(f"device={device!r} is not one of 'auto', 'cpu', 'cuda', 'cuda:N', 'mps'.")
    if device == "cpu" or (device == "auto" and not _may_have_gpu()):
        return "cpu"
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device={device!r}, but torch sees no Apple GPU. Use device='auto'.")
    if device.startswith("cuda"):
        _check_cuda(device, torch.cuda.device_count() if torch.cuda.is_available() else 0)
    return device


def _check_cuda(device: str, n_devices: int) -> None:
    if int(device.partition(":")[2] or 0) >= n_devices:
        seen = f"{n_devices}, numbered from 0" if n_devices else "no CUDA GPU"
        raise ValueError(f"device={device!r}, but torch sees {seen}. Use device='auto'.")


def _may_have_gpu() -> bool:
    """Tell whether it is worth asking torch, which takes seconds to import."""
    return "torch" in sys.modules or _has_gpu_driver()


@lru_cache(maxsize=1)
def _has_gpu_driver() -> bool:
    names = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return Path("/dev/kfd").exists()  # AMD, which torch calls CUDA too
