"""Parameters that an estimator got after a file was written."""

from __future__ import annotations

import inspect
from typing import Any

from mmsk.persistence._walk import estimators_in


def fill_in_defaults(model: Any) -> None:
    """Give the estimators of mmsk in a model the parameters that its file does not have.

    A parameter that a later release adds does by default what was done without it.

    Parameters
    ----------
    model : estimator
        As it was made of a file.
    """
    for estimator in list(estimators_in(model)):
        if type(estimator).__module__.partition(".")[0] == "mmsk":
            parameters = inspect.signature(type(estimator).__init__).parameters.values()
            for parameter in parameters:
                if parameter.default is not parameter.empty:
                    vars(estimator).setdefault(parameter.name, parameter.default)
