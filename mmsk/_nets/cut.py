"""Cutting a classification network at a layer, so that it gives one row per picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mmsk._nets.backbones import build_hollow, did_you_mean

CLASS_TOKEN = "class token"


@dataclass(frozen=True)
class Plan:
    """Where a network is cut and how the output there becomes one row per picture.

    Attributes
    ----------
    final : str
        Name of the layer that gives the class scores.
    layer : str or None
        Name of the module whose output is taken; None takes the input of `final`.
    pooling : tuple of int or "class token"
        The axes to average, none where the output is a row already; or the first token.
    grid : int
        Rows and columns of parts in which these two axes are averaged.
    width : int
        Number of features.
    folds : tuple of (str, str)
        Each batch normalization that directly follows a convolution: names of both.
    """

    final: str
    layer: str | None
    pooling: tuple[int, ...] | str
    grid: int
    width: int
    folds: tuple[tuple[str, str], ...]


@lru_cache(maxsize=256)
def plan_cut(
    backbone: str, layer: str | None, built_for: int, image_size: int, grid: int = 1
) -> Plan:
    """Plan a cut by one pass without data through the network without weights.

    Parameters
    ----------
    backbone : str
        Name of the network.
    layer : str or None
        Name of a module of the network; None for the input of the last layer.
    built_for, image_size : int
        Side of the pictures for which the network is built, where it fixes one, and of those
        that it gets, in pixels.
    grid : int
        Rows and columns of parts in which a map is averaged.

    Raises
    ------
    ValueError
        If the network has no such layer, the layer gives no row per picture, or no map as fine
        as the grid, or the network does not take pictures of this size.
    """
    network = _build(backbone, built_for)
    final = last_layer(network)
    _check_layer(network, backbone, layer)
    folds = _watch_folds(network)
    cut_at(network, final, layer)
    try:
        with torch.inference_mode():
            pictures = torch.empty(2, 3, image_size, image_size, device="meta")
            output = _output(network, layer, pictures)
    except (RuntimeError, AssertionError) as error:
        raise _wrong_size(backbone, image_size) from error
    who = f"layer={layer!r} of {backbone!r}"
    pooling = _choose_pooling(network, output, who)
    _check_grid(grid, output, pooling, who)
    width = _pool(output, pooling, grid).shape[1]
    return Plan(final, layer, pooling, grid, width, tuple(folds))


def _build(backbone: str, size: int) -> nn.Module:
    try:
        return build_hollow(backbone, size).to("meta").eval()
    except AssertionError as error:  # of ViT, whose patches must fill the picture
        raise _wrong_size(backbone, size) from error


def _wrong_size(backbone: str, size: int) -> ValueError:
    return ValueError(
        f"image_size={size} cannot be used: backbone={backbone!r} does not take pictures "
        f"of {size} x {size} pixels. Leave image_size=None for its own size."
    )


def last_layer(network: nn.Module) -> str:
    """Name of the layer that gives the class scores."""
    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d | nn.Conv3d)
    ][-1]


def cut_at(network: nn.Module, final: str, layer: str | None) -> None:
    """Make a network end with the output of `layer`, or with the input of `final`."""
    if layer is None:
        network.set_submodule(final, nn.Identity())
    else:
        network.get_submodule(layer).register_forward_hook(_stop)


def fold_batch_norms(network: nn.Module, folds: tuple[tuple[str, str], ...]) -> None:
    """Merge batch normalizations into the convolutions before them; the output stays the same."""
    for convolution, norm in folds:
        parts: list[Any] = [network.get_submodule(name) for name in (convolution, norm)]
        network.set_submodule(convolution, fuse_conv_bn_eval(*parts))
        network.set_submodule(norm, nn.Identity())


class CutNetwork(nn.Module):
    """A network that gives one row of features per picture.

    Parameters
    ----------
    network : Module
        The whole network with its weights; it is changed.
    plan : Plan
        Where to cut it.
    """

    def __init__(self, network: nn.Module, plan: Plan) -> None:
        super().__init__()
        fold_batch_norms(network, plan.folds)
        cut_at(network, plan.final, plan.layer)
        self.network = network
        self.layer = plan.layer
        self.pooling = plan.pooling
        self.grid = plan.grid

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return rows (n, width) of pictures (n, 3, height, width)."""
        return _pool(_output(self.network, self.layer, pictures), self.pooling, self.grid)


class _Reached(Exception):
    """Ends a pass at the wanted layer: raised per call, so that threads can share a network."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output


def _stop(module: nn.Module, inputs: Any, output: Any) -> None:
    raise _Reached(output)


def _output(network: nn.Module, layer: str | None, pictures: torch.Tensor) -> torch.Tensor:
    try:
        output = network(pictures)
    except _Reached as reached:
        output = reached.output
        return output[0] if isinstance(output, tuple) else output
    if layer is not None:
        raise ValueError(
            f"layer={layer!r} is not called by itself in a forward pass. Name the module that "
            "holds it."
        )
    return output


def _watch_folds(network: nn.Module) -> list[tuple[str, str]]:
    """Return a list that the next pass fills with (convolution, batch normalization) names."""
    made: list[tuple[torch.Tensor, str]] = []
    folds: list[tuple[str, str]] = []

    def note_output(name: str) -> Any:
        return lambda module, inputs, output: made.append((output, name))

    def note_input(name: str) -> Any:
        return lambda module, inputs: folds.extend(
            (maker, name) for output, maker in made if output is inputs[0]
        )

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note_output(name))
        elif isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(note_input(name))
    return folds


def _check_layer(network: nn.Module, backbone: str, layer: str | None) -> None:
    names = [name for name, _ in network.named_modules() if name]
    if layer is not None and layer not in names:
        raise ValueError(
            f"layer={layer!r} is no module of backbone={backbone!r}. {did_you_mean(layer, names)}"
        )


def _choose_pooling(network: nn.Module, output: torch.Tensor, who: str) -> tuple[int, ...] | str:
    shape = tuple(output.shape)
    if shape[0] == 2 and len(shape) == 2:
        return ()
    if shape[0] == 2 and len(shape) == 3:
        return CLASS_TOKEN if hasattr(network, "class_token") else (1,)
    # The pictures are square: the two axes of equal length are height and width.
    if shape[0] == 2 and len(shape) == 4 and shape[2] == shape[3]:
        return (2, 3)
    if shape[0] == 2 and len(shape) == 4 and shape[1] == shape[2]:
        return (1, 2)
    raise ValueError(
        f"{who} gives shape {shape} for 2 pictures, which is no row, no sequence of "
        "tokens and no square map per picture. Name another layer."
    )


def _check_grid(grid: int, output: torch.Tensor, pooling: tuple[int, ...] | str, who: str) -> None:
    if grid == 1:
        return
    if isinstance(pooling, str) or len(pooling) < 2:
        raise ValueError(f"grid={grid}, but {who} gives no map. Name an earlier layer, or grid=1.")
    side = output.shape[pooling[0]]
    if grid > side:
        raise ValueError(
            f"grid={grid} is finer than the map of {side} x {side} that {who} gives. Name an "
            "earlier layer, a larger image_size or a smaller grid."
        )


def _pool(output: torch.Tensor, pooling: tuple[int, ...] | str, grid: int) -> torch.Tensor:
    if isinstance(pooling, str):
        return output[:, 0]
    if grid == 1:
        return output.mean(pooling) if pooling else output
    maps = output if pooling == (2, 3) else output.permute(0, 3, 1, 2)
    return adaptive_avg_pool2d(maps, grid).flatten(1)
