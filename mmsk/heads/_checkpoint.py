"""Weights of a training on disk, from which it can go on after it was killed."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._replace import replacing
from mmsk._validation import check_choice

if TYPE_CHECKING:
    from mmsk._nets.training import Epoch


class Checkpoint:
    """Save the weights of a deep head while it trains, so that a killed training can go on.

    It is one of the `callbacks` of a deep head. The file is replaced in one step, so that it is
    whole whenever the process ends, and holds plain arrays: reading it runs no code. A new head
    begins from it by ``initial_weights=path``.

    Parameters
    ----------
    path : str or path
        The file, such as ``"run.npz"``; its folder must exist. In a search every fit writes to
        it, so that a checkpoint belongs to single fits.
    best_only : bool, default=True
        Whether to save only where the loss was never lower: that of the rows held out, or of the
        training rows where none are. False saves after each epoch.

    See Also
    --------
    DeepFusionClassifier : Takes it in `callbacks`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from mmsk import Checkpoint, DeepFusionClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = str(Path(folder) / "run.npz")
    ...     head = DeepFusionClassifier((16,), max_epochs=5, random_state=0)
    ...     _ = head.set_params(callbacks=[Checkpoint(path)]).fit(X, y)
    ...     resumed = DeepFusionClassifier((16,), max_epochs=5, initial_weights=path)
    ...     resumed = resumed.fit(X, y)
    >>> resumed.history_["loss"][0] < head.history_["loss"][0]
    True
    """

    def __init__(self, path: str | os.PathLike[str], *, best_only: bool = True) -> None:
        self.path = path
        self.best_only = best_only

    def __call__(self, epoch: Epoch) -> None:
        """Save the weights of an epoch.

        Parameters
        ----------
        epoch : Epoch
            What a deep head tells its callbacks.

        Raises
        ------
        ValueError
            If `best_only` is neither True nor False.
        """
        check_choice("best_only", self.best_only, [True, False])
        if self.best_only and not epoch.is_best:
            return
        with replacing(self.path) as file:
            np.savez(file, allow_pickle=False, **epoch.weights())

    def __repr__(self) -> str:
        return f"Checkpoint({os.fspath(self.path)!r}, best_only={self.best_only!r})"


def read_checkpoint(path: Any, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Return the weights that a file holds.

    Parameters
    ----------
    path : str or path
        A file of `Checkpoint`.
    shapes : dict of str to tuple of int
        The weights that are needed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no such file, or its weights are of another network.
    """
    name = f"initial_weights={os.fspath(path)!r}"
    if not Path(path).is_file():
        raise FileNotFoundError(f"{name}: no such file.")
    try:
        with np.load(path, allow_pickle=False) as file:
            weights = {key: file[key].astype(np.float32) for key in file.files}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name} cannot be read as a file of Checkpoint. ({error})") from error
    found = {key: value.shape for key, value in weights.items()}
    if found != shapes:
        differing = sorted(
            key for key in found.keys() | shapes.keys() if found.get(key) != shapes.get(key)
        )
        key = differing[0]
        raise ValueError(
            f"{name} does not fit this head and its data: {key} has the shape "
            f"{found.get(key)} instead of {shapes.get(key)}. Give the layers, fusion and blocks "
            "with which it was saved."
        )
    return weights
