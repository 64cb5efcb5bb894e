"""Changes over time: librosa's delta features."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.signal

# librosa.feature.delta fits a polynomial to this many frames.
_WIDTH = 9
_HALF = _WIDTH // 2


def delta(matrix: np.ndarray, order: int) -> np.ndarray:
    """Return the local slope (order 1) or curvature (order 2) of each column.

    Equal to ``librosa.feature.delta`` with its defaults. Fewer than 9 frames, which librosa
    refuses, are continued with the first and the last frame.

    Parameters
    ----------
    matrix : ndarray of shape (n_frames, n_values)
        One row per frame.
    order : int
        Order of the derivative, also the degree of the polynomial.

    Returns
    -------
    delta : ndarray of shape (n_frames, n_values), dtype float64
        The derivative at each frame.
    """
    n_frames = len(matrix)
    short = max(0, _WIDTH - n_frames)
    matrix = np.pad(matrix, ((short // 2, short - short // 2), (0, 0)), mode="edge")
    table = _table(order)
    windows = np.lib.stride_tricks.sliding_window_view(matrix, _WIDTH, axis=0)
    pieces = [table[:_HALF] @ matrix[:_WIDTH], windows @ table[_HALF]]
    pieces.append(table[_HALF + 1 :] @ matrix[-_WIDTH:])
    return np.concatenate(pieces)[short // 2 : short // 2 + n_frames]


@lru_cache(maxsize=4)
def _table(order: int) -> np.ndarray:
    """Weights of 9 frames for the derivative at each of them, shape (9, 9)."""
    return scipy.signal.savgol_filter(
        np.eye(_WIDTH), _WIDTH, polyorder=order, deriv=order, axis=0, mode="interp"
    )
