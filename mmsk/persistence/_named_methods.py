"""Methods that a model names by text.

scikit-learn calls them on what stands in the place of an estimator, with the rows that come in:
another name, such as ``tofile`` of an array, would write a file where the model says.
"""

from __future__ import annotations

from typing import Any

PREDICTING = {"auto", "decision_function", "predict", "predict_log_proba", "predict_proba"}
NAMING = ("_response_method", "response_method", "stack_method", "stack_method_")


def other_method_of(value: Any) -> str | None:
    """Name the attribute by which an object names a method that predicts nothing; None if none.

    Parameters
    ----------
    value : object
        Any part of a model.
    """
    held = getattr(value, "__dict__", {})
    return next((name for name in NAMING if name in held and not _predicts(held[name])), None)


def _predicts(named: Any) -> bool:
    methods = named if type(named) in (list, tuple) else [named]
    return all(method is None or type(method) is str and method in PREDICTING for method in methods)
