"""The stages of a classification network of torchvision, from the picture to the last layer."""

from __future__ import annotations

from functools import lru_cache

from torch import nn

from mmsk._nets.backbones import build_hollow
from mmsk._nets.cut import last_layer

FEWEST_STAGES = 4


@lru_cache(maxsize=64)
def backbone_stages(backbone: str, image_size: int) -> tuple[tuple[str, ...], ...]:
    """Return the stages of a network, each as the names of its modules.

    The stages are the blocks that the network's builder wrote one after the other: ``layer1`` to
    ``layer4`` of a ResNet after its first convolution, ``features.0`` and so on of a MobileNet,
    each layer of a ViT's encoder. A normalization belongs to what comes before it, and the layer
    that gives the class scores to no stage.

    Parameters
    ----------
    backbone : str
        Name of the network.
    image_size : int
        Side of the pictures in pixels, where it fixes the network.
    """
    network = build_hollow(backbone, image_size)
    network.set_submodule(last_layer(network), nn.Identity())
    stages: list[tuple[str, ...]] = []
    for name in _blocks(network):
        # Vectors only: a normalization.
        if stages and all(part.ndim < 2 for part in network.get_submodule(name).parameters()):
            stages[-1] += (name,)
        else:
            stages.append((name,))
    return tuple(stages)


def last_stages(backbone: str, image_size: int, n_stages: int) -> tuple[str, ...]:
    """Return the names of the modules in the last stages of a network.

    Raises
    ------
    ValueError
        If it has not so many.
    """
    stages = backbone_stages(backbone, image_size)
    if n_stages > len(stages):
        raise ValueError(
            f"n_stages_trained={n_stages} is more than the {len(stages)} stages of "
            f"backbone={backbone!r}, the last of which is {' with '.join(stages[-1])}."
        )
    return sum(stages[len(stages) - n_stages :], ())


def _blocks(network: nn.Module) -> list[str]:
    """Open the largest block that has blocks inside, until there are some."""
    blocks = _children(network, "")
    while len(blocks) < FEWEST_STAGES:
        largest = max(
            (name for name in blocks if _children(network, name)),
            key=lambda name: _n_weights(network.get_submodule(name)),
        )
        place = blocks.index(largest)
        blocks[place : place + 1] = _children(network, largest)
    return blocks


def _children(network: nn.Module, name: str) -> list[str]:
    """Names of the modules with weights that are directly within the one of this name."""
    prefix = f"{name}." if name else ""
    children = network.get_submodule(name).named_children()
    return [prefix + child for child, module in children if _n_weights(module)]


def _n_weights(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())
