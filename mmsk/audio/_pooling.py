"""From one value per frame to one row per sound: statistics over time, or fixed frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from mmsk._validation import check_number

Pooling = str | Sequence[str] | None

_QUANTILE = re.compile(r"q(\d{1,2}|100)")


def _mean(matrix: np.ndarray) -> np.ndarray:
    # A third of the time of matrix.mean on the few frames of a short sound.
    return np.add.reduce(matrix, axis=0) / len(matrix)


def _std(matrix: np.ndarray) -> np.ndarray:
    return np.sqrt(_mean(np.square(matrix - _mean(matrix))))


_STATISTICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": _mean,
    "std": _std,
    "min": lambda matrix: matrix.min(axis=0),
    "max": lambda matrix: matrix.max(axis=0),
}


def check_pooling(pooling: Any, n_frames: Any) -> None:
    """Raise ValueError unless `pooling` and `n_frames` name one way to pool.

    Examples
    --------
    >>> from mmsk.audio._pooling import check_pooling
    >>> check_pooling(("mean", "q25"), None)
    >>> check_pooling("mena", None)
    Traceback (most recent call last):
        ...
    ValueError: pooling='mena' is not one of 'mean', 'std', 'min', 'max', a quantile 'q0' to
    'q100', a sequence of these, or None.
    """
    if pooling is None:
        if n_frames is None:
            raise ValueError("pooling=None keeps every frame: give their number as n_frames.")
        check_number("n_frames", n_frames, low=1, integer=True)
        return
    if n_frames is not None:
        raise ValueError(f"n_frames={n_frames!r} is used only with pooling=None.")
    statistics = _statistics(pooling)
    if not statistics or not all(_is_statistic(statistic) for statistic in statistics):
        raise ValueError(
            f"pooling={pooling!r} is not one of 'mean', 'std', 'min', 'max', a quantile 'q0' to "
            "'q100', a sequence of these, or None."
        )


def pooled(matrix: np.ndarray, pooling: Pooling, n_frames: int | None) -> np.ndarray:
    """Pool the frames of one sound.

    Parameters
    ----------
    matrix : ndarray of shape (n_frames_of_sound, n_values)
        One row per frame.
    pooling : str, sequence of str or None
        Statistics over the frames; None keeps the first `n_frames` frames as they are.
    n_frames : int or None
        Number of frames kept where `pooling` is None.

    Returns
    -------
    row : ndarray of shape (n_features,), dtype float32
        All values of the first statistic (or frame), then of the second, and so on.
    """
    if pooling is None:
        return matrix[:n_frames].astype(np.float32).ravel()
    matrix = matrix.astype(np.float64)
    values = [_statistic(matrix, statistic) for statistic in _statistics(pooling)]
    return np.concatenate(values).astype(np.float32)


def pooled_names(names: Iterable[str], pooling: Pooling, n_frames: int | None) -> list[str]:
    """Name the features of a row that `pooled` gives."""
    if pooling is None:
        endings = [f"frame{frame}" for frame in range(n_frames or 0)]
    else:
        endings = _statistics(pooling)
    names = list(names)
    return [f"{name}_{ending}" for ending in endings for name in names]


def _statistics(pooling: Any) -> list[Any]:
    if isinstance(pooling, str) or not isinstance(pooling, Iterable):
        return [pooling]
    return list(pooling)


def _is_statistic(statistic: Any) -> bool:
    return isinstance(statistic, str) and bool(
        statistic in _STATISTICS or _QUANTILE.fullmatch(statistic)
    )


def _statistic(matrix: np.ndarray, statistic: str) -> np.ndarray:
    if statistic in _STATISTICS:
        return _STATISTICS[statistic](matrix)
    return np.quantile(matrix, int(statistic[1:]) / 100, axis=0)
