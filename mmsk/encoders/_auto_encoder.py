"""Base of the encoders that learn without a target, from what they can rebuild."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._validation import RawColumn
from mmsk.encoders._base import BaseEncoder

if TYPE_CHECKING:
    from torch import nn


class AutoEncoder(BaseEncoder):
    """Base of an encoder whose code of few numbers lets a second network rebuild the sample.

    A leaf gives `_make_whole`: a module with a part ``encode`` (the network), which maps what
    `_batch` gives to the mean squared error of each row, shape (n_rows,).
    """

    @abstractmethod
    def _make_whole(self) -> nn.Module:
        """Build the network and what rebuilds a sample from its code."""

    def _make_network(self) -> Any:
        return self._make_whole().encode

    def _check_target(self, y: Any, column: RawColumn) -> np.ndarray:
        return np.zeros(len(column), dtype=np.float32)

    def _train(self, take: Callable[..., Any], targets: np.ndarray, **options: Any) -> Any:
        from mmsk._nets.supervised import train_unsupervised

        return train_unsupervised(self._make_whole, take, len(targets), **options)

    def _encode(self, whole: Any, batch: Any) -> Any:
        return whole.encode(batch)
