"""What an audit finds by comparing cells with one another."""

from __future__ import annotations

import math
import os
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mmsk._validation import RawColumn
from mmsk.extraction._table import DIGEST_BYTES
from mmsk.inspection._audit_look import Look
from mmsk.inspection._audit_names import find_leak

BAD, SUSPICIOUS = "bad", "suspicious"
UNITS = {
    "image": "pixels",
    "audio": "s",
    "video": "s",
    "series": "points",
    "text": "characters",
}
FILES = ("image", "audio", "video", "series")
FEWEST_COMPARED = 10
LEAST_FACTOR = 8.0
LEAST_DEVIATIONS = 6.0
DEVIATIONS_OF_MEDIAN = 1.4826  # standard deviations in a median deviation of a normal distribution


@dataclass(frozen=True)
class Finding:
    """One line of the table of findings; without a row it is about the column."""

    row: int | None
    column: Any
    stage: str
    kind: str
    reason: str


@dataclass
class Looks:
    """What the readable cells of one column showed, a few bytes for each."""

    name: Any
    modality: str
    column: RawColumn
    rows: list[int] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    sizes: array = field(default_factory=lambda: array("d"))
    kinds: list[str | None] = field(default_factory=list)
    repeats: bytearray = field(default_factory=bytearray)

    def add(self, row: int, look: Look) -> None:
        """Take in what one cell showed."""
        self.rows.append(row)
        self.digests += look.digest or bytes(DIGEST_BYTES)
        self.sizes.append(math.nan if look.size is None else look.size)
        self.kinds.append(look.kind)
        self.repeats.append(look.repeats or look.digest is None)

    @property
    def is_one_value(self) -> bool:
        """Whether all cells of the column hold the same."""
        digests = self._digests()
        known = digests.any(axis=1)
        return len(digests) > 1 and bool(known.all() and (digests == digests[0]).all())

    def comparable(self) -> pd.DataFrame:
        """Return row and digest of the cells whose content should not come twice."""
        frame = pd.DataFrame(self._digests(), columns=["high", "low"])
        frame["row"] = np.array(self.rows, dtype=np.int64)
        return frame[np.frombuffer(bytes(self.repeats), dtype=np.uint8) == 0]

    def _digests(self) -> np.ndarray:
        return np.frombuffer(bytes(self.digests), dtype=np.uint64).reshape(-1, 2)


def one_value(looks: Looks) -> Iterator[Finding]:
    """Find a column of which all cells are missing or the same."""
    n_present = looks.column.n_present
    if n_present == 0:
        yield Finding(None, looks.name, "column", SUSPICIOUS, "every cell is missing")
    elif len(looks.rows) == n_present and looks.is_one_value:
        reason = f"all {n_present} cells hold the same"
        yield Finding(None, looks.name, "column", SUSPICIOUS, reason)


def odd_sizes(looks: Looks) -> Iterator[Finding]:
    """Find cells far smaller or larger than most of their column."""
    sizes = np.array(looks.sizes)
    known = np.flatnonzero(~np.isnan(sizes))
    if len(known) < FEWEST_COMPARED:
        return
    # Sizes spread by factors, so their logarithms are compared.
    levels = np.log(sizes[known])
    middle = np.median(levels)
    spread = DEVIATIONS_OF_MEDIAN * np.median(np.abs(levels - middle))
    limit = max(math.log(LEAST_FACTOR), LEAST_DEVIATIONS * spread)
    unit = UNITS[looks.modality]
    for place in known[np.abs(levels - middle) > limit].tolist():
        size, median = _number(sizes[place]), _number(math.exp(middle))
        reason = f"{size} {unit}, while the median of the column is {median}"
        yield Finding(looks.rows[place], looks.name, "size", SUSPICIOUS, reason)


def odd_kinds(looks: Looks) -> Iterator[Finding]:
    """Find cells that differ from most of their column in what these share."""
    counts = Counter(looks.kinds)
    common, count = next(iter(counts.most_common(1)), (None, 0))
    if 2 * count <= len(looks.rows):
        return
    for row, kind in zip(looks.rows, looks.kinds, strict=True):
        if kind != common:
            reason = f"{kind}, unlike most cells of the column ({common})"
            yield Finding(row, looks.name, "kind", SUSPICIOUS, reason)


def repeated(columns: Sequence[Looks], target: Sequence[Any] | None) -> Iterator[Finding]:
    """Find cells whose content an earlier row or another column holds, too."""
    frames = [
        looks.comparable().assign(place=place)
        for place, looks in enumerate(columns)
        if not looks.is_one_value
    ]
    if not frames:
        return
    cells = pd.concat(frames, ignore_index=True)
    again = cells.duplicated(["high", "low"])
    if not again.any():
        return
    first = cells.groupby(["high", "low"])[["place", "row"]].transform("first")
    both = np.column_stack([cells[["place", "row"]], first])[again]
    for place, row, first_place, first_row in both.tolist():
        reason = f"the same content as in row {first_row}"
        if place != first_place:
            reason += f" of column {columns[first_place].name!r}"
        if target is not None and target[row] != target[first_row]:
            reason += f", but the target {target[row]!r} instead of {target[first_row]!r}"
        yield Finding(row, columns[place].name, "duplicate", SUSPICIOUS, reason)


def leaks(looks: Looks, target: Sequence[Any]) -> Iterator[Finding]:
    """Find a column of files whose names tell the target."""
    cells, column = looks.column.cells, looks.column
    rows = [
        row
        for row in np.flatnonzero(column.present).tolist()
        if isinstance(cells[row], str | os.PathLike)
    ]
    leak = find_leak([os.fspath(cells[row]) for row in rows], [target[row] for row in rows])
    if leak is not None:
        part, value = leak.example
        reason = (
            f"{leak.part} of its files tells the target for {leak.share:.0%} of them, such as "
            f"{part!r} for {value!r}; harmless as long as no model sees names"
        )
        yield Finding(None, looks.name, "name", SUSPICIOUS, reason)


def empty_rows(columns: Sequence[Looks], n_rows: int) -> Iterator[Finding]:
    """Find rows without any readable cell. The bad cell of a single column says it all."""
    if not columns:
        return
    usable = np.zeros(n_rows, dtype=bool)
    for looks in columns:
        usable[looks.rows] = True
    if len(columns) == 1:
        usable |= columns[0].column.present
    for row in np.flatnonzero(~usable).tolist():
        yield Finding(row, None, "row", BAD, "every cell is missing or bad")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
