"""Embeddings of pictures by a cut classification network, built once and shared by all clones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import nn

from mmsk._nets.backbones import Preset, build_random, trained_preset
from mmsk._nets.cut import CutNetwork, Plan, plan_cut
from mmsk._nets.threads import SharedContext
from mmsk._nets.weights import load_weights, weights_name, weights_with_version

NETWORKS_KEPT = 4
# On a CPU a row's last bits depend on how many pictures pass together: 4 and 8 give equal bits,
# with one thread as with two, where 1, 2, 3 and 16 differ for some networks.
PICTURES_PER_PASS = 8
PADDED_TO = 4
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

_building = threading.Lock()
_exact_convolutions = SharedContext(
    partial(torch.backends.cudnn.flags, enabled=True, allow_tf32=False)
)


def image_preset(
    backbone: str,
    weights: Any,
    image_size: int | None = None,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
) -> Preset:
    """Return the preprocessing that belongs to the weights, with what is given put in its place.

    A file and random weights have that of the network's default weights, but a file made by
    compressing named weights that of these.
    """
    preset = trained_preset(backbone, weights_name(weights))
    if image_size is not None:
        resize_size = round(preset.resize_size * image_size / preset.crop_size)
        preset = replace(preset, resize_size=resize_size, crop_size=image_size)
    return replace(preset, mean=mean or preset.mean, std=std or preset.std)


def plan_network(
    backbone: str, weights: Any, layer: str | None, image_size: int, grid: int = 1
) -> Plan:
    """Plan the cut of a network without loading its weights."""
    return plan_cut(backbone, layer, built_for(backbone, weights, image_size), image_size, grid)


def get_network(
    backbone: str,
    *,
    weights: Any,
    layer: str | None,
    image_size: int,
    seed: int,
    precision: str,
    grid: int = 1,
) -> ImageNetwork:
    """Return the network for these values, built on first use.

    A weights file that changed on disk is loaded again.
    """
    weights, version = weights_with_version(weights, seed)
    with _building:
        return _network(backbone, weights, version, layer, image_size, precision, grid)


@lru_cache(maxsize=NETWORKS_KEPT)
def _network(
    backbone: str,
    weights: str | None,
    version: tuple[int, ...],
    layer: str | None,
    image_size: int,
    precision: str,
    grid: int,
) -> ImageNetwork:
    plan = plan_network(backbone, weights, layer, image_size, grid)
    seed = version[0] if weights is None else 0
    network = load_whole(backbone, weights, image_size, seed)
    return ImageNetwork(CutNetwork(network.eval(), plan), DTYPES[precision])


def load_whole(backbone: str, weights: Any, image_size: int, seed: int) -> nn.Module:
    """Build a network of one's own with its weights; those of None are drawn from `seed`."""
    size = built_for(backbone, weights, image_size)
    if weights is None:
        return build_random(backbone, size, seed)
    final = plan_network(backbone, weights, None, image_size).final
    return load_weights(backbone, weights, size, final)


def built_for(backbone: str, weights: Any, image_size: int) -> int:
    """Side of the pictures that a network which fixes it is built for."""
    name = weights_name(weights)
    return image_size if name is None else trained_preset(backbone, name).crop_size


class ImageNetwork:
    """A cut network, with a copy on each device where it is used.

    Parameters
    ----------
    network : CutNetwork
        The network in evaluation mode.
    dtype : torch.dtype
        Type in which it computes.
    """

    def __init__(self, network: CutNetwork, dtype: torch.dtype) -> None:
        network = network.eval().requires_grad_(False).to(dtype=dtype)
        self._on = {"cpu": network.to(memory_format=torch.channels_last)}
        self.dtype = dtype

    def on(self, device: str) -> CutNetwork:
        """Return the network on a device, copied there at first use.

        It is laid out on the CPU and copied as it is, which waits for the copy: a stream of the
        GPU other than the one that copied must not find the weights half way.
        """
        with _building:
            if device not in self._on:
                self._on[device] = deepcopy(self._on["cpu"]).to(device)
            return self._on[device]

    def embed(
        self,
        pixels: np.ndarray,
        mean: Sequence[float],
        std: Sequence[float],
        views: Sequence[tuple[int, bool]] = ((0, False),),
        device: str = "cpu",
    ) -> np.ndarray:
        """Embed a batch of pictures.

        Parameters
        ----------
        pixels : ndarray of shape (n, height, width, 3), dtype uint8
            The pictures, all of the size that the network takes.
        mean, std : sequence of 3 float
            Normalization per channel, on the scale 0..1.
        views : sequence of (int, bool)
            Quarter turns and mirroring of each view; their embeddings are averaged.
        device : str
            Where to compute.

        Returns
        -------
        rows : ndarray of shape (n, width), dtype float32
            On the CPU.
        """
        network = self.on(device)
        scale = torch.tensor(std).mul_(255).reciprocal_().view(-1, 1, 1)
        offset = torch.tensor(mean).mul_(255).view(-1, 1, 1)

        def embed(part: torch.Tensor) -> torch.Tensor:
            pictures, by, less = (sent(each, device) for each in (part, scale, offset))
            pictures = pictures.permute(0, 3, 1, 2).float().sub_(less).mul_(by).to(self.dtype)
            total = sum(network(_view(pictures, *view)).float() for view in views)
            return (total / len(views)).cpu()

        compute = in_equal_passes if device == "cpu" else halved_when_out_of_memory
        with torch.inference_mode(), exact_float32(device, self.dtype):
            return compute(embed, torch.from_numpy(pixels)).numpy()


def exact_float32(device: str, dtype: torch.dtype) -> AbstractContextManager:
    """Keep convolutions on a GPU from rounding float32 to TF32: rows must not depend on it."""
    on_gpu = device.startswith("cuda")
    return _exact_convolutions if on_gpu and dtype == torch.float32 else nullcontext()


def sent(values: torch.Tensor, device: str) -> torch.Tensor:
    """Copy to a device; on CUDA without waiting, for which the memory must stay in place."""
    if device.startswith("cuda"):
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)


def in_equal_passes(
    compute: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor
) -> torch.Tensor:
    """Compute a batch in passes of such sizes that a row has the same bits in every batch."""
    rows = []
    for part in batch.split(PICTURES_PER_PASS):
        padding = part.new_zeros(-len(part) % PADDED_TO, *part.shape[1:])
        rows.append(compute(torch.cat([part, padding]))[: len(part)])
    return torch.cat(rows)


def halved_when_out_of_memory(
    compute: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor
) -> torch.Tensor:
    """Compute a batch; where the GPU's memory does not suffice, in two halves, and so on."""
    try:
        return compute(batch)
    except torch.OutOfMemoryError:
        if len(batch) == 1:
            raise
    # Outside the except block, where the error would keep the failed pass's tensors alive.
    torch.cuda.empty_cache()
    half = len(batch) // 2
    return torch.cat([halved_when_out_of_memory(compute, part) for part in batch.split(half)])


def _view(pictures: torch.Tensor, quarter_turns: int, mirrored: bool) -> torch.Tensor:
    if quarter_turns:
        pictures = torch.rot90(pictures, quarter_turns, (2, 3))
    if mirrored:
        pictures = pictures.flip(3)
    return pictures.contiguous(memory_format=torch.channels_last)
