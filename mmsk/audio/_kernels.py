"""The two loops that numpy has no fast form for, compiled by numba; import inside functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    # Sums may be taken in another order, which lets them use the vector unit; the order is
    # fixed when the function is compiled, so equal input gives equal output.
    orders = {"contract", "reassoc"}
    try:
        return njit(cache=True, nogil=True, fastmath=orders)(function)
    except RuntimeError:  # no folder to keep the compiled function in
        return njit(nogil=True, fastmath=orders)(function)


@_compiled
def window_frames(
    samples: np.ndarray,
    margin: int,
    window: np.ndarray,
    first: int,
    hop_length: int,
    out: np.ndarray,
) -> None:
    """Write windowed frames first, first + 1, ... of a sound to the rows of `out`.

    Frame 0 begins `margin` samples before the sound; there and behind its end is silence.
    """
    n_fft = window.shape[0]
    for frame in range(out.shape[0]):
        begin = (first + frame) * hop_length - margin
        before = min(max(0, -begin), n_fft)
        behind = max(before, min(n_fft, samples.shape[0] - begin))
        out[frame, :before] = 0
        out[frame, behind:] = 0
        # Views, because numba turns an index it cannot prove positive into slow code.
        inside = samples[begin + before : begin + behind]
        weights = window[before:behind]
        row = out[frame, before:behind]
        for k in range(inside.shape[0]):
            row[k] = inside[k] * weights[k]


@_compiled
def sum_bands(
    spectra: np.ndarray,
    power: float,
    first_bins: np.ndarray,
    offsets: np.ndarray,
    weights: np.ndarray,
    out: np.ndarray,
) -> None:
    """Sum the powers of spectra (real and imaginary parts side by side) within each band.

    Band m covers the bins from ``first_bins[m]`` on with the weights
    ``weights[offsets[m]:offsets[m + 1]]``.
    """
    n_bins = spectra.shape[1] // 2
    powers = np.empty(n_bins, spectra.dtype)
    for frame in range(spectra.shape[0]):
        row = spectra[frame]
        for k in range(n_bins):
            real = row[2 * k]
            imaginary = row[2 * k + 1]
            powers[k] = real * real + imaginary * imaginary
        if power != 2:
            for k in range(n_bins):
                powers[k] = powers[k] ** (power / 2)
        for band in range(first_bins.shape[0]):
            weight = weights[offsets[band] : offsets[band + 1]]
            within = powers[first_bins[band] : first_bins[band] + weight.shape[0]]
            total = spectra.dtype.type(0)
            for k in range(weight.shape[0]):
                total += within[k] * weight[k]
            out[frame, band] = total
