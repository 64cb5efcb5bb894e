"""Networks of torchvision that learn further: their last stages, behind those that stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from mmsk._nets.backbones import build_hollow
from mmsk._nets.cnn import built_for, load_whole, plan_network
from mmsk._nets.conv import Ending, Standardize
from mmsk._nets.cut import CutNetwork, Plan
from mmsk._nets.stages import last_stages

# Only training would use the first; the second draw from torch's own generator.
SIDE_BRANCHES = ("AuxLogits", "aux1", "aux2")
DROPPING = ("Dropout", "StochasticDepth")


class FineTunedNetwork(nn.Module):
    """A network without its last layer, of which the last stages learn further.

    ::

        picture -> frozen stages -> trained stages -> pooled -> dense -> row

    All stages stay in evaluation mode, also in training: their normalizations keep the statistics
    that they came with. Those of a small batch would be noise, and in weights that others have
    converted the statistics are often merged into what stands before them: 0 and 1 then stand for
    none, and any other pair would be another network.

    Parameters
    ----------
    network : Module
        The whole network of torchvision, which is changed.
    plan : Plan
        Where to cut it.
    n_components : int
        Width of the rows.
    dropout : float
        Share of the components that are left out in training.
    mean, std : sequence of 3 float
        Of each channel of the pictures, on the scale 0..1.
    """

    def __init__(
        self,
        network: nn.Module,
        plan: Plan,
        n_components: int,
        dropout: float,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        _remove_what_draws(network)
        self.standardize = Standardize(mean, std)
        # Normalizations are not merged into convolutions: their scales learn.
        self.backbone = CutNetwork(network, replace(plan, folds=()))
        self.ending = Ending(plan.width, n_components, dropout)

    def train(self, mode: bool = True) -> FineTunedNetwork:
        """Go into training mode with what is new only."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return rows (n, n_components) of pictures (n, 3, height, width)."""
        return self.ending(self.backbone(self.standardize(pictures)))


@dataclass(frozen=True)
class FineTuning:
    """Which network of torchvision learns further, and how.

    Attributes
    ----------
    backbone : str
        Name of the network.
    weights : str, path or None
        As CNNEmbedder takes them.
    image_size : int
        Side of the pictures in pixels.
    n_stages : int
        Number of its last stages that learn.
    """

    backbone: str
    weights: Any
    image_size: int
    n_stages: int

    def check(self) -> None:
        """Raise ValueError if the network does not take this size, or has too few stages."""
        plan_network(self.backbone, self.weights, None, self.image_size)
        self.trained()

    def trained(self) -> tuple[str, ...]:
        """Names of the modules that learn."""
        size = built_for(self.backbone, self.weights, self.image_size)
        return last_stages(self.backbone, size, self.n_stages)

    def rates(self, factor: float) -> Mapping[str, float]:
        """Factors on the learning rate: 0 for what is frozen, `factor` for what learns further."""
        return {"backbone.": 0.0} | {f"backbone.network.{name}.": factor for name in self.trained()}

    def build(self, **options: Any) -> FineTunedNetwork:
        """Build the network with the weights that it begins with.

        Those of ``weights=None`` are drawn from torch's generator.

        Parameters
        ----------
        **options
            Of `FineTunedNetwork`: `n_components`, `dropout`, `mean`, `std`.
        """
        seed = int(torch.randint(2**31, ()))
        network = load_whole(self.backbone, self.weights, self.image_size, seed)
        return self._built(network, options)

    def build_hollow(self, **options: Any) -> FineTunedNetwork:
        """Build the network to be filled with weights that it has learned."""
        size = built_for(self.backbone, self.weights, self.image_size)
        more = {}
        if self.backbone in ("inception_v3", "googlenet"):
            more["transform_input"] = self.weights is not None
        with torch.device("cpu"):  # inside another device: some compute their widths
            network = build_hollow(self.backbone, size, **more)
        return self._built(network, options)

    def _built(self, network: nn.Module, options: dict[str, Any]) -> FineTunedNetwork:
        plan = plan_network(self.backbone, self.weights, None, self.image_size)
        return FineTunedNetwork(network, plan, **options)


def _remove_what_draws(network: nn.Module) -> None:
    for name in SIDE_BRANCHES:
        if hasattr(network, name):
            setattr(network, name, None)
    for name, module in list(network.named_modules()):
        if type(module).__name__ in DROPPING:
            network.set_submodule(name, nn.Identity())
