"""Every object inside a model, whatever holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator


def objects_in(model: Any) -> Iterator[Any]:
    """Yield a model and every object inside it once, by attributes, lists, mappings and arrays.

    What is reachable by an attribute of a class only is no part of the model.
    """
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, str | bytes | int | float | type(None) | type):
            continue
        seen.add(id(value))
        yield value
        waiting.extend(_parts(value))


def estimators_in(model: Any) -> Iterator[BaseEstimator]:
    """Yield every estimator inside a model, parameters as well as fitted ones."""
    return (value for value in objects_in(model) if isinstance(value, BaseEstimator))


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, np.ndarray):
        if value.dtype == object:
            yield from np.asarray(value).ravel().tolist()  # what is masked also
        return
    yield from getattr(value, "__dict__", {}).values()
