"""Choice of the device a network or a batched transform runs on."""

from __future__ import annotations

import re


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
        If the name is none of these, or names a CUDA device where there is none.
    """
    if not isinstance(device, str) or not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
        raise ValueError(f"device={device!r} is not one of 'auto', 'cpu', 'cuda', 'cuda:N', 'mps'.")
    if device == "cpu":
        return device
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device={device!r}, but torch sees no CUDA GPU. Use device='auto'.")
    return device
