"""What MiniRocket fixes or draws before it sees values: kernels, dilations, channels, quantiles."""

from __future__ import annotations

from itertools import combinations

import numpy as np

# Places of the weight 2 among the 9 of a kernel; the others have -1.
KERNELS = np.array(list(combinations(range(9), 3)), dtype=np.int64)
MOST_CHANNELS_OF_A_KERNEL = 9
GOLDEN_RATIO = (np.sqrt(5) + 1) / 2


def spread_dilations(
    n_points: int, n_features_of_a_kernel: int, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the dilations, and how many features a kernel has under each.

    Parameters
    ----------
    n_points : int
        Length of the longest series, which the most stretched kernel just covers.
    n_features_of_a_kernel : int
        Features of a kernel under all dilations together.
    most : int
        Most dilations.

    Returns
    -------
    dilations : ndarray of int64
        Rising, evenly spaced in their logarithms before they are rounded down.
    n_biases : ndarray of int64
        As many as the logarithms that were rounded to the same dilation.
    """
    n_drawn = min(n_features_of_a_kernel, most)
    longest = max(1.0, (n_points - 1) / 8)
    drawn = (2 ** np.linspace(0, np.log2(longest), n_drawn)).astype(np.int64)
    dilations, counts = np.unique(drawn, return_counts=True)
    n_biases = (counts * (n_features_of_a_kernel / n_drawn)).astype(np.int64)
    missing = n_features_of_a_kernel - n_biases.sum()
    n_biases += missing // len(n_biases)
    n_biases[: missing % len(n_biases)] += 1
    return dilations, n_biases


def draw_channels(n_kernels: int, n_channels: int, generator: np.random.Generator) -> np.ndarray:
    """Draw the channels that each kernel sees: mostly few, at most 9.

    Returns
    -------
    seen : ndarray of shape (n_kernels, n_channels), dtype bool
        True where it sees the channel.
    """
    most = min(n_channels, MOST_CHANNELS_OF_A_KERNEL)
    counts = (2 ** generator.uniform(0, np.log2(most + 1), n_kernels)).astype(np.int64)
    seen = np.zeros((n_kernels, n_channels), dtype=bool)
    for row, count in zip(seen, counts.tolist(), strict=True):
        row[generator.choice(n_channels, count, replace=False)] = True
    return seen


def spread_shares(number: int) -> np.ndarray:
    """Return shares in 0..1: multiples of the golden ratio, which cover it evenly at any number."""
    return np.arange(1, number + 1) * GOLDEN_RATIO % 1
