"""What weights and what code a network's output depends on."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from mmsk._nets.weights import is_file_name, trained_file


def identify_weights(backbone: str, weights: Any) -> dict[str, Any]:
    """Return plain values that change whenever the loaded weights would.

    Parameters
    ----------
    backbone : str
        Name of the network.
    weights : str, path or None
        As CNNEmbedder takes them.

    Returns
    -------
    identity : dict
        The digest of the file, whether named by the user or kept by torchvision; of random
        weights the version of torch, whose generator draws them. A name whose file is not on
        disk stands for itself until it is downloaded.
    """
    if weights is None:
        return {"torch": torch.__version__}
    file = Path(weights) if is_file_name(weights) else trained_file(backbone, weights)[1]
    if not file.is_file():
        return {"name": file.name}
    status = file.stat()
    return {"digest": _digest(str(file), status.st_size, status.st_mtime_ns, status.st_ino)}


@lru_cache(maxsize=64)
def _digest(file: str, size: int, modified_ns: int, inode: int) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "blake2b").hexdigest()[:32]
