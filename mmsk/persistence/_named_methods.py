"""Methods that a model names by text, and arguments that it hands to functions.

scikit-learn calls them on what stands in the place of an estimator, with the rows that come in:
another name, such as ``tofile`` of an array, would write a file where the model says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREDICTING = {"auto", "decision_function", "predict", "predict_log_proba", "predict_proba"}
NAMING = ("_response_method", "response_method", "stack_method", "stack_method_")
ARGUMENTS = (
    "_kwargs",
    "effective_metric_params_",
    "inv_kw_args",
    "kernel_params",
    "kw_args",
    "metric_params",
)


def other_method_of(value: Any) -> str | None:
    """Name the attribute by which an object names a method that predicts nothing; None if none.

    Parameters
    ----------
    value : object
        Any part of a model.
    """
    held = getattr(value, "__dict__", {})
    return next((name for name in NAMING if name in held and not _predicts(held[name])), None)


def writing_arguments_of(value: Any) -> str | None:
    """Name the attribute by which an object has a function write into an array; None if none.

    The array could be one that was looked at already, such as the indices of a machine.
    """
    held = getattr(value, "__dict__", {})
    given = {name: held[name] for name in ARGUMENTS if isinstance(held.get(name), Mapping)}
    return next((name for name, arguments in given.items() if "out" in arguments), None)


def _predicts(named: Any) -> bool:
    methods = named if type(named) in (list, tuple) else [named]
    known = (method for method in methods if method is not None)
    return all(type(method) is str and method in PREDICTING for method in known)
