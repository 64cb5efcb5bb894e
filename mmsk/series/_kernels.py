"""The loops of MiniRocket, compiled by numba; import inside functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit


def _compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def compile_function(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:  # no folder to keep the compiled function in
            return njit(nogil=True, **options)(function)

    return compile_function


# Whole numbers are summed here, in float32 because that fills the vector unit: the order of the
# sums, which "reassoc" leaves open, changes nothing.
@_compiled(fastmath={"reassoc"})
def count_above(values: np.ndarray, bias: np.float32) -> np.float32:
    """Count the values above a bias; exact for up to 2**24 of them."""
    count = np.float32(0)
    for k in range(values.shape[0]):
        count += np.float32(1) if values[k] > bias else np.float32(0)
    return count


@_compiled()
def sum_windows(padded: np.ndarray, margin: int, dilation: int, out: np.ndarray) -> None:
    """Write minus the sum of the 9 values that a dilated kernel covers at each point.

    `padded` has shape (channels, margin + time + margin), `out` (channels, time).
    """
    n_points = out.shape[1]
    for channel in range(out.shape[0]):
        row = out[channel]
        row[:] = 0
        for place in range(-4, 5):
            begin = margin + place * dilation
            shifted = padded[channel, begin : begin + n_points]
            for k in range(n_points):
                row[k] -= shifted[k]


@_compiled()
def convolve(
    padded: np.ndarray,
    margin: int,
    dilation: int,
    sums: np.ndarray,
    places: np.ndarray,
    channels: np.ndarray,
    out: np.ndarray,
) -> None:
    """Write the sum over channels of the convolution with one kernel.

    A kernel has the weight 2 at three of its 9 places, and -1 at the others: 3 times the values
    at the three, added to what `sum_windows` gave.
    """
    n_points = out.shape[0]
    out[:] = 0
    for channel in channels:
        begin = margin + (places - 4) * dilation
        total = sums[channel]
        first = padded[channel, begin[0] : begin[0] + n_points]
        second = padded[channel, begin[1] : begin[1] + n_points]
        third = padded[channel, begin[2] : begin[2] + n_points]
        for k in range(n_points):
            out[k] += total[k] + np.float32(3) * (first[k] + second[k] + third[k])


@_compiled()
def shares_above(
    padded: np.ndarray,
    margin: int,
    dilations: np.ndarray,
    kernels: np.ndarray,
    channels: np.ndarray,
    ends_of_channels: np.ndarray,
    n_biases: np.ndarray,
    biases: np.ndarray,
    out: np.ndarray,
) -> None:
    """Write the share of points at which each convolution is above each of its biases.

    Dilations come one after the other, within each the kernels, and within each of these the
    biases, ``n_biases`` of a dilation. Pairs of dilation and kernel take turns: every other one
    leaves out the points at which the kernel reaches beyond the ends, where there are others.
    """
    n_points = padded.shape[1] - 2 * margin
    sums = np.empty((padded.shape[0], n_points), np.float32)
    convolved = np.empty(n_points, np.float32)
    feature = 0
    begin = 0
    for j in range(dilations.shape[0]):
        dilation = dilations[j]
        sum_windows(padded, margin, dilation, sums)
        reach = 4 * dilation if 8 * dilation < n_points else 0
        for k in range(kernels.shape[0]):
            end = ends_of_channels[j * kernels.shape[0] + k]
            convolve(padded, margin, dilation, sums, kernels[k], channels[begin:end], convolved)
            begin = end
            cut = reach if (j + k) % 2 == 1 else 0
            counted = convolved[cut : n_points - cut]
            for _ in range(n_biases[j]):
                count = count_above(counted, biases[feature])
                out[feature] = count / np.float32(counted.shape[0])
                feature += 1
