"""Guess the modality of each column of a table by looking at its cells."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from datetime import date, time, timedelta
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmsk.samples import AudioClip, Image, Series

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
_SAMPLES = {AudioClip: "audio", Image: "image", Series: "series"}
_FILE = " file"
_DATES = (date, time, timedelta, np.datetime64, np.timedelta64, pd.Period)
# Samples and frames come with a rate.
_OF_A_PAIR = {1: "audio", 2: "audio", 3: "video", 4: "video"}
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
    (8, b"AIFF", "audio"),
    (0, b"fLaC", "audio"),
    (0, b"OggS", "audio"),
    (0, b"ID3", "audio"),
    (0, b"\xff\xfb", "audio"),
    (0, b"\xff\xf3", "audio"),
    (8, b"AVI ", "video"),
    (4, b"ftyp", "video"),
    (0, b"\x1aE\xdf\xa3", "video"),
    (0, b"\x93NUMPY", "series"),
    (0, b"PAR1", "series"),
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
        self._guessed = dict(modalities)

    def __repr__(self) -> str:
        wide = max((len(str(column)) for column in self), default=0)
        lines = (
            f"{column!s:{wide}}  {modality:{max(map(len, self.values()))}}  "
            f"{self._reason(column, modality)}"
            for column, modality in self.items()
        )
        return "\n".join(lines)

    def _reason(self, column: str, modality: str) -> str:
        """Why the column has its modality; a reason no longer counts once it was mended."""
        mended = self._guessed.get(column) != modality
        return "given" if mended else self.reasons.get(column, "given")


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
        If `table` is not a table with named columns, or two have the same name.

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
    d  categorical  2 different values in 3 cells
    """
    check_named_columns(table)
    guesses = {column: _guess(table[column], root) for column in table.columns}
    return Modalities(
        {column: modality for column, (modality, _) in guesses.items()},
        {column: reason for column, (_, reason) in guesses.items()},
    )


def check_named_columns(table: Any) -> None:
    """Raise ValueError unless this is a table with named columns, each name once."""
    if hasattr(table, "collect") or not hasattr(table, "columns"):
        raise ValueError(
            f"Expected a table with named columns, got {type(table).__name__}. "
            "Make one with pandas.DataFrame, or with collect() of a lazy one."
        )
    twice = [column for column, count in Counter(table.columns).items() if count > 1]
    if twice:
        raise ValueError(f"Several columns have the name {twice[0]!r}: rename them.")


def _guess(column: Any, root: str | os.PathLike | None) -> tuple[str, str]:
    cells = np.fromiter(column, dtype=object, count=len(column))
    cells = cells[~pd.isna(cells)]
    if len(cells) == 0:
        return "drop", "every cell is missing" if len(column) else "the table has no rows"
    if isinstance(getattr(column, "dtype", None), pd.CategoricalDtype):
        return "categorical", "categorical dtype"
    spread = np.linspace(0, len(cells) - 1, min(len(cells), CELLS_LOOKED_AT)).astype(int)
    looked_at = cells[spread]
    kinds = Counter(_kind(cell, root) for cell in looked_at)
    votes: Counter[str] = Counter()
    for kind, number in kinds.items():
        votes[kind.removesuffix(_FILE)] += number
    winner, count = votes.most_common(1)[0]
    if count < SHARE_THAT_DECIDES * len(looked_at):
        return "drop", f"mixed cells: {', '.join(f'{n} {name}' for name, n in votes.most_common())}"
    if winner == "string":
        return _text_or_categorical(cells, looked_at)
    if winner in _REASONED:
        modality, reason = _REASONED[winner]
        all_agree = count == len(looked_at)
        return modality, reason if all_agree else f"{count} of {len(looked_at)} cells: {reason}"
    files = kinds[winner + _FILE]
    what = f"{winner} data" if files == 0 else f"paths of {winner} files"
    what += f" or {winner} data" if 0 < files < count else ""
    return winner, f"{count} of {len(looked_at)} cells are {what}"


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
    if isinstance(cell, bytes | bytearray | memoryview):
        return _kind_of_bytes(bytes(cell[:16]))
    if isinstance(cell, bool | np.bool_):
        return "flag"
    if isinstance(cell, Number | np.number):
        return "number"
    if isinstance(cell, _DATES):
        return "date"
    if hasattr(cell, "read") and hasattr(cell, "seek"):
        return _kind_of_file_object(cell)
    return _kind_of_object(cell)


def _kind_of_object(cell: Any) -> str:
    if type(cell) in _SAMPLES:
        return _SAMPLES[type(cell)]
    if hasattr(cell, "getexif"):
        return "image"
    if isinstance(cell, tuple) and len(cell) == 2 and np.ndim(cell[0]) in _OF_A_PAIR:
        return _OF_A_PAIR[np.ndim(cell[0])]
    if hasattr(cell, "times_seconds"):
        return "video"
    if hasattr(cell, "columns"):
        return "series"
    if hasattr(cell, "to_numpy"):
        cell = cell.to_numpy()
    if isinstance(cell, np.ndarray) and cell.dtype.kind in "fiub":
        return _kind_of_array(cell)
    return "series" if _is_list_of_numbers(cell) else "other"


def _is_list_of_numbers(cell: Any) -> bool:
    """Tell whether a cell is a list of numbers and gaps, or of such lists: one per moment."""
    if not isinstance(cell, list):
        return False
    values = [value for part in cell for value in (part if isinstance(part, list) else [part])]
    return any(isinstance(value, Number) for value in values) and all(
        value is None or isinstance(value, Number) for value in values
    )


def _kind_of_array(cell: np.ndarray) -> str:
    if cell.ndim == 2:
        return "image" if cell.dtype == np.uint8 else "series"
    return {1: "series", 3: "image", 4: "video"}.get(cell.ndim, "other")


def _kind_of_file_object(file: Any) -> str:
    try:
        place = file.tell()
        head = file.read(16)
        file.seek(place)
    except Exception:  # whatever a file object of the user raises: its reader will say it
        return "other"
    return _kind_of_bytes(head) if isinstance(head, bytes) else "other"


def _kind_of_path(text: Any, root: str | os.PathLike | None) -> str:
    if not isinstance(text, str):
        return "other"
    suffix = os.path.splitext(text)[1].lower()
    if suffix in _MODALITY_OF_SUFFIX and "\n" not in text:
        return _MODALITY_OF_SUFFIX[suffix] + _FILE
    if suffix or any(space in text for space in " \t\n\0"):
        return "string"
    kind = _kind_of_bytes(_first_bytes(Path(root or "") / text))
    return "string" if kind == "other" else kind + _FILE


def _first_bytes(place: Path) -> bytes:
    """Read the beginning of a file; nothing where there is none that can be read."""
    try:
        if not place.is_file():
            return b""
        with place.open("rb") as file:
            return file.read(16)
    except (OSError, ValueError):
        return b""


def _kind_of_bytes(head: bytes) -> str:
    for offset, magic, modality in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return modality
    return "other"


def _text_or_categorical(cells: np.ndarray, looked_at: np.ndarray) -> tuple[str, str]:
    n_values = len({str(cell) for cell in cells})
    words = np.median([len(value.split()) for value in {str(cell) for cell in looked_at}])
    few = n_values <= max(MOST_CATEGORIES, 0.05 * len(cells)) and n_values < len(cells)
    if few and words <= MOST_WORDS_OF_A_CATEGORY:
        if n_values == 1:
            return "categorical", f"the same value in {len(cells)} cells"
        return "categorical", f"{n_values} different values in {len(cells)} cells"
    return "text", f"{n_values} different texts in {len(cells)} cells"
