"""What is in a model file, without loading it."""

from __future__ import annotations

import os
from typing import Any

from mmsk.persistence import _manifest
from mmsk.persistence._archive import Archive


def read_manifest(path: str | os.PathLike) -> dict[str, Any]:
    """Tell what is in a model file, without loading or making anything of it.

    Parameters
    ----------
    path : str or path
        A file that `save` wrote.

    Returns
    -------
    manifest : dict
        What the file says about itself; nothing in it is proven:

        - ``"format"``: 1.
        - ``"versions"``: of mmsk, Python and the packages with which it was written.
        - ``"model"``: its ``"type"``; the ``"columns"`` of the table that it takes, with their
          modalities where they are known; its ``"classes"``, None for what has none.
        - ``"weights"``: for each pretrained network or file of word vectors, its ``"files"``,
          with name, bytes and SHA-256, and whether they are ``"embedded"``.
        - ``"types"``: full names of the types that loading makes.
        - ``"members"``: bytes and SHA-256 of each part of the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is no model file, or of a newer format.

    See Also
    --------
    load : Checks what the file says, and loads the model.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> import mmsk
    >>> model = SVC().fit(*load_iris(return_X_y=True, as_frame=True))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mmsk.save(model, Path(folder) / "iris.mmsk")
    ...     manifest = mmsk.read_manifest(Path(folder) / "iris.mmsk")
    >>> manifest["model"]["type"], manifest["model"]["classes"]
    ('sklearn.svm._classes.SVC', [0, 1, 2])
    """
    with Archive(path) as archive:
        return _manifest.read(archive)
