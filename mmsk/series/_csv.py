"""Series in .csv files, read line by line, so that memory depends on the numbers they hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, TextIO

import pandas as pd

from mmsk.exceptions import ReadError
from mmsk.series._table import Table, table_of_frame

SEPARATORS = (",", ";", "\t")
NO_VALUE = {"NA", "N/A", "NULL", "null", "None", "<NA>"}  # and what float() reads as NaN
ACCEPTED = "not a series; accepted are .npy, .csv (UTF-8 text) and .parquet"
MOST_CHARACTERS_A_LINE = 2**24
LINES_BETWEEN_CHECKS = 2**16

CheckSize = Callable[[int, int], None]  # called with points and channels before memory is taken


def read_csv(file: BinaryIO, time_column: str | None, check_size: CheckSize) -> Table:
    """Read a .csv file, of which each line is looked at before pandas takes memory for all.

    Parameters
    ----------
    file : binary file object
        At its start; stays open.
    time_column : str or None
        Name of the column with the times.
    check_size : callable
        Called with numbers of points and channels; raises ReadError where they are over a limit.

    Raises
    ------
    ReadError
        If it is no text of UTF-8, holds anything but numbers, lines have unequally many fields,
        or one does not end.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline=None)
    try:
        return _read(text, time_column, check_size)
    except UnicodeDecodeError as error:
        raise ReadError(ACCEPTED, "decode", cause=error) from error
    finally:
        text.detach()


def _read(text: TextIO, time_column: str | None, check_size: CheckSize) -> Table:
    first = next(_lines(text), "")
    separator = max(SEPARATORS, key=first.count)
    check_size(1, first.count(separator) + 1)
    names = _fields(first, separator)
    has_names = not all(map(_is_number, names))
    text.seek(0)
    n_points = _count_lines(_lines(text), separator, len(names), check_size) - has_names
    check_size(n_points, len(names))
    text.seek(0)
    if has_names:
        text.readline()
    try:
        frame = pd.read_csv(
            text,
            sep=separator,
            names=range(len(names)),
            nrows=n_points,
            skip_blank_lines=False,
            skipinitialspace=True,
            low_memory=False,
        )
    except Exception as error:
        raise ReadError(f"{ACCEPTED}: {error}", "decode", cause=error) from error
    if len(frame) != n_points:
        raise ReadError("damaged .csv file: quotes that go on over the end of a line", "decode")
    if has_names:
        return table_of_frame(frame.set_axis(names, axis=1), time_column)
    return replace(table_of_frame(frame, None), channels=None)


def _lines(text: TextIO) -> Iterator[str]:
    number = 0
    while line := text.readline(MOST_CHARACTERS_A_LINE + 1):
        number += 1
        if len(line) > MOST_CHARACTERS_A_LINE:
            raise ReadError(
                f"line {number} of a .csv file has over {MOST_CHARACTERS_A_LINE:,} characters",
                "check",
            )
        if "\0" in line:
            raise ReadError(ACCEPTED, "decode")
        yield line.rstrip("\n")


def _count_lines(lines: Iterator[str], separator: str, n_fields: int, check_size: CheckSize) -> int:
    """Count lines up to the last that is not blank, or raise ReadError for one of other length.

    pandas would fill a line that is cut, and shift one that is too long.
    """
    end = 0
    for number, line in enumerate(lines, 1):
        if number % LINES_BETWEEN_CHECKS == 0:
            check_size(number - 1, n_fields)
        if not line.strip(" "):
            continue  # a gap in a single channel, or the end of the file
        if end < number - 1 and n_fields > 1:
            _raise_unequal(end + 1, 1, n_fields)
        if number > 1 and (n_found := line.count(separator) + 1) != n_fields:
            _raise_unequal(number, n_found, n_fields)
        end = number
    if end == 0:
        raise ReadError("empty series: a .csv file without lines", "check")
    return end


def _raise_unequal(number: int, n_found: int, n_fields: int) -> None:
    raise ReadError(
        f"damaged .csv file: line {number} has {n_found} fields, not {n_fields}", "decode"
    )


def _fields(line: str, separator: str) -> list[str]:
    try:
        fields = next(csv.reader([line], delimiter=separator), [])
    except csv.Error as error:
        raise ReadError(ACCEPTED, "decode", cause=error) from error
    return [field.strip() for field in fields] or [""]


def _is_number(field: str) -> bool:
    try:
        float(field or "nan")
    except ValueError:
        return field in NO_VALUE
    return True
