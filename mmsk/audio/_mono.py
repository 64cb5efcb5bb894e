"""Mixing channels to one, and arrays given as cells."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from numbers import Real
from typing import Any

import numpy as np

from mmsk.exceptions import ReadError

MOST_CHANNELS = 64
# Full scale of each accepted kind of integer; uint8 is centred on 128, as in WAV files.
_FULL_SCALE = {"int16": 2**15, "int32": 2**31, "uint8": 2**7}
# The square of a spectrum must stay within float32.
_LARGEST_SAMPLE = 1e9
_CANCELLED = 1e-4


def mix(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the mean over the channels of each block, and warn at the end if they cancel.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_samples, n_channels), dtype float32
        A sound, piece by piece.

    Yields
    ------
    mixed : ndarray of shape (n_samples,), dtype float32
        One channel.

    Raises
    ------
    ReadError
        If samples are NaN, infinite or absurdly large.
    """
    energy_in = energy_out = 0.0
    for block in blocks:
        check_samples(block)  # before mixing: infinite channels may cancel each other
        if block.shape[1] == 1:
            yield np.ascontiguousarray(block[:, 0])
            continue
        mixed = block.mean(axis=1, dtype=np.float32)
        energy_in += float(np.vdot(block, block)) / block.shape[1]
        energy_out += float(np.vdot(mixed, mixed))
        yield mixed
    if energy_out < _CANCELLED * energy_in:
        warnings.warn(
            "The channels of a sound cancel each other: their mean has less than "
            f"{_CANCELLED:.2%} of their energy. Give one channel as (samples, sample_rate)."
        )


def from_array(cell: tuple[Any, Any]) -> tuple[np.ndarray, int]:
    """Return the samples of a ``(samples, sample_rate)`` cell as float32, and the rate.

    Returns
    -------
    samples : ndarray of shape (n_samples, n_channels), dtype float32
        Integers divided by their full scale; floats as they are.
    sample_rate : int
        In Hz.

    Raises
    ------
    ReadError
        If the cell is no such pair.
    """
    if len(cell) != 2 or not isinstance(cell[1], Real) or isinstance(cell[1], bool):
        raise ReadError("a pair must be (samples, sample_rate), the rate a number in Hz", "check")
    rate = float(cell[1])
    if not rate.is_integer():
        raise ReadError(f"sample rate of {rate} Hz is not a whole number", "check")
    return to_float(_array(cell[0])), int(rate)


def check_samples(samples: np.ndarray) -> None:
    """Raise ReadError for NaN, infinite or absurdly large samples."""
    low, high = samples.min(), samples.max()
    if low >= -_LARGEST_SAMPLE and high <= _LARGEST_SAMPLE:
        return
    if not np.isfinite(low) or not np.isfinite(high):
        raise ReadError("NaN or infinite samples", "check")
    raise ReadError(
        f"samples as large as {max(-low, high):.3g}; full scale is 1 for floats", "check"
    )


def _array(samples: Any) -> np.ndarray:
    try:
        array = np.asarray(samples)
    except Exception as error:
        raise ReadError(f"samples are not an array: {error}", "check", cause=error) from error
    if np.ma.is_masked(samples):
        raise ReadError("samples that are masked in places: fill them, or cut them out", "check")
    if array.ndim not in (1, 2):
        raise ReadError(
            f"samples of shape {array.shape}, not (n_samples,) or (n_samples, n_channels)", "check"
        )
    if array.ndim == 2 and array.shape[1] > MOST_CHANNELS:
        raise ReadError(
            f"samples of shape {array.shape} have more than {MOST_CHANNELS} channels; the shape "
            "is (n_samples, n_channels): transpose them",
            "check",
        )
    return array if array.ndim == 2 else array[:, np.newaxis]


def to_float(array: np.ndarray) -> np.ndarray:
    """Return samples as float32, integers divided by their full scale, or raise ReadError."""
    kind = array.dtype.name
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return array.astype(np.float32, copy=False)
    if kind not in _FULL_SCALE:
        raise ReadError(
            f"samples of dtype {kind}; accepted are float, int16, int32 and uint8", "check"
        )
    scale = np.float32(_FULL_SCALE[kind])
    if kind == "uint8":
        return (array.astype(np.float32) - scale) / scale
    return array.astype(np.float32) / scale
