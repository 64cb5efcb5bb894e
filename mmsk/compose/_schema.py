"""What each column of a table holds: learned in fit, compared with the table at predict."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing

from mmsk._validation import is_missing, raw_column
from mmsk.compose._infer import _FILE, _MODALITY_OF_SUFFIX, SHARE_THAT_DECIDES, _kind
from mmsk.compose._present_rows import parts_of

UNKNOWN = "unknown"
MEDIA = ("image", "audio", "video", "series")
CELLS_LOOKED_AT = 20
# What a string is for can be seen in several of them, hardly in one.
FEWEST_STRINGS = 3
LONGEST_SHOWN = 50
LONGEST_PATH = 4096

_MODALITY = {"number": "numeric", "flag": "categorical"} | {kind: kind for kind in MEDIA}
_HELD = {
    "image": "images",
    "audio": "sounds",
    "video": "videos",
    "series": "series",
    "number": "numbers",
    "flag": "true or false",
    "date": "dates",
}


class Taken(NamedTuple):
    """A column that a transformer takes: its name, place and transformer, and whether alone."""

    name: str
    place: int
    transformer: Any
    is_raw: bool


class Schema(NamedTuple):
    """What fit saw: the modality of each column for people, the kind of its cells for checks.

    The kind is that of `infer_modalities`: a modality of media, "string", "number" or "flag". It
    is left out where cells are mixed, dates, of no known kind, or all missing. Such a column is
    not judged later.
    """

    modalities: dict[str, str]
    kinds: dict[str, str]


def learn_schema(X: Any, columns: Sequence[Taken]) -> Schema:
    """Look at a few cells of each column that is taken."""
    modalities: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for name, place, transformer, is_raw in columns:
        if modalities.get(name) in ("text", *MEDIA):
            continue  # another transformer takes it, too
        kind = _kind_in_fit(X, place, transformer)
        if kind is not None:
            kinds[name] = kind
        strings = "text" if is_raw else "categorical"
        modalities[name] = strings if kind == "string" else _MODALITY.get(kind or "", UNKNOWN)
    return Schema(modalities, kinds)


def differences(
    X: Any, schema: Schema, known: Sequence[str], reported: Sequence[str] | None
) -> list[str]:
    """Say how a table differs from that of fit: names first, then kinds of cells.

    Parameters
    ----------
    X : DataFrame
        The table at predict.
    schema : Schema
        Of the table in fit.
    known : sequence of str
        All columns of the table in fit.
    reported : sequence of str or None
        Columns whose transformers report a bad cell by themselves: few cells are left to them.
        None judges the few cells of all columns, whatever they are.

    Returns
    -------
    said : list of str
        A sentence for each difference. Empty for a table with the same columns and kinds, in any
        order, also if there are more columns.
    """
    columns = _some_rows(X)
    said = _lost_columns(columns, schema, known)
    for name, kind in schema.kinds.items():
        cells = _present(columns.get(name, ()))
        strange = [cell for cell in cells if _contradicts(kind, cell)]
        if _is_enough(strange, len(cells), kind, None if reported is None else name in reported):
            said.append(_changed(name, kind, schema.modalities[name], strange))
    return said


def is_comparable(X: Any) -> bool:
    """Tell whether this is a DataFrame whose columns have names: of pandas, polars or Arrow."""
    return isinstance(X, pd.DataFrame) or (
        hasattr(X, "columns") and (hasattr(X, "rows") or hasattr(X, "to_pylist"))
    )


def refuse(said: list[str]) -> None:
    """Raise ValueError with all differences, if there are any."""
    if said:
        raise ValueError(
            "The table is not like that of fit:\n- " + "\n- ".join(said) + "\nRename, reorder or "
            "convert its columns. A modality that is not there is a column of None: fusions and "
            "heads for missing blocks do without it."
        )


def reports_cells(transformer: Any) -> bool:
    """Tell whether a transformer names the cell that it cannot read, as extractors do."""
    if isinstance(transformer, Pipeline):
        return reports_cells(transformer[0])
    if isinstance(transformer, FeatureUnion):
        return all(map(reports_cells, parts_of(transformer)))
    return hasattr(transformer, "on_error")


def _kind_in_fit(X: Any, place: int, transformer: Any) -> str | None:
    if sparse.issparse(X):
        return "number"
    column = _safe_indexing(X, place, axis=1)
    cells = _present(raw_column(_spread(column)).cells)
    if not cells:
        whole = raw_column(column)
        cells = [whole.cells[row] for row in np.flatnonzero(whole.present)[:CELLS_LOOKED_AT]]
    root = _root(transformer)
    votes = Counter(_known_kind(cell, root) for cell in cells)
    kind, count = votes.most_common(1)[0] if votes else ("other", 0)
    known = kind in ("string", *_MODALITY) and count >= SHARE_THAT_DECIDES * len(cells)
    return kind if known else None


def _known_kind(cell: Any, root: Any) -> str:
    try:
        return _kind(cell, root).removesuffix(_FILE)
    except (OSError, ValueError):
        return "other"  # a closed file, say: its reader names the cell


def _root(transformer: Any) -> Any:
    """Folder from which a transformer reads relative paths."""
    if isinstance(transformer, Pipeline):
        return _root(transformer[0])
    if isinstance(transformer, FeatureUnion):
        return next(iter(map(_root, parts_of(transformer))), None)
    return getattr(getattr(transformer, "reader", None), "root", None)


def _some_rows(X: Any) -> dict[Any, Sequence[Any]]:
    """Cells of a few rows by column, read by rows: a column of a DataFrame is dear to get."""
    if hasattr(X, "to_pylist"):
        X = _spread(X).to_pandas()
    names = X.columns.to_numpy().tolist() if isinstance(X, pd.DataFrame) else X.columns
    rows: Any
    if not isinstance(X, pd.DataFrame):
        rows = _spread(X).rows()
    elif len(X) == 1:
        rows = [[X.iat[0, place] for place in range(len(names))]]
    else:
        rows = _spread(X).to_numpy()
    columns = zip(*rows, strict=True) if len(rows) else [()] * len(names)
    return dict(zip(names, columns, strict=True))


def _spread(X: Any) -> Any:
    if len(X) <= CELLS_LOOKED_AT:
        return X
    return _safe_indexing(X, np.linspace(0, len(X) - 1, CELLS_LOOKED_AT).astype(int))


def _present(cells: Any) -> list[Any]:
    return [cell for cell in cells if not is_missing(cell)]


def _contradicts(kind: str, cell: Any) -> bool:
    """Tell whether a cell cannot be of the kind; what may be either way does not contradict."""
    if isinstance(cell, str):
        return _string_contradicts(kind, cell)
    if type(cell) in (float, np.float64) and kind == "number":
        return False
    now = _now(cell)
    if now in (kind, "other") or {now, kind} == {"number", "flag"}:
        return False
    if _may_be_heard(kind, now):
        return False
    # An array of two dimensions may be a grey picture or a series.
    return {now, kind} != {"image", "series"} or isinstance(cell, os.PathLike)


def _string_contradicts(kind: str, cell: str) -> bool:
    if kind != "string" and (kind not in MEDIA or len(cell) > LONGEST_PATH):
        return True
    if len(cell) > LONGEST_PATH:
        return False
    suffix = os.path.splitext(cell)[1].lower()
    one_word = len(cell.split()) < 2
    if kind == "string":
        return one_word and suffix in _MODALITY_OF_SUFFIX
    if suffix in _MODALITY_OF_SUFFIX:
        now = _MODALITY_OF_SUFFIX[suffix]
        return now != kind and not _may_be_heard(kind, now)
    is_path = one_word or os.sep in cell or 1 < len(suffix) <= 5
    return not is_path


def _may_be_heard(kind: str, now: str) -> bool:
    """Tell whether a column of sounds got videos, whose sound may be meant."""
    return (kind, now) == ("audio", "video")


def _now(cell: Any) -> str:
    """Name what a cell is, without a look at the disk."""
    if isinstance(cell, str | os.PathLike):
        suffix = os.path.splitext(os.fspath(cell))[1].lower()
        return _MODALITY_OF_SUFFIX.get(suffix, "string" if isinstance(cell, str) else "other")
    return _known_kind(cell, None)


def _is_enough(strange: list[Any], n_cells: int, kind: str, reported: bool | None) -> bool:
    """Tell whether so many strange cells show that the column is of another kind."""
    if not strange or len(strange) < SHARE_THAT_DECIDES * n_cells:
        return False
    about_strings = kind in ("string", *MEDIA) and all(isinstance(cell, str) for cell in strange)
    judged_from = FEWEST_STRINGS if reported or about_strings else 1
    return reported is None or n_cells >= judged_from


def _changed(name: str, kind: str, modality: str, strange: list[Any]) -> str:
    held = _HELD.get(kind, "categories" if modality == "categorical" else "texts")
    now = Counter(_now(cell) for cell in strange).most_common(1)[0][0]
    example = next(cell for cell in strange if _now(cell) == now)
    holds = _HELD.get(now, "texts" if modality in ("text", *MEDIA) else "strings")
    if isinstance(example, str | os.PathLike) and now in MEDIA:
        holds = f"paths of {holds}"
    return f"column {name!r} held {held} and now holds {holds}, such as {_shown(example)}."


def _shown(cell: Any) -> str:
    if isinstance(cell, str):
        return repr(cell if len(cell) <= LONGEST_SHOWN else f"{cell[:LONGEST_SHOWN]}...")
    return str(cell) if isinstance(cell, Number) else type(cell).__name__


def _lost_columns(
    columns: dict[Any, Sequence[Any]], schema: Schema, known: Sequence[str]
) -> list[str]:
    lost = [name for name in schema.modalities if name not in columns]
    new = {name: cells for name, cells in columns.items() if lost and name not in set(known)}
    return [_lost_column(name, schema, new) for name in lost]


def _lost_column(name: str, schema: Schema, new: dict[Any, Sequence[Any]]) -> str:
    modality, kind = schema.modalities[name], schema.kinds.get(name)
    about = "" if modality == UNKNOWN else f" ({modality})"
    said = f"column {name!r}{about} is missing"
    lowered = {str(other).lower(): other for other in new}
    near = [lowered[each] for each in get_close_matches(name.lower(), list(lowered))]
    if near:
        return f"{said}; new columns of a near name: {', '.join(map(repr, near))}."
    alike = [other for other, cells in new.items() if kind and _are(cells, kind)]
    if alike:
        return f"{said}; new columns that hold the same: {', '.join(map(repr, alike[:3]))}."
    return f"{said}."


def _are(cells: Sequence[Any], kind: str) -> bool:
    present = _present(cells)
    same = [cell for cell in present if _now(cell) == kind]
    return bool(same) and len(same) >= SHARE_THAT_DECIDES * len(present)
