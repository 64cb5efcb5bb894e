"""Short names of estimators, for tables and figures."""

from __future__ import annotations

import inspect
from numbers import Number
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils._pprint import _changed_params

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD


def short_name(value: Any) -> str:
    """Return one line that says what an estimator is, and what differs from its defaults.

    A pipeline is its steps, one after the other. The name of a first parameter that may go
    without it is left out, unless it is a number. What is no estimator is shown by its repr.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import Normalizer
    >>> from mmsk import PerBlock, WeightedFusion
    >>> from mmsk.inspection._names import short_name
    >>> short_name(make_pipeline(PerBlock(Normalizer()), WeightedFusion("alignment"), Ridge(10)))
    "PerBlock(Normalizer()) > WeightedFusion('alignment') > Ridge(alpha=10)"
    """
    if isinstance(value, Pipeline):
        return " > ".join(short_name(step) for _, step in value.steps)
    if not is_estimator(value):
        return " ".join(repr(value).split())
    parameters = inspect.signature(type(value)).parameters
    changed, parts = _changed_params(value), []
    for name in sorted(changed, key=[*parameters, *changed].index):
        is_first = name == next(iter(parameters), None) and parameters[name].kind is _POSITIONAL
        shown = short_name(changed[name])
        is_named = not is_first or isinstance(changed[name], Number)
        parts.append(f"{name}={shown}" if is_named else shown)
    return f"{type(value).__name__}({', '.join(parts)})"


def is_estimator(value: Any) -> bool:
    """Tell whether a value is an instance of an estimator."""
    return hasattr(value, "get_params") and not isinstance(value, type)
