"""Channels of different units brought to one scale."""

from __future__ import annotations

import numpy as np

from mmsk.series._moments import Moments


class ChannelTotals:
    """Mean and deviation of each channel over many series of any length.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    """

    def __init__(self, n_channels: int) -> None:
        self.n_points = 0
        self.sums = np.zeros(n_channels)
        self.squares = np.zeros(n_channels)

    def add(self, values: np.ndarray) -> None:
        """Count a series, shape (time, channels)."""
        values = values.astype(np.float64)
        self.n_points += len(values)
        self.sums += values.sum(axis=0)
        self.squares += np.square(values).sum(axis=0)

    def mean_and_std(self) -> tuple[np.ndarray, np.ndarray]:
        """Return both, shape (channels,); the deviation of a constant channel is 1."""
        mean = self.sums / self.n_points
        variance = self.squares / self.n_points - np.square(mean)
        # Of a constant channel rounding may leave a trace, of either sign.
        constant = variance <= 1e-12 * np.square(mean)
        return mean, np.sqrt(np.where(constant, 1.0, variance))


def standardized(values: np.ndarray) -> np.ndarray:
    """Give each channel of one series mean 0 and deviation 1, shape (time, channels)."""
    return Moments(values.astype(np.float64)).standard
