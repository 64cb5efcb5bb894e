"""Embeddings of clips by torchvision's video networks, cut before their last layer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn

from mmsk._nets.backbones import Preset, build_hollow, build_random, did_you_mean, import_models
from mmsk._nets.cnn import DTYPES, exact_float32, halved_when_out_of_memory, sent
from mmsk._nets.cut import last_layer
from mmsk._nets.weights import is_file_name, load_weights, weights_with_version

NETWORKS_KEPT = 4

_building = threading.Lock()


@lru_cache(maxsize=1)
def video_names() -> list[str]:
    """Names of all video classification networks of torchvision."""
    models = import_models()
    return models.list_models(module=models.video)


def check_video_backbone(backbone: Any) -> None:
    """Raise ValueError unless `backbone` is one of `video_names`."""
    if backbone not in video_names():
        raise ValueError(
            f"backbone={backbone!r} is not a video network of torchvision. "
            + did_you_mean(backbone, video_names())
        )


def video_preset(
    backbone: str,
    weights: Any,
    image_size: int | None = None,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
) -> Preset:
    """Return the preprocessing that belongs to the weights, with what is given put in its place.

    A file and random weights have that of the network's default weights.
    """
    preset = _trained_preset(backbone, weights if _is_named(weights) else "DEFAULT")
    if image_size is not None:
        resize_size = round(preset.resize_size * image_size / preset.crop_size)
        preset = replace(preset, resize_size=resize_size, crop_size=image_size)
    return replace(preset, mean=mean or preset.mean, std=std or preset.std)


@lru_cache(maxsize=64)
def _trained_preset(backbone: str, weights: str) -> Preset:
    transforms = import_models().get_model_weights(backbone)[weights].transforms()
    return Preset(
        min(transforms.resize_size),
        transforms.crop_size[0],
        transforms.interpolation.value,
        tuple(transforms.mean),
        tuple(transforms.std),
    )


@dataclass(frozen=True)
class VideoPlan:
    """The last layer of a video network, which is left out, and the width of what it is given."""

    final: str
    width: int


@lru_cache(maxsize=64)
def plan_video(backbone: str, n_frames: int, image_size: int) -> VideoPlan:
    """Plan the cut by one pass without data through the network without weights.

    Raises
    ------
    ValueError
        If the network does not take clips of this shape.
    """
    try:
        network = build_hollow(backbone, image_size).to("meta").eval()
        final = last_layer(network)
        network.set_submodule(final, nn.Identity())
        with torch.inference_mode():
            rows = network(torch.empty(2, 3, n_frames, image_size, image_size, device="meta"))
    except (RuntimeError, AssertionError, ValueError, IndexError) as error:
        raise ValueError(
            f"backbone={backbone!r} does not take n_frames={n_frames} of image_size={image_size}. "
            "Give more or larger ones, or leave the defaults."
        ) from error
    return VideoPlan(final, rows.shape[1])


def get_video_network(
    backbone: str, *, weights: Any, n_frames: int, image_size: int, seed: int, precision: str
) -> VideoNetwork:
    """Return the network for these values, built on first use.

    A weights file that changed on disk is loaded again.
    """
    weights, version = weights_with_version(weights, seed)
    final = plan_video(backbone, n_frames, image_size).final
    with _building:
        return _network(backbone, weights, version, image_size, final, precision)


@lru_cache(maxsize=NETWORKS_KEPT)
def _network(
    backbone: str,
    weights: str | None,
    version: tuple[int, ...],
    image_size: int,
    final: str,
    precision: str,
) -> VideoNetwork:
    if weights is None:
        network = build_random(backbone, image_size, version[0])
    else:
        network = load_weights(backbone, weights, image_size, final)
    network.set_submodule(final, nn.Identity())
    return VideoNetwork(network, DTYPES[precision])


def _is_named(weights: Any) -> bool:
    return weights is not None and not is_file_name(weights)


class VideoNetwork:
    """A cut video network, with a copy on each device where it is used.

    Parameters
    ----------
    network : Module
        Gives a row per clip.
    dtype : torch.dtype
        Type in which it computes.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        self._on = {"cpu": network.eval().requires_grad_(False).to(dtype=dtype)}
        self.dtype = dtype

    def on(self, device: str) -> nn.Module:
        """Return the network on a device, copied there at first use."""
        with _building:
            if device not in self._on:
                self._on[device] = deepcopy(self._on["cpu"]).to(device)
            return self._on[device]

    def embed(
        self, clips: np.ndarray, mean: Sequence[float], std: Sequence[float], device: str = "cpu"
    ) -> np.ndarray:
        """Embed clips.

        Parameters
        ----------
        clips : ndarray of shape (n, n_frames, height, width, 3), dtype uint8
            The clips, of the shape that the network takes.
        mean, std : sequence of 3 float
            Normalization per channel, on the scale 0..1.
        device : str
            Where to compute.

        Returns
        -------
        rows : ndarray of shape (n, width), dtype float32
            On the CPU. There a clip passes alone, so that its row never depends on others.
        """
        network = self.on(device)
        scale = torch.tensor(std).mul_(255).reciprocal_().view(-1, 1, 1, 1)
        offset = torch.tensor(mean).mul_(255).view(-1, 1, 1, 1)

        def embed(part: torch.Tensor) -> torch.Tensor:
            pixels, by, less = (sent(each, device) for each in (part, scale, offset))
            inputs = pixels.permute(0, 4, 1, 2, 3).float().sub_(less).mul_(by).to(self.dtype)
            return network(inputs.contiguous()).float().cpu()

        compute = _one_by_one if device == "cpu" else halved_when_out_of_memory
        with torch.inference_mode(), exact_float32(device, self.dtype):
            return compute(embed, torch.from_numpy(clips)).numpy()


def _one_by_one(compute: Any, batch: torch.Tensor) -> torch.Tensor:
    return torch.cat([compute(part) for part in batch.split(1)])
