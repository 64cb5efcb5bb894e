"""What extractors of series share: the reader, and the channels that fit saw."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.utils import Tags

from mmsk._files import is_source
from mmsk._validation import RawColumn
from mmsk.exceptions import ReadError
from mmsk.extraction import CellExtractor
from mmsk.extraction._digest import digest_cell
from mmsk.extraction._reading import read_rows
from mmsk.samples import Series
from mmsk.series._reader import SeriesReader

LARGEST = float(np.finfo(np.float32).max)


class SeriesExtractor(CellExtractor):
    """Base of the extractors of series.

    `fit` learns the channels from the first series that can be read: their number and, where
    they have them, their names, which every cell must have too. A leaf gives `_prepare_series`,
    which runs in reading threads, instead of `_prepare`.

    Attributes
    ----------
    channels_ : list of str
        Names of the channels.
    """

    _strings_are = "paths"

    reader: SeriesReader | None
    channels_: list[str]

    def _prepare_series(self, series: Series) -> Any:
        """Bring a series of the channels that fit saw to the form that `_extract` takes."""
        return series

    def _check_parameters(self) -> None:
        if self.reader is None:
            return
        if not isinstance(self.reader, SeriesReader):
            raise ValueError(f"reader={self.reader!r} is not a SeriesReader or None.")
        self.reader.check_parameters()

    def _learn(self, column: RawColumn, y: Any) -> None:
        self._learn_channels(self._first_readable(column)[1])

    def _learn_channels(self, series: Series) -> None:
        named = _numbered(series.n_channels) if series.channels is None else series.channels
        self.channels_ = list(named)

    def _first_readable(self, column: RawColumn) -> tuple[int, Series]:
        for row in np.flatnonzero(column.present).tolist():
            for readable in self._read_rows(column, [row], self._read):
                return readable
        raise ValueError(
            f"No series to learn from: {len(column)} cells, none that is present and can be read."
        )

    def _read_rows(
        self, column: RawColumn, rows: Sequence[int], prepare: Any
    ) -> Iterator[tuple[int, Any]]:
        return read_rows(self, prepare, column, rows)

    def _used_reader(self) -> SeriesReader:
        return SeriesReader() if self.reader is None else self.reader

    def _read(self, cell: Any) -> Series:
        return self._used_reader().read(cell)

    def _read_alike(self, cell: Any) -> Series:
        """Read a cell that must have the channels that fit saw."""
        series = self._read(cell)
        if series.n_channels != len(self.channels_):
            raise ReadError(
                f"{series.n_channels} channels, but fit saw {len(self.channels_)}", "check"
            )
        names = list(series.channels or self.channels_)
        if names != self.channels_ != _numbered(len(names)):
            raise ReadError(f"channels {names}, but fit saw {self.channels_}", "check")
        return series

    def _prepare(self, cell: Any) -> Any:
        return self._prepare_series(self._read_alike(cell))

    def _extract(self, samples: list[Any]) -> np.ndarray:
        # Squares of values near the end of float32 lie beyond it.
        return np.clip(np.stack(samples), -LARGEST, LARGEST).astype(np.float32)

    def _fingerprint_state(self) -> Any:
        return {"channels": self.channels_}

    def _digest(self, cell: Any) -> bytes | None:
        return digest_of_series(self._used_reader(), cell)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags


def digest_of_series(reader: SeriesReader, cell: Any) -> bytes | None:
    """Digest a cell by its content; a list or table by the series that is read from it."""
    if is_source(cell) or isinstance(cell, np.ndarray | os.PathLike):
        return digest_cell(cell, reader.root, reader.max_bytes)
    series = reader.read(cell)
    return digest_cell((series.values, (series.sample_rate, series.channels)), None, 0)


def _numbered(n_channels: int) -> list[str]:
    """Names of channels that have none."""
    return [f"channel{number}" for number in range(n_channels)]
