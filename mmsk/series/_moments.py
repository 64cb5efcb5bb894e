"""A series with its mean and deviation, where a constant channel is told from rounding."""

from __future__ import annotations

import numpy as np

# Below this share of the size of its values, a channel varies by rounding alone.
SMALLEST_SPREAD = 1e-7


class Moments:
    """A series with what several statistics are computed from.

    Parameters
    ----------
    values : ndarray of shape (time, channels), dtype float64
        The series.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.mean = values.mean(axis=0)
        centred = values - self.mean
        spread = np.sqrt(np.square(centred).mean(axis=0))
        constant = spread <= SMALLEST_SPREAD * np.abs(values).max(axis=0)
        self.std = np.where(constant, 0, spread)
        self.centred = np.where(constant, 0, centred)
        # Zero for a constant channel, so that whatever is divided by its spread is 0.
        self.standard = self.centred / np.where(constant, 1, spread)

    def correlation_with_time(self) -> np.ndarray:
        """Pearson's correlation of each channel with time."""
        time = np.arange(len(self.values)) - (len(self.values) - 1) / 2
        return time @ self.standard / len(time) / (time.std() or 1)

    def trend(self) -> np.ndarray:
        """Rise of the least-squares line from the first point to the last."""
        n_points = len(self.values)
        # n_points - 1 steps over the deviation of 0, 1, ..., n_points - 1.
        steps = np.sqrt(12 * (n_points - 1) / (n_points + 1))
        return self.correlation_with_time() * self.std * steps
