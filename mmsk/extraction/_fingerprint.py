"""Fingerprint of an extractor: all that decides what row it gives for a cell."""

from __future__ import annotations

import hashlib
import inspect
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

# Parameters that steer a pass and cannot change a row.
INERT = frozenset({"device", "batch_size", "n_jobs", "on_error", "max_bad_fraction", "root"})
DIGITS = 32


def fingerprint(extractor: Any) -> tuple[str, dict[str, Any]]:
    """Return the fingerprint of an extractor and what it covers.

    Parameters
    ----------
    extractor : CellExtractor
        With its parameters as they are now.

    Returns
    -------
    digits : str
        32 hexadecimal digits.
    about : dict
        Class, declared version, parameters, weights and digest of the source, in plain values.
    """
    kind = type(extractor)
    about = {
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "version": extractor.extractor_version,
        "parameters": plain_parameters(extractor),
        "state": extractor._fingerprint_state(),
        "source": _digest_of_source(kind),
    }
    text = json.dumps(about, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=DIGITS // 2).hexdigest(), about


def plain_parameters(estimator: Any) -> dict[str, Any]:
    """Parameters that can change a row, nested ones under their estimator's class."""
    parameters = estimator.get_params(deep=False)
    return {name: _plain(value) for name, value in sorted(parameters.items()) if name not in INERT}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseEstimator):
        return {"class": type(value).__qualname__, **plain_parameters(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in sorted(value.items())}
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def digest_of_folder(folder: Path) -> str:
    """Digest all Python files of a folder, with their names."""
    state = hashlib.blake2b(digest_size=DIGITS // 2)
    for file in sorted(folder.glob("*.py")):
        state.update(file.name.encode() + b"\0" + file.read_bytes())
    return state.hexdigest()


def _digest_of_source(kind: type) -> str:
    """Digest the source of a class and its bases, up to the engine's and scikit-learn's."""
    state = hashlib.blake2b(digest_size=DIGITS // 2)
    for base in kind.__mro__:
        if base.__module__.partition(".")[0] in ("sklearn", "abc", "builtins"):
            continue
        if not base.__module__.startswith("mmsk.extraction"):
            state.update(_source(base).encode())
    return state.hexdigest()


def _source(kind: type) -> str:
    """Source that a class depends on: its room for mmsk's own, else its file or its code."""
    module = inspect.getmodule(kind)
    file = getattr(module, "__file__", None)
    if file is not None and kind.__module__.startswith("mmsk."):
        return _digest_of_room(Path(file).parent)
    try:
        return Path(file).read_text(encoding="utf-8") if file else inspect.getsource(kind)
    except (OSError, TypeError):
        return repr(sorted(_code(kind).items()))


_digest_of_room = lru_cache(maxsize=32)(digest_of_folder)


def _code(kind: type) -> dict[str, str]:
    """Byte code of the methods of a class whose source is not at hand."""
    methods = {name: getattr(value, "__code__", None) for name, value in vars(kind).items()}
    return {
        name: f"{code.co_code.hex()} {[c for c in code.co_consts if not hasattr(c, 'co_code')]}"
        for name, code in methods.items()
        if code is not None
    }
