"""Which estimators depend on files of weights, and what those files are called.

A model names them, as the file of a model does. Their content is known by SHA-256.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmsk.encoders import ConvEncoder
from mmsk.image._network import NetworkEmbedder
from mmsk.text import TransformerEmbedder, WordVectorEmbedder

_HUB = re.compile(r"models--(.+)[/\\]snapshots[/\\]([0-9a-f]{40})")
NAMED, FILE, FOLDER, HUB = "named", "file", "folder", "hub"


@dataclass(frozen=True)
class Reference:
    """Weights on which an estimator depends.

    Attributes
    ----------
    kind : {"named", "file", "folder", "hub"}
        Weights that torchvision names; a file; a folder of Hugging Face's form; a name at
        Hugging Face with its revision.
    parameter : str
        The parameter of the estimator that names them.
    key : str
        How they are called in the manifest.
    """

    kind: str
    parameter: str
    key: str


def reference_of(estimator: Any) -> Reference | None:
    """Return what an estimator depends on; None for most.

    An estimator may be anything that a file made: what is no parameter that names weights is
    left to the estimator, which refuses it when it is used.
    """
    if isinstance(estimator, NetworkEmbedder):
        return _of_network(estimator)
    if isinstance(estimator, ConvEncoder) and estimator.backbone is not None:
        reference = _of_network(estimator)
        learned = hasattr(estimator, "state_") and reference and reference.kind == NAMED
        return None if learned else reference
    if isinstance(estimator, WordVectorEmbedder):
        return Reference(FILE, "vectors", os.fspath(estimator.vectors))
    if isinstance(estimator, TransformerEmbedder):
        return _of_transformer(estimator)
    return None


def _of_transformer(estimator: Any) -> Reference:
    model, revision = os.fspath(estimator.model), estimator.revision
    at_hub = name_at_hub(model)
    if at_hub is None and revision is not None and len(Path(model).parts) <= 2:
        at_hub = None if os.path.isdir(model) else f"{model}@{revision}"
    return Reference(FOLDER, "model", model) if at_hub is None else Reference(HUB, "model", at_hub)


def _of_network(estimator: Any) -> Reference | None:
    weights = estimator.weights
    if weights is None:
        return None
    from mmsk._nets.weights import is_file_name

    if is_file_name(weights):
        return Reference(FILE, "weights", os.fspath(weights))
    return Reference(NAMED, "weights", f"{estimator.backbone}:{weights}")


def name_at_hub(folder: str) -> str | None:
    """Return the name and revision of a model that lies in a cache of Hugging Face."""
    match = _HUB.search(folder)
    return None if match is None else f"{match[1].replace('--', '/')}@{match[2]}"


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder of Hugging Face's form that a network is read from."""
    from mmsk._nets.transformer import SUFFIXES

    return sorted(file for file in folder.glob("*") if file.suffix in SUFFIXES and file.is_file())
