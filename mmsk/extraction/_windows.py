"""Where windows lie in something long, whatever it is."""

from __future__ import annotations

from typing import Any

from mmsk._validation import check_number

SHORTEST_SECONDS = 0.001


def check_windows(window_length: Any, hop_length: Any, unit: str) -> None:
    """Raise ValueError unless windows can have this length and distance, in this unit."""
    given = {"window_length": window_length, "hop_length": hop_length}
    for name, value in given.items():
        if value is not None or name == "window_length":
            if unit == "seconds":
                check_number(name, value, low=SHORTEST_SECONDS)
            else:
                check_number(name, value, low=1, integer=True)


def hop_of(window_length: Any, hop_length: Any, unit: str) -> Any:
    """Return the distance of windows: where none is given, half a window."""
    if hop_length is not None:
        return hop_length
    return window_length / 2 if unit == "seconds" else max(1, window_length // 2)


def window_starts(n_points: int, window_length: int, hop_length: int | None) -> list[int]:
    """Return where windows begin, of which the last ends at the last point.

    Parameters
    ----------
    n_points : int
        Length of what is cut.
    window_length : int
        Points in a window. Fewer points are one window.
    hop_length : int or None
        Points from start to start; None is half a window.

    Returns
    -------
    starts : list of int
        Rising, the first is 0.

    Examples
    --------
    >>> from mmsk.extraction._windows import window_starts
    >>> window_starts(10, 4, 3)
    [0, 3, 6]
    >>> window_starts(11, 4, 3)
    [0, 3, 6, 7]
    """
    last = max(0, n_points - window_length)
    starts = list(range(0, last + 1, hop_of(window_length, hop_length, "points")))
    return starts if starts[-1] == last else [*starts, last]
