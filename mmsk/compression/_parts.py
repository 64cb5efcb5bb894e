"""The estimators inside a model, however they are nested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sklearn.base import BaseEstimator

from mmsk.image import CNNEmbedder


def parts_of(model: Any) -> Iterator[Any]:
    """Yield a model and every estimator inside it once: parameters as well as fitted ones.

    Pipelines, transformers of columns, searches, voting models and all others are looked
    through by their attributes, and by the lists, tuples and mappings in these.
    """
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Mapping):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
        elif _is_model(part):
            yield part
            waiting.extend(vars(part).values())


def has_trained_weights(part: Any) -> bool:
    """Tell whether a part is a network for pictures whose weights are not drawn at random."""
    return isinstance(part, CNNEmbedder) and part.weights is not None


def _is_model(part: Any) -> bool:
    # What holds a calibrated classifier is no estimator of scikit-learn's own.
    is_instance = not isinstance(part, type) and hasattr(part, "__dict__")
    return is_instance and (isinstance(part, BaseEstimator) or hasattr(part, "predict_proba"))
