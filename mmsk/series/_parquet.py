"""Series in .parquet files, checked before anything is unpacked."""

from __future__ import annotations

from typing import Any, BinaryIO

import pandas as pd

from mmsk._optional import import_optional
from mmsk.exceptions import ReadError
from mmsk.series._csv import CheckSize
from mmsk.series._parquet_pages import page_bytes
from mmsk.series._table import NO_TIMES, Table, table_of_frame

MOST_PAGE_BYTES = 2**27
MOST_BYTES_A_STAMP = 64


def read_parquet(file: BinaryIO, time_column: str | None, check_size: CheckSize) -> Table:
    """Read a .parquet file.

    What a file asks for is not what it holds: a few bytes may unpack to gigabytes, and the footer
    may lie. Pages are therefore measured by their own headers, text is read only for times, and
    rows are counted as they come.

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
        If it is damaged, holds anything but numbers, or is over a limit.
    """
    parquet = import_optional("pyarrow.parquet", needed_for="a .parquet file", extra="series")
    try:
        # Text stays what it is in the file: a list of different values, and numbers into it.
        content = parquet.ParquetFile(file, read_dictionary=[time_column] if time_column else None)
        metadata = content.metadata
        check_size(metadata.num_rows, metadata.num_columns)
        columns = _columns(content.schema_arrow, time_column)
        _check_pages(file, metadata)
        frame = _frame(content, columns, metadata.num_rows)
    except ReadError:
        raise
    except Exception as error:
        raise ReadError(f"damaged .parquet file: {error}", "decode", cause=error) from error
    return table_of_frame(frame, time_column)


def _columns(schema: Any, time_column: str | None) -> list[str]:
    """Return the columns to read, or raise ReadError for one that holds more than numbers."""
    types = import_optional("pyarrow", needed_for="a .parquet file", extra="series").types
    labels = (schema.pandas_metadata or {}).get("index_columns", [])
    columns = []
    for field in schema:
        kind = field.type
        number = types.is_primitive(kind) or types.is_decimal(kind) or types.is_null(kind)
        if number or (field.name == time_column and types.is_dictionary(kind)):
            columns.append(field.name)
        elif field.name not in labels:  # names of rows are no channel
            raise ReadError(f"column {field.name!r} holds {kind}, not numbers", "check")
    return columns


def _check_pages(file: BinaryIO, metadata: Any) -> None:
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            for n_bytes in page_bytes(file, _start_of(chunk), chunk.total_compressed_size):
                if not 0 <= n_bytes <= MOST_PAGE_BYTES:
                    raise ReadError(
                        f"a page of {n_bytes:,} bytes when unpacked, over {MOST_PAGE_BYTES:,}: "
                        "write the .parquet file with smaller pages",
                        "check",
                    )


def _start_of(chunk: Any) -> int:
    """Place of the first page, as pyarrow takes it."""
    first = chunk.dictionary_page_offset
    return first if first and first < chunk.data_page_offset else chunk.data_page_offset


def _frame(content: Any, columns: list[str], n_rows: int) -> pd.DataFrame:
    frames = []
    n_read = 0
    for batch in content.iter_batches(columns=columns, use_threads=False):
        n_read += batch.num_rows
        if n_read > n_rows:
            break
        _check_stamps(batch)
        frames.append(batch.to_pandas(use_threads=False))
    if n_read != n_rows:
        there = "more" if n_read > n_rows else f"{n_read:,}"
        raise ReadError(
            f"damaged .parquet file: {there} rows where its footer says {n_rows:,}", "decode"
        )
    return pd.concat(frames) if frames else content.schema_arrow.empty_table().to_pandas()


def _check_stamps(batch: Any) -> None:
    """Raise ReadError for text too long to be a time: each row would get a copy of it."""
    for column in batch.columns:
        if hasattr(column, "dictionary"):
            for value in column.dictionary:
                if value.is_valid and len(str(value)) > MOST_BYTES_A_STAMP:
                    raise ReadError(NO_TIMES, "check")
