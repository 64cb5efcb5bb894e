"""What `memory=` of ModalityTransformer keeps: fitted transformers, and the rows they gave."""

from __future__ import annotations

import io
import os
import pickle
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from sklearn.utils.validation import check_memory

from mmsk.compose._content_digest import INERT
from mmsk.exceptions import CacheWarning
from mmsk.extraction import CellExtractor
from mmsk.extraction._base import FIRST_PROTOCOL_SENT
from mmsk.extraction._fingerprint import INERT as INERT_IN_CELL_EXTRACTORS
from mmsk.extraction._store import lock_of

ABSENT = object()

_warned: set[tuple[Any, ...]] = set()


def warn_once(message: str, *about: Any) -> None:
    """Warn with a CacheWarning, once a process of the same matter."""
    if about not in _warned:
        _warned.add(about)
        warnings.warn(message, CacheWarning)


def recall(
    memory: Any, key: str | None, function: Callable[..., Any], *arguments: Any, **more: Any
) -> Any:
    """Call a function, or return what it gave under the same key before.

    What goes wrong with the memory never ends the work: it is computed, and one warning tells.

    Parameters
    ----------
    memory : str, path or object with the interface of joblib.Memory
        Where results are kept.
    key : str or None
        Names the result; None is not looked up.
    function : callable
        Gives it.
    *arguments, **more : object
        Passed to `function`.

    Returns
    -------
    result : object
        What `function` returns.
    """
    if key is None:
        return function(*arguments, **more)
    shelf = Shelf(memory)
    result = shelf.read(key)
    if result is ABSENT:
        with shelf.lock(key):
            result = shelf.read(key)  # written while this process waited for the lock?
            if result is ABSENT:
                result = function(*arguments, **more)
                shelf.write(key, result)
    return result


def take_settings(fitted: Any, transformer: Any) -> None:
    """Give a fitted transformer those parameters of the one asked for that have no say in it."""
    fitted_with = fitted.get_params()
    inert = {
        name: value
        for name, value in transformer.get_params().items()
        if name.rpartition("__")[2] in INERT | INERT_IN_CELL_EXTRACTORS
        and fitted_with.get(name, value) != value
    }
    if inert:
        fitted.set_params(**inert)


class Shelf:
    """Results by their keys, in a joblib.Memory or what is like one.

    Parameters
    ----------
    memory : str, path or object with the interface of joblib.Memory
        As `ModalityTransformer` takes it.
    """

    def __init__(self, memory: Any) -> None:
        self.location = getattr(memory, "location", memory)
        self.kept = self._try("cannot be used", lambda: _cached(memory))

    def read(self, key: str) -> Any:
        """Return a result, or ABSENT."""
        if self.kept is ABSENT:
            return ABSENT
        return self._try(
            "has a damaged entry, which is computed anew",
            lambda: _unpacked(self.kept(key, _raise_absent)),
        )

    def write(self, key: str, result: Any) -> None:
        """Keep a result."""
        if self.kept is not ABSENT:
            self._try("cannot keep a result", lambda: self._write(_packed(result), key))

    def _write(self, entry: Any, key: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what joblib only warns of: a full disk
            getattr(self.kept, "call", self.kept)(key, lambda: entry)

    def lock(self, key: str) -> AbstractContextManager:
        """Lock a result, so that one process computes it and others wait; it ends with them."""
        with suppress(OSError, NotImplementedError, TypeError):  # no folder, or a read-only one
            return lock_of(Path(self.location), key).acquire()
        return nullcontext()

    def _try(self, failed: str, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except _AbsentError:
            return ABSENT
        except Exception as error:
            reason = getattr(error, "strerror", None) or error
            memory = f"memory={str(self.location)!r}"
            warn_once(f"{memory} {failed}: {reason}", memory, failed, type(error))
            return ABSENT


class _AbsentError(Exception):
    """A result is not kept."""


def _raise_absent() -> Any:
    raise _AbsentError


def _kept(key: str, give: Callable[[], Any]) -> Any:
    """Give the entry of a key; joblib.Memory calls this where it has none."""
    return give()


def _cached(memory: Any) -> Any:
    if isinstance(memory, os.PathLike):
        memory = os.fspath(memory)
    return check_memory(memory).cache(_kept, ignore=["give"])


class _Pickler(pickle.Pickler):
    """Leave out the settings that extractors send to workers: these were of another time."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, CellExtractor):
            return value.__reduce_ex__(FIRST_PROTOCOL_SENT - 1)
        return NotImplemented


def _packed(result: Any) -> tuple[int, bytes, list[np.ndarray]]:
    """Pickle a result, arrays on their own, which then are written and read without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    file = io.BytesIO()
    _Pickler(file, protocol=5, buffer_callback=buffers.append).dump(result)
    arrays = [np.frombuffer(buffer.raw(), dtype=np.uint8) for buffer in buffers]
    return _checksum(file.getvalue(), arrays), file.getvalue(), arrays


def _unpacked(entry: tuple[int, bytes, list[np.ndarray]]) -> Any:
    checksum, content, arrays = entry
    if _checksum(content, arrays) != checksum:
        raise ValueError("its checksum is wrong")
    return pickle.loads(content, buffers=arrays)


def _checksum(content: bytes, arrays: list[np.ndarray]) -> int:
    value = crc32(content)
    for array in arrays:
        value = crc32(array.data, value)
    return value
