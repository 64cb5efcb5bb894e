"""What the code of a class depends on, as it is loaded, wherever it was written."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

DIGITS = 32
MOST_CONTAINERS_REMEMBERED = 1000
_LIBRARIES = tuple(
    str(Path(sysconfig.get_path(name)).resolve()) + os.sep
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)

_containers_at_first: dict[int, tuple[Any, str]] = {}


def describe_code(kind: type | FunctionType) -> str:
    """Describe the code of a class or function; the same in every process that loaded it.

    It is followed from the class and its bases to the functions, classes and plain values that
    their methods name, in a script, a module, a notebook or ``exec``, up to installed packages.
    Of mmsk itself the files of the room count. What is reached in other ways (an attribute of a
    module or of an object) is not seen: a class that depends on it raises its
    ``extractor_version``.
    """
    return repr(_describe(kind, set()))


@lru_cache(maxsize=64)
def digest_of_folder(folder: Path) -> str:
    """Digest all Python files of a folder, with their names, as they are at the first call."""
    state = hashlib.blake2b(digest_size=DIGITS // 2)
    for file in sorted(folder.glob("*.py")):
        state.update(file.name.encode() + b"\0" + file.read_bytes())
    return state.hexdigest()


def digest_of_room(module_name: str) -> str | None:
    """Digest the room of mmsk in which a module lies; None for the engine and other packages."""
    if not module_name.startswith("mmsk.") or module_name.startswith("mmsk.extraction"):
        return None
    folder = Path(sys.modules[module_name].__file__ or "").parent
    root = Path(sys.modules["mmsk"].__file__ or "").parent
    return digest_of_folder(folder) + digest_of_folder(root / "_nets")


def _describe(value: Any, seen: set[int]) -> Any:
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, property):
        return [_describe(part, seen) for part in (value.fget, value.fset)]
    if isinstance(value, ModuleType):
        return value.__name__
    if callable(value):
        value = inspect.unwrap(value)
    if isinstance(value, FunctionType | type):
        name = f"{value.__module__}.{value.__qualname__}"
        if id(value) in seen or _is_library(value.__module__):
            return [name, digest_of_room(value.__module__)]
        seen.add(id(value))
        parts = _of_class(value, seen) if isinstance(value, type) else _of_function(value, seen)
        return [name, parts]
    return _plain(value)


def _of_class(kind: type, seen: set[int]) -> list[Any]:
    own = [
        (name, _describe(value, seen))
        for name, value in sorted(vars(kind).items())
        if callable(value) or isinstance(value, property) or not name.startswith("_")
    ]
    return [own, [_describe(base, seen) for base in kind.__bases__]]


def _of_function(function: FunctionType, seen: set[int]) -> list[Any]:
    named = sorted(set(_names(function.__code__)) & function.__globals__.keys())
    values = [function.__globals__[name] for name in named]
    values += [function.__defaults__, function.__kwdefaults__]
    values += [cell.cell_contents for cell in function.__closure__ or () if _is_full(cell)]
    return [_of_code(function.__code__), named, [_describe(value, seen) for value in values]]


def _of_code(code: CodeType) -> list[Any]:
    constants = [
        _of_code(constant) if isinstance(constant, CodeType) else _plain(constant)
        for constant in code.co_consts
    ]
    return [code.co_name, code.co_code, code.co_names, constants, code.co_exceptiontable]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _plain(value: Any) -> Any:
    """Return what shows a plain value, and of others only their kind, which has no address."""
    if isinstance(value, list | set | dict):
        return _at_first(value)
    if isinstance(value, tuple | frozenset):
        return _of_container(value)
    plain = value is None or value is ... or isinstance(value, bool | int | float | complex)
    return value if plain or isinstance(value, str | bytes) else type(value).__qualname__


def _at_first(container: Any) -> str:
    """Describe a container as it was when first seen, since some are filled as they are used."""
    if id(container) not in _containers_at_first:
        if len(_containers_at_first) >= MOST_CONTAINERS_REMEMBERED:
            _containers_at_first.clear()
        _containers_at_first[id(container)] = container, repr(_of_container(container))
    return _containers_at_first[id(container)][1]


def _of_container(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return sorted((repr(_plain(key)), repr(_plain(part))) for key, part in container.items())
    parts = [_plain(part) for part in container]
    return sorted(map(repr, parts)) if isinstance(container, set | frozenset) else parts


@lru_cache(maxsize=1024)
def _is_library(module_name: str) -> bool:
    if module_name.partition(".")[0] in ("mmsk", *sys.builtin_module_names):
        return True
    if module_name == "__main__":
        return False  # of a worker it is a file of the library that started it
    file = getattr(sys.modules.get(module_name), "__file__", None)
    return file is not None and str(Path(file).resolve()).startswith(_LIBRARIES)
