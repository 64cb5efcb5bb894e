"""A folder of made files: claimed once, never shared, never written over."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

MANIFEST = "make_multimodal.json"


def claim_folder(folder: str | os.PathLike, parameters: dict[str, Any]) -> Path:
    """Make a folder for one set of files, or find that it already holds the very same set.

    Parameters
    ----------
    folder : str or path
        A folder that does not exist, is empty, or holds the set made with these parameters.
    parameters : dict
        All that decides the files' content; written into the folder as JSON.

    Returns
    -------
    folder : Path
        Absolute path.

    Raises
    ------
    FileExistsError
        If the folder holds anything else.
    """
    place = Path(folder).expanduser().resolve()
    manifest = place / MANIFEST
    content = json.dumps(parameters, indent=1, sort_keys=True)
    place.mkdir(parents=True, exist_ok=True)
    if manifest.is_file():
        if manifest.read_text(encoding="utf-8") != content:
            raise FileExistsError(
                f"folder={str(folder)!r} holds a set made with other parameters (see {MANIFEST} "
                "there). Give each set its own folder, or delete this one."
            )
    elif any(place.iterdir()):
        raise FileExistsError(
            f"folder={str(folder)!r} holds other files. Give a folder that is empty or does not "
            "exist yet."
        )
    manifest.write_text(content, encoding="utf-8")
    return place
