"""Compact copies of a network's weights."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from mmsk._compact import compact
from mmsk._nets.cnn import built_for, plan_network
from mmsk._nets.weights import ORIGIN, load_weights, safetensors, weights_name
from mmsk._replace import replacing

DIGITS = 12


def write_compact(
    backbone: str,
    weights: str | os.PathLike,
    *,
    layer: str | None,
    image_size: int,
    dtype: str,
    folder: str | os.PathLike,
) -> str:
    """Write the weights of a network in fewer bytes, as a file that can be named as weights.

    Parameters
    ----------
    backbone : str
        Name of the network.
    weights : str or path
        A file, or the name of trained weights.
    layer : str or None
        Name of the module whose output is wanted. For None, which is the input of the last
        layer, that layer is cut down to one class score.
    image_size : int
        Side of the pictures in pixels, for networks that fix it.
    dtype : {"float16", "int8"}
        How matrices are stored.
    folder : str or path
        Where the file goes. Its name holds a digest of its content, so that it never takes the
        place of another one.

    Returns
    -------
    path : str
        The file.
    """
    arrays = _arrays(backbone, weights, layer, image_size)
    name = weights_name(weights)
    content = safetensors("safetensors.numpy").save(
        {key: np.ascontiguousarray(value) for key, value in compact(arrays, dtype).items()},
        metadata=None if name is None else {ORIGIN: name},
    )
    digest = hashlib.blake2b(content).hexdigest()[:DIGITS]
    path = Path(folder) / f"{backbone}-{dtype}-{digest}.safetensors"
    with replacing(path) as file:
        file.write(content)
    return str(path)


def _arrays(backbone: str, weights: Any, layer: str | None, size: int) -> dict[str, np.ndarray]:
    final = plan_network(backbone, weights, layer, size).final
    size = built_for(backbone, weights, size)
    state = load_weights(backbone, weights, size, final).state_dict()
    # Neither side branches of training nor counters of batches have a part in the rows.
    left_out = ("aux", "AuxLogits")
    arrays = {
        name: value.numpy()
        for name, value in state.items()
        if not name.startswith(left_out) and not name.endswith("num_batches_tracked")
    }
    if layer is None:
        arrays |= {key: arrays[key][:1] for key in arrays if key.startswith(f"{final}.")}
    return arrays
