"""What weights and what code a network's output depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mmsk._files import digest_of
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
    return {"digest": digest_of(file)}
