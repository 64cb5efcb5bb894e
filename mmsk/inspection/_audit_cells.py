"""Reading the cells of an audit: which reader for which column, and no cell stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from mmsk._progress import progress_bar
from mmsk.audio import AudioReader
from mmsk.exceptions import MissingDependencyError, ReadError
from mmsk.extraction._reading import attempt_all
from mmsk.image import ImageReader
from mmsk.inspection._audit_columns import BAD, SUSPICIOUS, Finding, Looks
from mmsk.inspection._audit_look import Look
from mmsk.inspection._audit_media import (
    cancelling_is_an_error,
    look_at_picture,
    look_at_series,
    look_at_sound,
    look_at_video,
)
from mmsk.inspection._audit_values import look_at_category, look_at_number, look_at_text
from mmsk.series import SeriesReader
from mmsk.video import VideoReader

CELLS_A_BATCH = 64

_WITH_READER: dict[str, tuple[type, Callable[..., Look]]] = {
    "image": (ImageReader, look_at_picture),
    "audio": (AudioReader, look_at_sound),
    "video": (VideoReader, look_at_video),
    "series": (SeriesReader, look_at_series),
}
_WITHOUT_READER: dict[str, Callable[[Any], Look]] = {
    "text": look_at_text,
    "numeric": look_at_number,
    "categorical": look_at_category,
}


@dataclass(frozen=True)
class Examiner:
    """Looks at one cell; whatever fails is a ReadError, so that the audit goes on."""

    look: Callable[[Any], Look]

    def __call__(self, cell: Any) -> tuple[Any, ...]:
        """Return what the cell shows, as plain values that any process may send; or ReadError."""
        try:
            return tuple(self.look(cell))
        except (ReadError, MissingDependencyError):
            raise
        except Exception as error:
            raise ReadError(f"{type(error).__name__}: {error}", cause=error) from error


def examiners(modalities: Mapping[Any, str], readers: Mapping[Any, Any]) -> dict[Any, Examiner]:
    """Return what looks at the cells of each column, but of those that are left out.

    Raises
    ------
    ValueError
        If a reader is for no column, or not of the modality of its column.
    """
    found = {}
    for column, modality in modalities.items():
        if modality in _WITHOUT_READER:
            found[column] = Examiner(_WITHOUT_READER[modality])
        elif modality in _WITH_READER:
            expected, look = _WITH_READER[modality]
            name = column if column in readers else modality
            found[column] = Examiner(partial(look, _reader(name, readers.get(name), expected)))
    read = {column for column in found if modalities[column] in _WITH_READER}
    for name in readers:
        if name not in read and name not in {modalities[column] for column in read}:
            raise ValueError(
                f"readers names {name!r}, which is neither a column of files nor the modality of "
                f"one; such columns are: {', '.join(map(repr, read)) or 'none'}."
            )
    return found


def _reader(name: Any, reader: Any, expected: Any) -> Any:
    if reader is None:
        return expected()
    if not isinstance(reader, expected):
        raise ValueError(f"readers[{name!r}]={reader!r} is not an {expected.__name__} or None.")
    reader.check_parameters()
    return reader


def read_columns(
    columns: Iterable[Looks], examiners: Mapping[Any, Examiner], n_threads: int
) -> list[Finding]:
    """Look at all cells; fill the columns with what they showed, return what is wrong with them."""
    columns = list(columns)
    found = []
    total = sum(looks.column.n_present for looks in columns)
    with progress_bar(total, "audit") as bar, cancelling_is_an_error():
        for looks in columns:
            bar.set_description(f"audit {looks.name}", refresh=False)
            batches = attempt_all(
                examiners[looks.name],
                looks.column,
                CELLS_A_BATCH,
                n_threads,
                is_text=looks.modality in _WITHOUT_READER,
            )
            with closing(batches):
                for batch in batches:
                    for row, values in batch:
                        found += _taken(looks, row, values)
                    bar.update(len(batch))
    return found


def _taken(looks: Looks, row: int, values: tuple[Any, ...] | ReadError) -> list[Finding]:
    if isinstance(values, ReadError):
        return [Finding(row, looks.name, values.stage, BAD, values.reason)]
    look = Look(*values)
    looks.add(row, look)
    return [Finding(row, looks.name, "content", SUSPICIOUS, reason) for reason in look.odd]
