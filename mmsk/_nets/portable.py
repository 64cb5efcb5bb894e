"""Named weights as a file that stands for them wherever it is."""

from __future__ import annotations

from mmsk._nets.backbones import full_name
from mmsk._nets.weights import ORIGIN, read_state, safetensors, trained_file


def portable_weights(backbone: str, weights: str) -> bytes:
    """Return named weights that are on disk as the content of a .safetensors file.

    Parameters
    ----------
    backbone : str
        Name of the network.
    weights : str
        Torchvision's name.

    Returns
    -------
    content : bytes
        The same tensors. The file says which weights they are, so that a network built of it
        has their preprocessing.
    """
    state = read_state(str(trained_file(backbone, weights)[1]))
    state = {name: value.contiguous().clone() for name, value in state.items()}
    origin = {ORIGIN: full_name(backbone, weights)}
    return safetensors("safetensors.torch").save(state, metadata=origin)
