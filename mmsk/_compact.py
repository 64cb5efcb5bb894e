"""Arrays of weights in fewer bytes, under the same names, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

DTYPES = ("float16", "int8")

MOST_WITH_BITS = 0.75  # putting zeros back takes several times as long as all else in `expand`

_SCALE, _PLACES, _SHAPE = "::scale", "::places", "::shape"
_SUFFIXES = (_SCALE, _PLACES, _SHAPE)
_LARGEST_CODE = 127
_LARGEST_HALF = float(np.finfo(np.float16).max)


def compact(
    arrays: Mapping[str, np.ndarray], dtype: str, prune: float = 0.0
) -> dict[str, np.ndarray]:
    """Return arrays in fewer bytes, of which `expand` makes what they stand for.

    Vectors, such as offsets and the numbers of a normalization, and integers are kept as they
    are: they take little room and much may hang on one of them. So are arrays that hold
    anything but finite numbers, or for float16 numbers beyond its range.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        The weights by their names.
    dtype : {"float16", "int8"}
        ``"int8"`` takes whole numbers from -127 to 127, times one float32 for each index of the
        first axis that is longer than 1: for each output of a layer.
    prune : float
        Share of each matrix, its weights nearest to zero, that becomes zero. Where it saves a
        quarter of the room, only weights other than zero are stored, and a bit for every place.

    Returns
    -------
    compact : dict of str to ndarray
        The arrays; what else belongs to ``name`` stands under ``name::scale``, ``name::places``
        and ``name::shape``.
    """
    result: dict[str, np.ndarray] = {}
    for name, values in arrays.items():
        if values.ndim < 2 or values.dtype.kind != "f" or not np.isfinite(values).all():
            result[name] = values
        else:
            result |= _in_fewer_bytes(name, _pruned(values, prune), dtype)
    return result


def expand(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the float32 arrays that compact ones stand for; others are returned as they are.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        From `compact`, or any arrays.

    Returns
    -------
    arrays : dict of str to ndarray
        Under their own names alone.
    """
    return {name: _expanded(name, arrays) for name in arrays if not name.endswith(_SUFFIXES)}


def has_codes(names: Iterable[str]) -> bool:
    """Tell whether there are arrays among these that only `expand` can read."""
    return any(name.endswith(_SUFFIXES) for name in names)


def shape_of(arrays: Mapping[str, np.ndarray], name: str) -> tuple[int, ...]:
    """Return the shape of an array that may be compact."""
    return tuple(arrays.get(name + _SHAPE, arrays[name].shape))


def _pruned(values: np.ndarray, share: float) -> np.ndarray:
    n_zeros = round(share * values.size)
    if n_zeros == 0:
        return values
    pruned = values.ravel().copy()
    pruned[np.argpartition(np.abs(pruned), n_zeros - 1)[:n_zeros]] = 0
    return pruned.reshape(values.shape)


def _in_fewer_bytes(name: str, values: np.ndarray, dtype: str) -> dict[str, np.ndarray]:
    if dtype == "int8":
        codes, scale = _whole_numbers(values)
        return _without_zeros(name, codes) | {name + _SCALE: scale}
    if np.abs(values).max(initial=0) > _LARGEST_HALF:
        return {name: values}
    return _without_zeros(name, values.astype(np.float16))


def _whole_numbers(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    outputs = next((axis for axis, length in enumerate(values.shape) if length > 1), 0)
    others = tuple(axis for axis in range(values.ndim) if axis != outputs)
    largest = np.abs(values).max(axis=others, keepdims=True, initial=0)
    scale = (largest / _LARGEST_CODE).astype(np.float32)
    return np.rint(values / np.where(scale == 0, 1, scale)).astype(np.int8), scale


def _without_zeros(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    places = values != 0
    bits, kept = np.packbits(places), values[places]
    if bits.nbytes + kept.nbytes > MOST_WITH_BITS * values.nbytes:
        return {name: values}
    return {name: kept, name + _PLACES: bits, name + _SHAPE: np.array(values.shape)}


def _expanded(name: str, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    values, scale = arrays[name], arrays.get(name + _SCALE)
    if scale is not None or values.dtype == np.float16:
        values = values.astype(np.float32)
    if name + _PLACES in arrays:
        dense = np.zeros(arrays[name + _SHAPE], dtype=values.dtype)
        bits = np.unpackbits(arrays[name + _PLACES], count=dense.size)
        dense[bits.reshape(dense.shape).astype(bool)] = values
        values = dense
    return values if scale is None else values * scale
