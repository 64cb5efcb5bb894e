"""Arrays of a model file, looked through before NumPy and SciPy read them.

A header may promise more than the file holds, for which memory would be set aside, and an array
of objects is a pickle.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from mmsk.exceptions import ModelFileError

MOST_PARTS_OF_NPZ = 16


def check_member(name: str, content: bytes, refused: Callable[[str], ModelFileError]) -> None:
    """Raise unless a member holds what the ending of its name says.

    Parameters
    ----------
    name : str
        Name of the member.
    content : bytes
        The member.
    refused : callable
        Makes the error that is raised of its reason.
    """
    try:
        if name.endswith(".npy"):
            _check_array(io.BytesIO(content), len(content))
        elif name.endswith(".npz"):
            _check_arrays(content)
    except (
        ValueError,
        TypeError,
        SyntaxError,
        OverflowError,
        EOFError,
        zipfile.BadZipFile,
    ) as error:
        raise refused(f"its member {name!r} is no array that can be read ({error}).") from error


def _check_array(file: Any, n_bytes: int) -> None:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else _read_later_header
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("an array of objects, which would be a pickle")
    n_expected = math.prod(shape) * max(1, dtype.itemsize)
    if n_expected != n_bytes - file.tell():
        raise ValueError(f"its header promises the shape {shape}")


def _read_later_header(file: Any) -> tuple[Any, bool, np.dtype]:
    return np.lib.format.read_array_header_2_0(file)


def _check_arrays(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        stored = all(part.compress_size == part.file_size for part in parts)
        n_bytes = sum(part.file_size for part in parts)
        if not stored or n_bytes > len(content) or len(parts) > MOST_PARTS_OF_NPZ:
            raise ValueError("its parts are compressed, or larger than it is")
        for part in parts:
            data = archive.read(part)
            _check_array(io.BytesIO(data), len(data))
