"""From a row per frame to a row per video: statistics over time, or a fixed number of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from mmsk._validation import check_choice

Pooling = str | Sequence[str] | None


def _change(matrix: np.ndarray) -> np.ndarray:
    """Mean absolute difference from frame to frame, 0 for a single frame."""
    return np.abs(np.diff(matrix, axis=0)).mean(axis=0) if len(matrix) > 1 else 0 * matrix[0]


def _trend(matrix: np.ndarray) -> np.ndarray:
    """Mean of the second half less that of the first, 0 for a single frame."""
    half = len(matrix) // 2
    return matrix[-half:].mean(axis=0) - matrix[:half].mean(axis=0) if half else 0 * matrix[0]


_STATISTICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda matrix: matrix.mean(axis=0),
    "std": lambda matrix: matrix.std(axis=0),
    "min": lambda matrix: matrix.min(axis=0),
    "max": lambda matrix: matrix.max(axis=0),
    "change": _change,
    "trend": _trend,
}


def check_pooling(pooling: Any) -> None:
    """Raise ValueError unless `pooling` names statistics, or is None.

    Examples
    --------
    >>> from mmsk.video._pooling import check_pooling
    >>> check_pooling(("mean", "change"))
    >>> check_pooling("mena")
    Traceback (most recent call last):
        ...
    ValueError: pooling='mena' is not one of 'mean', 'std', 'min', 'max', 'change', 'trend'.
    """
    if pooling is None:
        return
    if not _names(pooling):
        raise ValueError(f"pooling={pooling!r} names no statistic; give one, or None.")
    for name in _names(pooling):
        check_choice("pooling", name, list(_STATISTICS))


def pooled(matrix: np.ndarray, pooling: Pooling, n_frames: int) -> np.ndarray:
    """Pool the rows of one video.

    Parameters
    ----------
    matrix : ndarray of shape (n_frames_of_video, n_values)
        One row per frame, at most `n_frames`.
    pooling : str, sequence of str or None
        Statistics over the frames; None keeps them, the last one repeated up to `n_frames`.
    n_frames : int
        Number of frames kept where `pooling` is None.

    Returns
    -------
    row : ndarray of shape (n_features,), dtype float32
        All values of the first statistic (or frame), then of the second, and so on.
    """
    if pooling is None:
        kept = np.minimum(np.arange(n_frames), len(matrix) - 1)
        return matrix[kept].astype(np.float32).ravel()
    matrix = matrix.astype(np.float64)
    values = [_STATISTICS[name](matrix) for name in _names(pooling)]
    return np.concatenate(values).astype(np.float32)


def pooled_names(names: Iterable[str], pooling: Pooling, n_frames: int) -> list[str]:
    """Name the features of a row that `pooled` gives."""
    endings = _names(pooling)
    if pooling is None:
        endings = [f"frame{frame}" for frame in range(n_frames)]
    names = list(names)
    return [f"{name}_{ending}" for ending in endings for name in names]


def _names(pooling: Pooling) -> list[str]:
    return [pooling] if isinstance(pooling, str) else list(pooling or ())
