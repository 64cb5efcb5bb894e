"""What extractors share that pass pictures through a frozen network of torchvision."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._device import resolve_device
from mmsk._validation import check_choice, check_number
from mmsk.extraction import CellExtractor
from mmsk.extraction._network_threads import device_of_thread, network_threads
from mmsk.extraction._stream import Threads
from mmsk.image._base import channel_values

if TYPE_CHECKING:
    from mmsk._nets.backbones import Preset


class NetworkEmbedder(CellExtractor):
    """Base of the extractors with a frozen network: its weights, preprocessing and threads.

    A leaf reads its cells and calls `_embed`.
    """

    _strings_are = "paths"

    backbone: str
    weights: str | os.PathLike | None
    layer: str | None
    grid: int = 1  # where a leaf has no such parameter
    image_size: int | None
    mean: float | Sequence[float] | None
    std: float | Sequence[float] | None
    precision: str
    random_state: int
    device: str

    def _check_parameters(self) -> None:
        self._check_network()
        self._plan()
        check_choice("precision", self.precision, ["float32", "bfloat16", "float16"])
        resolve_device(self.device)

    def _check_network(self) -> None:
        from mmsk._nets.weights import check_weights

        self._check_backbone()
        check_weights(self.backbone, self.weights)
        if self.image_size is not None:
            check_number("image_size", self.image_size, low=1, integer=True)
        check_number("grid", self.grid, low=1, integer=True)
        check_number("random_state", self.random_state, low=0, high=2**63 - 1, integer=True)
        channel_values("mean", self.mean)
        channel_values("std", self.std, low=0, low_open=True)

    def _check_backbone(self) -> None:
        from mmsk._nets.backbones import check_backbone

        check_backbone(self.backbone)

    def _feature_names(self) -> list[str]:
        self._check_network()
        cells = [f"_cell{row}_{column}" for row, column in np.ndindex(self.grid, self.grid)]
        cells = [""] if self.grid == 1 else cells
        values = range(self._plan().width // len(cells))
        return [f"{self.backbone}_{value}{cell}" for value in values for cell in cells]

    def _plan(self) -> Any:
        from mmsk._nets.cnn import plan_network

        size = self._preset().crop_size
        return plan_network(self.backbone, self.weights, self.layer, size, self.grid)

    def _preset(self) -> Preset:
        from mmsk._nets.cnn import image_preset

        mean, std = channel_values("mean", self.mean), channel_values("std", self.std)
        return image_preset(self.backbone, self.weights, self.image_size, mean, std)

    def _most_rows(self) -> int:
        """Cells that a thread on the CPU takes at a time, at most."""
        from mmsk._nets.cnn import PICTURES_PER_PASS

        return PICTURES_PER_PASS

    def _threads(self) -> AbstractContextManager[Threads]:
        return network_threads(self.device, self.n_jobs, most_rows=self._most_rows())

    def _fingerprint_state(self) -> dict[str, Any]:
        from mmsk._nets.identity import identify_weights

        return identify_weights(self.backbone, self.weights)

    def _embed(
        self, pixels: np.ndarray, views: Sequence[tuple[int, bool]] = ((0, False),)
    ) -> np.ndarray:
        """Embed pictures, uint8 of shape (n, crop_size, crop_size, 3), on the thread's device."""
        from mmsk._nets.cnn import get_network

        preset = self._preset()
        network = get_network(
            self.backbone,
            weights=self.weights,
            layer=self.layer,
            image_size=preset.crop_size,
            seed=self.random_state,
            precision=self.precision,
            grid=self.grid,
        )
        return network.embed(pixels, preset.mean, preset.std, views, device_of_thread(self.device))
