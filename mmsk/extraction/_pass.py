"""One pass of an extractor over a column: look up, compute what is new, fill in, keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import chain, compress
from os import PathLike
from typing import Any

import numpy as np

from mmsk._validation import RawColumn
from mmsk.exceptions import ReadError
from mmsk.extraction._bad_cells import BadCells
from mmsk.extraction._isolation import attempts
from mmsk.extraction._keeper import Keeper
from mmsk.extraction._stream import Threads, stream

BATCHES_LOOKED_UP = 4
GROUPS_A_BATCH = 8
SECONDS_BETWEEN_LOOKS = 0.02

Batches = Generator[list[tuple[int, Any]], None, None]


class Pass:
    """One pass of an extractor over a column.

    ::

        rows --digest--> known in the store? --yes--> filled in
                              | no
                         claimed elsewhere? --yes--> waited for, at the end
                              | no
                         claim --> read ahead, compute --> keep, fill in

    Rows of the same content are computed once, where the store is on.

    Parameters
    ----------
    extractor : CellExtractor
        Reads and computes.
    column : RawColumn
        The cells.
    keeper : Keeper
        The store, or what stands in for it.
    counts : sequence of callable
        Each hears how many cells more are done.
    """

    def __init__(
        self,
        extractor: Any,
        column: RawColumn,
        keeper: Keeper,
        counts: Sequence[Callable[[int], Any]] = (),
    ) -> None:
        self.extractor = extractor
        self.column = column
        self.keeper = keeper
        self.counts = counts
        self.read = attempts(extractor._prepare, is_text=extractor._strings_are == "text")
        self.bad = BadCells(column, extractor.on_error, extractor.max_bad_fraction)
        self.features = np.full((len(column), keeper.width), np.nan, dtype=np.float32)
        self.digest_of: dict[int, bytes] = {}  # of rows that are being computed
        self.row_of: dict[bytes, int] = {}
        self.repeats: dict[int, list[int]] = {}  # further rows of the same content
        self.elsewhere: list[bytes] = []

    def run(self) -> np.ndarray:
        """Return the rows of the column, NaN where a cell is missing."""
        self._compute(self._new_rows(np.flatnonzero(self.column.present).tolist()))
        while self.elsewhere and not self.bad.ended:
            self.keeper.release()  # bad items, for which another pass may be waiting in turn
            wanted, self.elsewhere = self.elsewhere, []
            self._compute(self._to_compute(wanted))
            if len(self.elsewhere) == len(wanted):
                time.sleep(SECONDS_BETWEEN_LOOKS)
        self._repeat()
        self.bad.close()
        return self.features

    def _new_rows(self, rows: list[int]) -> Iterator[int]:
        """Yield the rows to compute in order, looking a few batches ahead."""
        step = BATCHES_LOOKED_UP * self.extractor.batch_size
        for start in range(0, len(rows), step):
            without_digest, new = [], []
            for row in rows[start : start + step]:
                digest = self._digest(row)
                if digest is None:
                    without_digest.append(row)
                elif digest in self.row_of:
                    self.repeats.setdefault(self.row_of[digest], []).append(row)
                    self._count(1)
                else:
                    self.row_of[digest] = row
                    new.append(digest)
            yield from sorted(without_digest + self._to_compute(new))

    def _digest(self, row: int) -> bytes | None:
        if self.keeper.session is None:
            return None  # a digest costs more than it saves where nothing is kept
        try:
            return self.extractor._digest(self.column.cells[row])
        except ReadError:
            return None  # reading it will fail again, where failures are collected

    def _to_compute(self, digests: list[bytes]) -> list[int]:
        """Fill in the rows of known items; return a row for each item to compute here."""
        if not digests:
            return []
        found, values = self.keeper.read(digests)
        self.features[[self.row_of[d] for d in compress(digests, found)]] = values
        self._count(len(values))
        unknown = list(compress(digests, ~found))
        claimed = set(self.keeper.claim(unknown)) if unknown else set()
        self.elsewhere += [digest for digest in unknown if digest not in claimed]
        rows = {self.row_of[digest]: digest for digest in unknown if digest in claimed}
        self.digest_of.update(rows)
        return list(rows)

    def _compute(self, rows: Iterable[int]) -> None:
        with self.extractor._threads() as threads:
            work = self._computed if threads.n_computing else self._read_ahead
            with closing(work(rows, threads)) as batches:
                for batch in batches:
                    self._take(*self.bad.split(batch), computed=threads.n_computing > 0)
                    self._count(len(batch))

    def _count(self, n_cells: int) -> None:
        for count in self.counts:
            count(n_cells)

    def _read_ahead(self, rows: Iterable[int], threads: Threads) -> Batches:
        """Yield batches of rows with their samples."""
        size = self.extractor.batch_size
        return stream(
            self._read,
            rows,
            group_size=max(1, size // GROUPS_A_BATCH),
            batch_size=size,
            n_threads=threads.n_reading,
            start_thread=threads.start_reading,
        )

    def _computed(self, rows: Iterable[int], threads: Threads) -> Batches:
        """Yield batches of rows with their values, computed in threads."""
        size = self.extractor.batch_size
        compute = partial(
            stream,
            group_size=min(size, threads.most_rows or size),
            batch_size=size,
            n_threads=threads.n_computing,
            start_thread=threads.start_computing,
        )
        if threads.n_reading:
            with closing(self._read_ahead(rows, threads)) as batches:
                yield from compute(self._extract_good, chain.from_iterable(batches))
        else:
            yield from compute(self._read_and_extract, rows)

    def _take(self, rows: list[int], values: list[Any], *, computed: bool) -> None:
        if rows:
            self.features[rows] = np.stack(values) if computed else self._extract(rows, values)
            self._keep(rows)

    def _read_and_extract(self, rows: list[int]) -> list[tuple[int, Any]]:
        return self._extract_good(self._read(rows))

    def _extract_good(self, results: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Put values in the place of samples; what is a ReadError stays one."""
        good = [(row, sample) for row, sample in results if not isinstance(sample, ReadError)]
        if good and not self.bad.ended:  # a lost pass reads on, but computes nothing more
            places, samples = zip(*good, strict=True)
            values = dict(zip(places, self._extract(places, samples), strict=True))
            results = [(row, values.get(row, sample)) for row, sample in results]
        return results

    def _read(self, rows: list[int]) -> list[tuple[int, Any]]:
        """Return each row with its sample, or with the ReadError that says why there is none."""
        return self.read(self.column.cells, rows)

    def _extract(self, rows: Sequence[int], samples: Sequence[Any]) -> np.ndarray:
        try:
            return self.extractor._extract(list(samples))
        except Exception as error:
            error.add_note(f"while computing rows {rows[0]} to {rows[-1]}")
            raise

    def _keep(self, rows: list[int]) -> None:
        kept = [row for row in rows if row in self.digest_of and self._is_unchanged(row)]
        if kept:
            self.keeper.write([self.digest_of.pop(row) for row in kept], self.features[kept])

    def _is_unchanged(self, row: int) -> bool:
        """Tell whether a file is what it was, since it was not read in the same moment."""
        cell = self.column.cells[row]
        return not isinstance(cell, str | PathLike) or self._digest(row) == self.digest_of[row]

    def _repeat(self) -> None:
        """Give rows of equal content what the first of them got."""
        failed = {error.row: error for error in self.bad.errors}
        for first, others in self.repeats.items():
            if first in failed:
                for row in others:
                    self.bad.add(row, failed[first])
            else:
                self.features[others] = self.features[first]
