"""Series in files: .npy, .csv and .parquet, told apart by their content."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import numpy as np
import pandas as pd

from mmsk._optional import import_optional
from mmsk.exceptions import ReadError
from mmsk.series._table import Table, table_of_array, table_of_frame

NPY_MAGIC = b"\x93NUMPY"
PARQUET_MAGIC = b"PAR1"
SEPARATORS = (",", ";", "\t")
NO_VALUE = {"NA", "N/A", "NULL", "null", "None", "<NA>"}  # and what float() reads as NaN
ACCEPTED = "not a series; accepted are .npy, .csv (UTF-8 text) and .parquet"

CheckSize = Callable[[int, int], None]  # called with points and channels before memory is taken


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
        return _read_parquet(file, time_column, check_size)
    return _read_csv(file.read(), time_column, check_size)


def _read_npy(file: BinaryIO, check_size: CheckSize) -> Table:
    shape, fortran_order, dtype = _npy_header(file)
    if dtype.kind not in "fiub":
        raise ReadError(f"a .npy file of dtype {dtype}, not of numbers", "check")
    check_size(*_points_and_channels(shape))
    content = file.read()
    n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if len(content) < n_bytes:
        raise ReadError(
            f"truncated .npy file: {len(content)} of {n_bytes} bytes of shape {shape}", "decode"
        )
    flat = np.frombuffer(content[:n_bytes], dtype)
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


def _read_parquet(file: BinaryIO, time_column: str | None, check_size: CheckSize) -> Table:
    parquet = import_optional("pyarrow.parquet", needed_for="a .parquet file", extra="fast-text")
    try:
        content = parquet.ParquetFile(file)
        check_size(content.metadata.num_rows, content.metadata.num_columns)
        frames = []
        n_rows = 0
        for batch in content.iter_batches(use_threads=False):
            n_rows += batch.num_rows
            check_size(n_rows, batch.num_columns)
            frames.append(batch.to_pandas(use_threads=False))
        frame = pd.concat(frames) if frames else content.schema_arrow.empty_table().to_pandas()
    except ReadError:
        raise
    except Exception as error:
        raise ReadError(f"damaged .parquet file: {error}", "decode", cause=error) from error
    return table_of_frame(frame, time_column)


def _read_csv(content: bytes, time_column: str | None, check_size: CheckSize) -> Table:
    lines = _decoded(content).rstrip("\r\n ").splitlines()
    if not lines:
        raise ReadError("empty series: a .csv file without lines", "check")
    separator = max(SEPARATORS, key=lines[0].count)
    first = _fields(lines[0], separator)
    has_names = not all(map(_is_number, first))
    _check_fields(lines, separator, len(first))
    check_size(len(lines) - has_names, len(first))
    try:
        frame = pd.read_csv(
            io.StringIO("\n".join(lines[has_names:])),
            sep=separator,
            names=range(len(first)),
            skip_blank_lines=False,
            skipinitialspace=True,
            low_memory=False,
        )
    except Exception as error:
        raise ReadError(f"{ACCEPTED}: {error}", "decode", cause=error) from error
    if has_names:
        return table_of_frame(frame.set_axis(first, axis=1), time_column)
    return replace(table_of_frame(frame, None), channels=None)


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReadError(ACCEPTED, "decode", cause=error) from error
    if "\0" in text:
        raise ReadError(ACCEPTED, "decode")
    return text


def _fields(line: str, separator: str) -> list[str]:
    try:
        fields = next(csv.reader([line], delimiter=separator))
    except csv.Error as error:
        raise ReadError(ACCEPTED, "decode", cause=error) from error
    return [field.strip() for field in fields] or [""]


def _is_number(field: str) -> bool:
    try:
        float(field or "nan")
    except ValueError:
        return field in NO_VALUE
    return True


def _check_fields(lines: list[str], separator: str, n_fields: int) -> None:
    """Raise ReadError for a line that is cut or too long, which pandas would fill or shift."""
    for number, line in enumerate(lines[1:], 2):
        n_found = line.count(separator) + 1
        if n_found != n_fields:
            raise ReadError(
                f"damaged .csv file: line {number} has {n_found} fields, not {n_fields}", "decode"
            )
