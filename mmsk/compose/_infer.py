"""Guess the modality of each column of a table by looking at its cells."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmsk._validation import raw_column

MODALITIES = ("text", "image", "audio", "video", "series", "numeric", "categorical", "drop")
CELLS_LOOKED_AT = 200
SHARE_THAT_DECIDES = 0.9
MOST_CATEGORIES = 20
MOST_WORDS_OF_A_CATEGORY = 3

_SUFFIXES = {
    "image": {".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".ppm"},
    "audio": {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff"},
    "video": {".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm"},
    "series": {".npy", ".csv", ".parquet"},
}
_MODALITY_OF_SUFFIX = {suffix: name for name, all_ in _SUFFIXES.items() for suffix in all_}

# First bytes of the formats that the readers take: (offset, bytes, modality).
_MAGIC = [
    (0, b"\xff\xd8\xff", "image"),
    (0, b"\x89PNG", "image"),
    (0, b"GIF8", "image"),
    (0, b"BM", "image"),
    (0, b"II*\0", "image"),
    (0, b"MM\0*", "image"),
    (8, b"WEBP", "image"),
    (8, b"WAVE", "audio"),
    (0, b"fLaC", "audio"),
    (0, b"OggS", "audio"),
    (0, b"ID3", "audio"),
    (0, b"\xff\xfb", "audio"),
    (8, b"AVI ", "video"),
    (4, b"ftyp", "video"),
    (0, b"\x1aE\xdf\xa3", "video"),
    (0, b"\x93NUMPY", "series"),
]


class Modalities(dict[str, str]):
    """The modality of each column, with the reason for each guess.

    A plain dict from column name to modality, so that a wrong guess is mended with
    ``modalities["code"] = "categorical"``.

    Parameters
    ----------
    modalities : mapping of str to str
        One of "text", "image", "audio", "video", "series", "numeric", "categorical" or "drop"
        per column.
    reasons : mapping of str to str, default=None
        Why, per column.

    Attributes
    ----------
    reasons : dict of str to str
        Why each modality was guessed, in a few words.

    Examples
    --------
    >>> from mmsk import Modalities
    >>> Modalities({"title": "text"}, {"title": "40 different texts"})
    title  text  40 different texts
    """

    def __init__(
        self, modalities: Mapping[str, str], reasons: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(modalities)
        self.reasons = dict(reasons or {})

    def __repr__(self) -> str:
        wide = max((len(str(column)) for column in self), default=0)
        lines = (
            f"{column!s:{wide}}  {modality:{max(map(len, self.values()))}}  "
            f"{self.reasons.get(column, 'given')}"
            for column, modality in self.items()
        )
        return "\n".join(lines)


def infer_modalities(table: Any, *, root: str | os.PathLike | None = None) -> Modalities:
    """Guess the modality of each column of a table by looking at its cells.

    Names of columns play no part. Of each column up to 200 present cells are looked at, spread
    over the table; nine in ten must agree. Paths are told by their endings, or by the first
    bytes of the file where they have none.

    Parameters
    ----------
    table : pandas or polars DataFrame
        The table of raw cells.
    root : str or path, default=None
        Folder from which relative paths start; None is the working directory.

    Returns
    -------
    modalities : Modalities
        A dict from column to "text", "image", "audio", "video", "series", "numeric",
        "categorical", or "drop" for columns that hold nothing to learn from. Its ``reasons``
        say why.

    Raises
    ------
    ValueError
        If `table` is not a table with named columns.

    See Also
    --------
    multimodal_pipeline : Builds a pipeline from such a dict.

    Examples
    --------
    >>> import pandas as pd
    >>> from mmsk import infer_modalities
    >>> infer_modalities(pd.DataFrame({
    ...     "a": ["front.jpg", "side.png", None],
    ...     "b": ["a red shoe with laces", "a shirt for warm days", "one blue winter hat"],
    ...     "c": [12.5, 7.0, 8.0],
    ...     "d": ["x", "y", "x"],
    ... }))
    a  image        2 of 2 cells are paths of image files
    b  text         3 different texts in 3 cells
    c  numeric      numbers
    d  categorical  2 values in 3 cells
    """
    if not hasattr(table, "columns"):
        raise ValueError(
            f"Expected a table with named columns, got {type(table).__name__}. "
            "Make one with pandas.DataFrame."
        )
    guesses = {column: _guess(table[column], root) for column in table.columns}
    return Modalities(
        {column: modality for column, (modality, _) in guesses.items()},
        {column: reason for column, (_, reason) in guesses.items()},
    )


def _guess(column: Any, root: str | os.PathLike | None) -> tuple[str, str]:
    raw = raw_column(column)
    cells = [cell for cell, present in zip(raw.cells, raw.present, strict=True) if present]
    if not cells:
        return "drop", "every cell is missing"
    if isinstance(getattr(column, "dtype", None), pd.CategoricalDtype):
        return "categorical", "categorical dtype"
    step = max(1, len(cells) // CELLS_LOOKED_AT)
    looked_at = cells[::step]
    votes = Counter(_kind(cell, root) for cell in looked_at)
    kind, count = votes.most_common(1)[0]
    if count < SHARE_THAT_DECIDES * len(looked_at):
        kinds = ", ".join(f"{number} {name}" for name, number in votes.most_common())
        return "drop", f"mixed cells: {kinds}"
    if kind == "string":
        return _text_or_categorical(cells)
    if kind in _REASONED:
        return _REASONED[kind]
    modality, is_path, _ = kind.partition(" file")
    what = f"paths of {modality} files" if is_path else f"{modality} data"
    return modality, f"{count} of {len(looked_at)} cells are {what}"


_REASONED = {
    "number": ("numeric", "numbers"),
    "flag": ("categorical", "true or false"),
    "date": ("drop", "dates and times: turn them into numbers first"),
    "other": ("drop", "cells of a kind that no extractor takes"),
}


def _kind(cell: Any, root: str | os.PathLike | None) -> str:
    """Name what one present cell is."""
    if isinstance(cell, str | os.PathLike):
        return _kind_of_path(os.fspath(cell), root)
    if isinstance(cell, bytes | bytearray):
        return _kind_of_bytes(bytes(cell[:16]))
    if isinstance(cell, bool | np.bool_):
        return "flag"
    if isinstance(cell, Number | np.number):
        return "number"
    if isinstance(cell, pd.Timestamp | np.datetime64 | pd.Timedelta) or hasattr(cell, "isoformat"):
        return "date"
    return _kind_of_object(cell)


def _kind_of_object(cell: Any) -> str:
    if hasattr(cell, "getexif"):
        return "image"
    if isinstance(cell, tuple) and len(cell) == 2 and np.ndim(cell[0]) in (1, 2):
        return "audio"
    if hasattr(cell, "columns"):
        return "series"
    if isinstance(cell, np.ndarray):
        if cell.ndim == 4:
            return "video"
        looks_like_pixels = cell.ndim == 3 or (cell.ndim == 2 and cell.dtype == np.uint8)
        return "image" if looks_like_pixels else "series"
    if isinstance(cell, list) and cell and all(isinstance(value, Number) for value in cell):
        return "series"
    return "other"


def _kind_of_path(text: Any, root: str | os.PathLike | None) -> str:
    if not isinstance(text, str):
        return "other"
    suffix = os.path.splitext(text)[1].lower()
    if suffix in _MODALITY_OF_SUFFIX and "\n" not in text:
        return f"{_MODALITY_OF_SUFFIX[suffix]} file"
    place = Path(root or "") / text
    if suffix or any(space in text for space in " \t\n\0") or not _is_file(place):
        return "string"
    with place.open("rb") as file:
        kind = _kind_of_bytes(file.read(16))
    return "string" if kind == "other" else f"{kind} file"


def _is_file(place: Path) -> bool:
    try:
        return place.is_file()
    except (OSError, ValueError):
        return False


def _kind_of_bytes(head: bytes) -> str:
    for offset, magic, modality in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return modality
    return "other"


def _text_or_categorical(cells: list[Any]) -> tuple[str, str]:
    values = {str(cell) for cell in cells}
    words = np.median([len(value.split()) for value in values])
    few = len(values) <= max(MOST_CATEGORIES, 0.05 * len(cells)) and len(values) < len(cells)
    if few and words <= MOST_WORDS_OF_A_CATEGORY:
        return "categorical", f"{len(values)} values in {len(cells)} cells"
    return "text", f"{len(values)} different texts in {len(cells)} cells"
