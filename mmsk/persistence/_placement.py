"""Where the networks of a loaded model run."""

from __future__ import annotations

import warnings
from typing import Any

from mmsk._device import resolve_device
from mmsk.exceptions import ModelFileWarning
from mmsk.persistence._walk import estimators_in


def place_on_device(model: Any, device: str | None) -> None:
    """Set the `device` of every estimator in a model, or see that each is there.

    Parameters
    ----------
    model : estimator
        Its parameters are changed.
    device : str or None
        None changes a device only where it is not there: to ``"auto"``, with a warning.

    Raises
    ------
    ValueError
        If `device` is given and not there.
    """
    if device is not None:
        resolve_device(device)
    missing = set()
    for estimator in estimators_in(model):
        if "device" not in type(estimator)._get_param_names():
            continue
        if device is not None:
            estimator.device = device
        elif not _is_there(estimator.device):
            missing.add(repr(estimator.device))
            estimator.device = "auto"
    if missing:
        warnings.warn(
            f"The model was saved with device={' and '.join(sorted(missing))}, which this machine "
            "does not have: device='auto' takes its place. mmsk.load(path, device='cpu') does so "
            "without this warning.",
            ModelFileWarning,
        )


def _is_there(device: Any) -> bool:
    try:
        resolve_device(device)
    except ValueError:
        return False
    return True
