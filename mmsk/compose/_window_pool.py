"""Statistics of rows that come piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_LARGEST = float(np.finfo(np.float32).max)


class WindowPool:
    """Mean, deviation and extremes of the features of windows, whatever their number."""

    def __init__(self) -> None:
        self.n_rows = 0
        self.mean: Any = 0.0
        self.squares: Any = 0.0
        self.min: Any = np.inf
        self.max: Any = -np.inf

    def add(self, rows: np.ndarray) -> None:
        """Count rows, shape (n_windows, n_features)."""
        rows = rows.astype(np.float64)
        mean = rows.mean(axis=0)
        difference = mean - self.mean
        share = len(rows) / (self.n_rows + len(rows))
        self.squares = self.squares + np.square(rows - mean).sum(axis=0)
        self.squares += np.square(difference) * share * self.n_rows
        self.mean = self.mean + difference * share
        self.n_rows += len(rows)
        self.min = np.minimum(self.min, rows.min(axis=0))
        self.max = np.maximum(self.max, rows.max(axis=0))

    def pooled(self, names: Any) -> np.ndarray:
        """Return the statistics of these names, one after the other, as float32."""
        values = np.concatenate([POOLINGS[name](self) for name in names])
        # Deviations of values near the end of float32 lie beyond it.
        return np.clip(values, -_LARGEST, _LARGEST).astype(np.float32)

    def _std(self) -> np.ndarray:
        return np.sqrt(self.squares / self.n_rows)


POOLINGS: dict[str, Callable[[WindowPool], np.ndarray]] = {
    "mean": lambda pool: pool.mean,
    "std": WindowPool._std,
    "min": lambda pool: pool.min,
    "max": lambda pool: pool.max,
}
