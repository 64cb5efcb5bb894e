"""Samples as plain data: what comes from a process that decodes must not be able to run code.

A pickle runs what it names while it is read, so one from a decoder that a file has taken over
would hand it this process. Here a sample is a tree of names from a fixed list, which JSON
carries, and the bytes of its arrays behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from mmsk.samples import AudioClip, Image, Series, VideoClip

Kind = TypeVar("Kind", bound=type)

_SAMPLES: dict[str, type] = {kind.__name__: kind for kind in (Image, AudioClip, Series, VideoClip)}
_NUMBERS = re.compile(r"[<>|][biufc]\d{1,2}")


def plain_sample(kind: Kind) -> Kind:
    """Let a dataclass or NamedTuple travel; what checks its values must be in the class itself."""
    _SAMPLES[kind.__name__] = kind
    return kind


def to_plain(value: Any, buffers: list[Any]) -> Any:
    """Take a sample apart.

    Parameters
    ----------
    value : object
        None, numbers, strings, bytes, NumPy arrays and scalars of numbers, samples of
        `mmsk.samples`, and lists, tuples and dicts of these with str or int keys.
    buffers : list
        Gets the bytes of arrays, in the order of the tree.

    Returns
    -------
    tree : None, bool, int, float, str or list
        For JSON.

    Raises
    ------
    TypeError
        If it holds anything else.
    """
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind in (list, tuple):
        return [kind.__name__, [to_plain(part, buffers) for part in value]]
    if kind is dict and all(type(key) in (str, int) for key in value):
        return ["dict", [[key, to_plain(part, buffers)] for key, part in value.items()]]
    if kind is bytes:
        buffers.append(value)
        return ["bytes", len(value)]
    if kind is np.ndarray and _NUMBERS.fullmatch(value.dtype.str):
        return _array_to_plain(value, buffers)
    if isinstance(value, np.generic) and _NUMBERS.fullmatch(value.dtype.str):
        buffers.append(value.tobytes())
        return ["scalar", value.dtype.str]
    if _SAMPLES.get(kind.__name__) is kind:
        parts = [to_plain(getattr(value, name), buffers) for name in _field_names(kind)]
        return ["sample", kind.__name__, parts]
    raise TypeError(
        f"a {kind.__module__}.{kind.__qualname__} cannot come back from a process that decodes: "
        "only numbers, strings, NumPy arrays of numbers, samples of mmsk, and lists, tuples and "
        "dicts of these can. Give one of them, or use mmsk.set_config(decode_workers='thread')."
    )


def from_plain(tree: Any, take: Callable[[int], np.ndarray]) -> Any:
    """Put a sample together again.

    Parameters
    ----------
    tree : object
        What JSON gave; nothing is taken for granted about it.
    take : callable
        Gives the next bytes, of a number that it refuses where it is too large.

    Returns
    -------
    value : object
        As `to_plain` took it. Arrays are in C or Fortran order, as they were.

    Raises
    ------
    ValueError
        If the tree is none that `to_plain` gives.
    """
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    match tree:
        case ["list", [*parts]]:
            return [from_plain(part, take) for part in parts]
        case ["tuple", [*parts]]:
            return tuple(from_plain(part, take) for part in parts)
        case ["dict", [*pairs]]:
            return dict(_pair(pair, take) for pair in pairs)
        case ["bytes", int(n_bytes)]:
            return take(_size(n_bytes)).tobytes()
        case ["array", str(code), [*shape], "C" | "F" as order]:
            return _array(code, shape, order, take)
        case ["scalar", str(code)]:
            return _array(code, [], "C", take)[()]
        case ["sample", str(name), [*parts]] if name in _SAMPLES:
            return _SAMPLES[name](*(from_plain(part, take) for part in parts))
    raise ValueError("no sample, but something else")


def _array_to_plain(array: np.ndarray, buffers: list[Any]) -> list[Any]:
    # The order decides in which order later sums are taken, and so the last bits of a feature.
    in_columns = array.flags.f_contiguous and not array.flags.c_contiguous
    order: Literal["C", "F"] = "F" if in_columns else "C"
    flat = array.ravel(order)
    buffers.append(flat.view(np.uint8).data if flat.size else b"")
    return ["array", array.dtype.str, list(array.shape), order]


def _array(code: str, shape: list[Any], order: Any, take: Callable[[int], Any]) -> np.ndarray:
    if not _NUMBERS.fullmatch(code):
        raise ValueError(f"an array of {code[:20]!r}")
    dtype = np.dtype(code)
    n_values = math.prod(_size(length) for length in shape)
    content = take(n_values * dtype.itemsize)
    # NumPy counts on 0 and 1 where it counts what a mask selects.
    if dtype.kind == "b" and content.size and content.max() > 1:
        raise ValueError("truth values other than 0 and 1")
    return content.view(dtype).reshape(shape, order=order)


def _pair(pair: Any, take: Callable[[int], np.ndarray]) -> tuple[str | int, Any]:
    match pair:
        case [str() | int() as key, value]:
            return key, from_plain(value, take)
    raise ValueError("no pair of key and value")


def _size(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ValueError(f"{str(number)[:20]} is no size")
    return number


def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else kind._fields
