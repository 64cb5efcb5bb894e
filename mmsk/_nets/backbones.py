"""Torchvision's classification networks: their names, their pictures, and how they are built."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from mmsk.exceptions import MissingDependencyError


def import_models() -> ModuleType:
    """Import ``torchvision.models``, or say how to mend the installation.

    Raises
    ------
    MissingDependencyError
        If torch and torchvision come from builds that do not fit each other.
    """
    try:
        return importlib.import_module("torchvision.models")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        raise MissingDependencyError(
            f"torchvision does not fit the installed torch {torch.__version__} ({error}): one of "
            "them is a CPU-only build and the other is not. Install both from the same place: "
            "pip install --force-reinstall torch torchvision",
            name="torchvision",
        ) from error


@dataclass(frozen=True)
class Preset:
    """How a picture is brought to the form that a network was trained on.

    Attributes
    ----------
    resize_size : int
        Length of the shorter side after resizing, in pixels.
    crop_size : int
        Side of the square cut from the centre, in pixels.
    interpolation : {"bilinear", "bicubic"}
        How pixels are resampled, with antialiasing.
    mean, std : tuple of 3 float
        Per channel, on the scale 0..1.
    """

    resize_size: int
    crop_size: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


@lru_cache(maxsize=1)
def backbone_names() -> list[str]:
    """Names of all classification networks of torchvision."""
    models = import_models()
    return models.list_models(module=models)


def check_backbone(backbone: Any) -> None:
    """Raise ValueError unless `backbone` is one of `backbone_names`."""
    if backbone not in backbone_names():
        raise ValueError(
            f"backbone={backbone!r} is not a classification network of torchvision. "
            + did_you_mean(backbone, backbone_names())
        )


def did_you_mean(value: Any, names: Iterable[str]) -> str:
    """Name the closest of `names`, or point at the first ones."""
    names = list(names)
    close = difflib.get_close_matches(str(value), names, n=3)
    if close:
        return f"Did you mean {', '.join(map(repr, close))}?"
    return f"Known are {', '.join(map(repr, names[:8]))}{', ...' if len(names) > 8 else ''}."


def weight_names(backbone: str) -> list[str]:
    """Names of the trained weights that torchvision offers for a network."""
    return list(import_models().get_model_weights(backbone).__members__)


def full_name(backbone: str, weights: str) -> str:
    """Return the name of weights that "DEFAULT" stands for in this release of torchvision."""
    return import_models().get_model_weights(backbone)[weights].name


@lru_cache(maxsize=256)
def trained_preset(backbone: str, weights: str | None) -> Preset:
    """Preprocessing of named weights; of the default weights where `weights` is None."""
    transforms = import_models().get_model_weights(backbone)[weights or "DEFAULT"].transforms()
    return Preset(
        transforms.resize_size[0],
        transforms.crop_size[0],
        transforms.interpolation.value,
        tuple(transforms.mean),
        tuple(transforms.std),
    )


def build_trained(backbone: str, weights: str) -> nn.Module:
    """Build a network with torchvision's named weights, downloading them where needed."""
    with torch.random.fork_rng(devices=[]):  # it draws random weights first
        return import_models().get_model(backbone, weights=weights, progress=False)


def build_random(backbone: str, image_size: int, seed: int) -> nn.Module:
    """Build a network with weights drawn from `seed`, leaving torch's generators as they were."""
    options = _options(backbone, image_size)
    if "init_weights" in options:
        options["init_weights"] = True
    with torch.random.fork_rng(devices=[]):
        # torch.manual_seed would also seed the GPUs.
        torch.default_generator.manual_seed(seed)
        return import_models().get_model(backbone, weights=None, **options)


def build_hollow(backbone: str, image_size: int, **options: Any) -> nn.Module:
    """Build a network whose large tensors hold nothing, to look at or to fill from a file."""
    # Some draw weights for tensors that are not empty.
    with torch.random.fork_rng(devices=[]), _EmptyOnMeta():
        options = _options(backbone, image_size) | options
        return import_models().get_model(backbone, weights=None, **options)


class _EmptyOnMeta(TorchFunctionMode):
    """Place only uninitialised tensors on the meta device.

    ``torch.device("meta")`` would also take the numbers from which RegNet computes its widths.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.empty:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)


def _options(backbone: str, image_size: int) -> dict[str, Any]:
    """Arguments that some builders need beside the weights."""
    options: dict[str, Any] = {}
    if backbone.startswith("vit_"):
        options["image_size"] = image_size
    if backbone in ("inception_v3", "googlenet"):
        # The side branches serve training only; unset, init_weights would warn.
        options |= {"aux_logits": False, "init_weights": False}
    return options
