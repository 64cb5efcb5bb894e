"""What a check of an extractor is given."""

from __future__ import annotations

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
class ExtractorSubject:
    """An extractor with the cells to check it on; `extractor_checks` documents the fields."""

    extractor: Any
    cells: Sequence[Any]
    searchable: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    bad_cell: Any = None
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if len(self.cells) < 4:
            raise ValueError(f"cells has {len(self.cells)} cells; the checks need at least 4.")

    def fresh(self, **parameters: Any) -> Any:
        """Return an unfitted copy, with some parameters changed."""
        return clone(self.extractor).set_params(**parameters)

    def fitted(self, **parameters: Any) -> Any:
        """Return a copy fitted on the cells."""
        return self.fresh(**parameters).fit(self.cells)

    def features(self, **parameters: Any) -> Any:
        """Return the features of the cells, fitted and transformed afresh."""
        return self.fitted(**parameters).transform(self.cells)

    @cached_property
    def reference(self) -> Any:
        """The features of the cells, which no check may change."""
        return self.features()

    @property
    def is_frozen(self) -> bool:
        """Whether the extractor has nothing to learn in fit."""
        return not get_tags(self.extractor).requires_fit

    def need_parameter(self, name: str) -> None:
        """Skip the check where the extractor has no such parameter."""
        if name not in self.extractor.get_params(deep=False):
            raise SkipTest(f"{type(self.extractor).__name__} has no parameter {name!r}.")

    def need_searchable(self) -> Mapping[str, Sequence[Any]]:
        """Return the searchable parameters, or skip the check."""
        if not self.searchable:
            raise SkipTest("No searchable parameter was given.")
        return self.searchable

    def __repr__(self) -> str:
        return f"{self.extractor!r} on {len(self.cells)} cells"


def object_array(cells: Sequence[Any]) -> np.ndarray:
    """Return cells as a 1-D object array, also where the cells are arrays."""
    column = np.empty(len(cells), dtype=object)
    for row, cell in enumerate(cells):
        column[row] = cell
    return column


def object_series(cells: Sequence[Any], index: Any = None, name: str = "cells") -> pd.Series:
    """Return cells as a pandas Series of dtype object."""
    return pd.Series(object_array(cells), index=index, name=name, dtype=object)
