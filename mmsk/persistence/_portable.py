"""A copy of a model that can be put in a file: arrays are shared, handles left out.

The model itself is not changed. What cannot be in a file is named by its place in the model.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from functools import singledispatchmethod
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from mmsk.exceptions import ModelFileError
from mmsk.persistence._empty_frames import packed
from mmsk.persistence._handles import without_handles

KEYS = (str, int, float, np.integer, np.floating)
NOT_COPIED = (type, ModuleType, np.ufunc, os.PathLike, pd.DataFrame, pd.Series, pd.Index)
_EMPTY_BLOCKS = "_empty_blocks"


def portable(model: Any) -> Any:
    """Return a copy of a model that skops can write.

    Parameters
    ----------
    model : estimator
        Any estimator, fitted or not.

    Returns
    -------
    copy : estimator
        With the same arrays in it, paths as text, and no `memory` or callbacks.

    Raises
    ------
    ModelFileError
        If it holds something that no other process could get back: a function that stands in no
        module, a table of pandas, a key of another kind.
    """
    return _Copying().copy(model, type(model).__name__)


class _Copying:
    def __init__(self) -> None:
        self._copies: dict[int, Any] = {}
        self._kept: list[Any] = []  # so that no other object gets the number of one that is gone

    def copy(self, value: Any, place: str) -> Any:
        """Return the one copy of a value."""
        if id(value) not in self._copies:
            self._kept.append(value)
            self._copies[id(value)] = self._copy(value, place)
        return self._copies[id(value)]

    def _copy(self, value: Any, place: str) -> Any:
        if isinstance(value, BaseEstimator):
            return self._of_estimator(value, place)
        if _only_has_attributes(value):
            return self._with_attributes(value, vars(value), place)
        return self._plain(value, place)

    def _of_estimator(self, estimator: BaseEstimator, place: str) -> Any:
        _check_importable(type(estimator), place)
        attributes = without_handles(estimator)
        if _EMPTY_BLOCKS in attributes:
            attributes[_EMPTY_BLOCKS] = {
                name: packed(block) for name, block in attributes[_EMPTY_BLOCKS].items()
            }
        return self._with_attributes(estimator, attributes, place)

    def _with_attributes(self, value: Any, attributes: Mapping[str, Any], place: str) -> Any:
        copy: Any = object.__new__(type(value))
        self._copies[id(value)] = copy
        vars(copy).update(
            {name: self.copy(part, f"{place}.{name}") for name, part in attributes.items()}
        )
        return copy

    @singledispatchmethod
    def _plain(self, value: Any, place: str) -> Any:
        return value  # skops says whether it can be written

    @_plain.register
    def _(self, value: os.PathLike, place: str) -> Any:
        return os.fspath(value)

    @_plain.register
    def _(self, value: list, place: str) -> Any:
        return [self.copy(part, f"{place}[{number}]") for number, part in enumerate(value)]

    @_plain.register
    def _(self, value: tuple, place: str) -> Any:
        parts = [self.copy(part, f"{place}[{number}]") for number, part in enumerate(value)]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)

    @_plain.register
    def _(self, value: dict, place: str) -> Any:
        _check_keys(value, place)
        parts = {key: self.copy(part, f"{place}[{key!r}]") for key, part in value.items()}
        if isinstance(value, defaultdict):
            return defaultdict(value.default_factory, parts)
        if type(value) is Bunch:
            return Bunch(**parts)
        return OrderedDict(parts) if type(value) is OrderedDict else parts

    @_plain.register
    def _(self, value: np.ndarray, place: str) -> Any:
        if isinstance(value.dtype, np.dtypes.StringDType):
            value = value.astype(object)
        if value.dtype != object or isinstance(value, np.ma.MaskedArray):
            return value
        if {type(part) for part in value.ravel()} <= {str, int, float, bool, type(None)}:
            return value
        copy = np.empty(value.shape, dtype=object)
        for number in np.ndindex(value.shape):
            copy[number] = self.copy(value[number], f"{place}[{number}]")
        return copy

    @_plain.register(pd.DataFrame)
    @_plain.register(pd.Series)
    @_plain.register(pd.Index)
    def _(self, value: Any, place: str) -> Any:
        raise ModelFileError(
            f"{place} is a {type(value).__name__} of pandas, which no model file can hold. Use "
            "an array or a list in its place."
        )

    @_plain.register(type(pd.NA))
    def _(self, value: Any, place: str) -> Any:
        raise ModelFileError(
            f"{place} is pandas.NA, which no model file can hold. Put None in its place, as by "
            "column.astype(object).where(column.notna(), None), and fit again."
        )

    @_plain.register(FunctionType)
    @_plain.register(BuiltinFunctionType)
    @_plain.register(type)
    def _(self, value: Any, place: str) -> Any:
        _check_importable(value, place)
        return value

    @_plain.register
    def _(self, value: MethodType, place: str) -> Any:
        raise ModelFileError(
            f"{place} is the method {value.__qualname__!r} of an object. A model file can name "
            "functions and classes of modules: use one in its place."
        )


def _only_has_attributes(value: Any) -> bool:
    """Tell whether an object is a plain one of Python, such as a scorer or a kernel."""
    kind = type(value)
    return (
        hasattr(value, "__dict__")
        and kind.__new__ is object.__new__
        and kind.__reduce__ is object.__reduce__
        and kind.__reduce_ex__ is object.__reduce_ex__
        and not isinstance(value, NOT_COPIED)
        and not sparse.issparse(value)
    )


def _check_importable(value: Callable[..., Any], place: str) -> None:
    """Raise unless another process finds this function or class under its name."""
    module, name = value.__module__, value.__name__
    if module == "__main__" or getattr(sys.modules.get(module or ""), name, None) is not value:
        raise ModelFileError(
            f"{place} is {value.__qualname__!r}, which no other process can import: it is defined "
            f"in {module!r}, and not under its own name in a module. Put it in a file of its own "
            "and import it from there. Who loads the model then names it in trusted=."
        )


def _check_keys(value: Mapping[Any, Any], place: str) -> None:
    for key in value:
        if not isinstance(key, KEYS) or isinstance(key, bool):
            raise ModelFileError(
                f"{place} has the key {key!r}. A model file can only hold text and numbers as keys."
            )
    if len({str(key) for key in value}) < len(value):
        raise ModelFileError(f"{place} has keys that are equal as text, such as 1 and '1'.")
