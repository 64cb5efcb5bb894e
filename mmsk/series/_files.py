"""Series in files: .npy, .csv and .parquet, told apart by their content."""

from __future__ import annotations

import os
from typing import BinaryIO

import numpy as np

from mmsk.exceptions import ReadError
from mmsk.series._csv import CheckSize, read_csv
from mmsk.series._parquet import read_parquet
from mmsk.series._table import Table, table_of_array

NPY_MAGIC = b"\x93NUMPY"
PARQUET_MAGIC = b"PAR1"


def read_table(file: BinaryIO, time_column: str | None, check_size: CheckSize) -> Table:
    """Read one file from its start.

    Parameters
    ----------
    file : binary file object
        Of a size that was checked.
    time_column : str or None
        Name of the column with the times.
    check_size : callable
        Called with the numbers of points and channels that the header declares; raises
        ReadError where they are over a limit.

    Raises
    ------
    ReadError
        If the file is no series, is damaged, or holds anything but numbers.
    """
    head = file.read(len(NPY_MAGIC))
    file.seek(0)
    if head == NPY_MAGIC:
        return _read_npy(file, check_size)
    if head[: len(PARQUET_MAGIC)] == PARQUET_MAGIC:
        return read_parquet(file, time_column, check_size)
    return read_csv(file, time_column, check_size)


def _read_npy(file: BinaryIO, check_size: CheckSize) -> Table:
    shape, fortran_order, dtype = _npy_header(file)
    if dtype.kind not in "fiub":
        raise ReadError(f"a .npy file of dtype {dtype}, not of numbers", "check")
    check_size(*_points_and_channels(shape))
    n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
    start = file.tell()
    there = file.seek(0, os.SEEK_END) - start
    if there < n_bytes:
        raise ReadError(
            f"truncated .npy file: {there} of {n_bytes} bytes of shape {shape}", "decode"
        )
    file.seek(start)
    flat = np.frombuffer(file.read(n_bytes), dtype)
    return table_of_array(flat.reshape(shape, order="F" if fortran_order else "C"))


def _npy_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the header alone; objects, which would be pickles, are refused by their dtype."""
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(file)
        return np.lib.format.read_array_header_2_0(file)
    except Exception as error:
        # NumPy parses the header as Python literals, which fail in many ways.
        raise ReadError(f"damaged .npy header: {error}", "decode", cause=error) from error


def _points_and_channels(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) not in (1, 2) or min(shape) < 0:
        raise ReadError(f"an array of shape {shape}, not (time,) or (time, channels)", "check")
    return shape[0], shape[1] if len(shape) == 2 else 1
