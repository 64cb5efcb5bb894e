"""What the feature store holds, for the user to see and to clear."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pandas as pd

from mmsk._config import current_config
from mmsk._validation import check_number
from mmsk.extraction._fingerprint import fingerprint
from mmsk.extraction._store import (
    ABOUT_FILE,
    check_own,
    empty_trash,
    last_used,
    read_hits,
    remove_table,
    size_of,
    table_folders,
)
from mmsk.extraction._table import KEY, file_size

SECONDS_A_DAY = 86400


def cache_info() -> pd.DataFrame:
    """List the tables of the feature store, the last used first.

    Returns
    -------
    info : DataFrame
        One row per extractor and setting of its parameters: ``extractor``, ``rows``, ``bytes``,
        ``hits`` (rows found instead of computed), ``last_used``, ``parameters`` and ``table``,
        the name of its folder. ``info.attrs["folder"]`` is the folder of the store, None where
        it is switched off.

    See Also
    --------
    clear_cache : Removes tables.
    set_config : Moves, bounds or switches off the store.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import mmsk
    >>> pictures = [np.zeros((8, 8), dtype=np.uint8)] * 3
    >>> with tempfile.TemporaryDirectory() as folder, mmsk.config_context(cache_dir=folder):
    ...     computed = mmsk.HOGEmbedder().fit_transform(pictures)
    ...     found = mmsk.HOGEmbedder().fit_transform(pictures)
    ...     print(mmsk.cache_info()[["extractor", "rows", "hits"]])
         extractor  rows  hits
    0  HOGEmbedder     1     1
    """
    folder = current_config().folder
    tables = [] if folder is None else [_described(table) for table in table_folders(folder)]
    columns = ["extractor", "rows", "bytes", "hits", "last_used", "parameters", "table"]
    info = pd.DataFrame(tables, columns=columns)
    info = info.sort_values("last_used", ascending=False, ignore_index=True)
    info.attrs["folder"] = None if folder is None else str(folder)
    return info


def clear_cache(extractor: Any = None, *, older_than_days: float | None = None) -> int:
    """Remove tables from the feature store; never one in use.

    Parameters
    ----------
    extractor : str, class or CellExtractor, default=None
        A class or its name removes all its tables; an instance that of its parameters. None
        removes those of every extractor.
    older_than_days : float, default=None
        Remove only tables not used for so many days.

    Returns
    -------
    n_bytes : int
        Bytes that were freed.

    Raises
    ------
    ValueError
        If `older_than_days` is no number of at least 0.
    OSError
        If other users may write to the folder of the store.

    Examples
    --------
    >>> import tempfile
    >>> import mmsk
    >>> with tempfile.TemporaryDirectory() as folder, mmsk.config_context(cache_dir=folder):
    ...     mmsk.clear_cache()
    0
    """
    if older_than_days is not None:
        check_number("older_than_days", older_than_days, low=0)
    folder = current_config().folder
    freed = 0
    if folder is None or not folder.is_dir():
        return freed
    check_own(folder)
    empty_trash(folder)
    for table in list(table_folders(folder)):
        old = older_than_days is None or _age_days(table) >= older_than_days
        if old and _is_of(table, extractor):
            size = size_of(table)
            freed += size if remove_table(table) else 0
    return freed


def _described(table: Path) -> dict[str, Any]:
    about = _about(table)
    return {
        "extractor": _class_name(about),
        "rows": file_size(table / "keys.bin") // KEY.itemsize,
        "bytes": size_of(table),
        "hits": read_hits(table),
        "last_used": pd.Timestamp(last_used(table), unit="s").round("s"),
        "parameters": about.get("parameters"),
        "table": table.name,
    }


def _about(table: Path) -> dict[str, Any]:
    """Read what a table says of itself: nothing where that is damaged or was just removed."""
    try:
        about = json.loads((table / ABOUT_FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        about = None
    return about if isinstance(about, dict) else {}


def _class_name(about: dict[str, Any]) -> str:
    return str(about.get("class", "")).rpartition(".")[2]


def _age_days(table: Path) -> float:
    return (time.time() - last_used(table)) / SECONDS_A_DAY


def _is_of(table: Path, extractor: Any) -> bool:
    if extractor is None:
        return True
    if isinstance(extractor, str | type):
        name = extractor if isinstance(extractor, str) else extractor.__name__
        return _class_name(_about(table)) == name
    return table.name == fingerprint(extractor, extractor._n_features())[0]
