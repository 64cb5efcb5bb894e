"""Base of the encoders that learn with a target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from mmsk._targets import encode_target
from mmsk._validation import RawColumn, check_choice
from mmsk.encoders._base import BaseEncoder

if TYPE_CHECKING:
    from torch import nn


class SupervisedEncoder(BaseEncoder):
    """Base of an encoder that is trained with a linear model of the target behind its network.

    Of a leaf's `output`, ``"features"`` is the layer before the linear model, and ``"scores"``
    what this makes of it: the probability of each class, or the real target.
    """

    output: str

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_choice("output", self.output, ["features", "scores"])

    def _check_target(self, y: Any, column: RawColumn) -> np.ndarray:
        target = encode_target(type(self).__name__, y, column.cells)
        self.classes_ = target.classes
        self.target_mean_, self.target_deviation_ = target.mean, target.deviation
        return target.values

    def _train(self, take: Callable[..., Any], targets: np.ndarray, **options: Any) -> Any:
        from mmsk._nets.supervised import train_supervised

        rates = {f"0.{beginning}": factor for beginning, factor in options.pop("rates").items()}
        return train_supervised(
            self._make_network,
            self.n_components,
            take,
            targets,
            n_outputs=self._n_outputs(),
            rates=rates,
            **options,
        )

    def _n_outputs(self) -> int:
        return 1 if self.classes_ is None else len(self.classes_)

    def _make_whole(self) -> nn.Module:
        from mmsk._nets.supervised import with_linear_model

        return with_linear_model(self._make_network(), self.n_components, self._n_outputs())

    def _encode(self, whole: Any, batch: Any) -> Any:
        features = whole[0](batch)
        if self.output == "features":
            return features
        scores = whole[1](features)
        if self.classes_ is None:
            return scores * self.target_deviation_ + self.target_mean_
        return scores.softmax(dim=1)

    def _feature_names(self) -> Iterable[str]:
        check_is_fitted(self)
        if self.output == "features":
            return super()._feature_names()
        return ["target"] if self.classes_ is None else [str(label) for label in self.classes_]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
