"""What a check is given."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unittest import SkipTest

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import get_tags


@dataclass(frozen=True)
class Subject:
    """An estimator with what it is checked on."""

    estimator: Any
    data: Any
    y: Any = None
    searchable: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    tolerance: float = 0.0

    def fresh(self, **parameters: Any) -> Any:
        """Return an unfitted copy, with some parameters changed."""
        return clone(self.estimator).set_params(**parameters)

    def fit(self, estimator: Any) -> Any:
        """Fit an estimator on the data."""
        return estimator.fit(self.data, self.y)

    def fitted(self, **parameters: Any) -> Any:
        """Return a fitted copy."""
        return self.fit(self.fresh(**parameters))

    def output(self, fitted: Any) -> Any:
        """Return what a fitted estimator makes of the data."""
        return fitted.transform(self.data)

    def features(self, **parameters: Any) -> Any:
        """Return the output of a copy that is fitted afresh."""
        return self.output(self.fitted(**parameters))

    @cached_property
    def reference(self) -> Any:
        """The output for the data, which no check may change."""
        return self.features()

    def as_pandas(self, index: Sequence[Any]) -> Any:
        """Return the data as a pandas object with that index."""
        raise NotImplementedError

    @property
    def is_frozen(self) -> bool:
        """Whether the estimator has nothing to learn in fit."""
        return not get_tags(self.estimator).requires_fit

    def need_parameter(self, name: str) -> None:
        """Skip the check where the estimator has no such parameter."""
        if name not in self.estimator.get_params(deep=False):
            raise SkipTest(f"{type(self.estimator).__name__} has no parameter {name!r}.")

    def need_searchable(self) -> Mapping[str, Sequence[Any]]:
        """Return the searchable parameters, or skip the check."""
        if not self.searchable:
            raise SkipTest("No searchable parameter was given.")
        return self.searchable

    def __repr__(self) -> str:
        return f"{self.estimator!r}"


@dataclass(frozen=True, repr=False)
class ExtractorSubject(Subject):
    """An extractor with the cells to check it on; `extractor_checks` documents the fields."""

    bad_cell: Any = None

    def __post_init__(self) -> None:
        if len(self.data) < 4:
            raise ValueError(f"cells has {len(self.data)} cells; the checks need at least 4.")

    @property
    def cells(self) -> Sequence[Any]:
        """The raw cells."""
        return self.data

    def as_pandas(self, index: Sequence[Any]) -> pd.Series:
        """Return the cells as a Series with that index."""
        return object_series(self.cells, index=index)


def need_polars() -> Any:
    """Return the module polars, or skip the check."""
    if importlib.util.find_spec("polars") is None:
        raise SkipTest("polars is not installed.")
    return importlib.import_module("polars")


def object_array(cells: Sequence[Any]) -> np.ndarray:
    """Return cells as a 1-D object array, also where the cells are arrays."""
    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        column[row] = cell
    return column


def object_series(cells: Sequence[Any], index: Any = None, name: str = "cells") -> pd.Series:
    """Return cells as a pandas Series of dtype object."""
    return pd.Series(object_array(cells), index=index, name=name, dtype=object)
