"""Fingerprint of an extractor: all that decides what row it gives for a cell."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from mmsk.extraction._code import DIGITS, describe_code

# Parameters that steer a pass and cannot change a row.
INERT = frozenset({"device", "batch_size", "n_jobs", "on_error", "max_bad_fraction", "root"})


class NotPlainError(ValueError):
    """A parameter has no value that another process could compare."""


def fingerprint(extractor: Any, width: int) -> tuple[str, dict[str, Any]]:
    """Return the fingerprint of an extractor and what it covers.

    Parameters
    ----------
    extractor : CellExtractor
        With its parameters as they are now.
    width : int
        Number of its features.

    Returns
    -------
    digits : str
        32 hexadecimal digits.
    about : dict
        Class, declared version, parameters, weights, number of features and digest of the code,
        in plain values.

    Raises
    ------
    NotPlainError
        If a parameter is not plain.
    """
    about = {
        "class": _name(type(extractor)),
        "version": extractor.extractor_version,
        "parameters": plain_parameters(extractor),
        "state": extractor._fingerprint_state(),
        "width": width,
        "code": _digest(describe_code(type(extractor))),
    }
    return _digest(json.dumps(about, sort_keys=True)), about


def plain_parameters(estimator: Any) -> dict[str, Any]:
    """Parameters that can change a row, nested ones under their estimator's class and code."""
    parameters = estimator.get_params(deep=False)
    return {
        name: _plain(name, value) for name, value in sorted(parameters.items()) if name not in INERT
    }


def _plain(name: str, value: Any) -> Any:
    """Return what JSON takes: equal for 0.5 and np.float64(0.5), (1,) and [1]; not for 1 and 1.0.

    The last two differ because a count and a share may mean different things.
    """
    if isinstance(value, BaseEstimator):
        kind = type(value)
        code = _digest(describe_code(kind))
        return {"class": _name(kind), "code": code, **plain_parameters(value)}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufSU":
        value = value.tolist()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, list | tuple):
        return [_plain(name, part) for part in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(name, value[key]) for key in sorted(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise NotPlainError(f"{name}={value!r} is no plain value, so its rows cannot be found again")


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _digest(text: str) -> str:
    return hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"), digest_size=DIGITS // 2
    ).hexdigest()
