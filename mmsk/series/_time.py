"""Even steps without gaps: what is missing in time is interpolated."""

from __future__ import annotations

import numpy as np

from mmsk.exceptions import ReadError

# Clocks jitter, and stamps are rounded to milliseconds: steps this close count as even.
UNEVEN_STEP = 0.01
LONGEST_JITTER = 1.5
SHORTEST_STEP = 1e-12  # seconds


def fill_gaps(
    values: np.ndarray, times: np.ndarray, channels: tuple[str, ...] | None
) -> np.ndarray:
    """Interpolate NaN linearly within each channel; its first and last value go on outwards.

    Parameters
    ----------
    values : ndarray of shape (time, channels)
        Left as it is.
    times : ndarray of shape (time,)
        Where the points stand.
    channels : tuple of str or None
        Names, for the message.

    Returns
    -------
    values : ndarray of shape (time, channels)
        The same array where nothing is missing.

    Raises
    ------
    ReadError
        If a channel holds no value at all.
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    filled = values.copy()
    for channel in np.flatnonzero(missing.any(axis=0)).tolist():
        gaps = missing[:, channel]
        if gaps.all():
            name = repr(channels[channel]) if channels else str(channel)
            raise ReadError(f"channel {name} holds no value, only gaps", "check")
        known = values[~gaps, channel]
        filled[gaps, channel] = np.interp(times[gaps], times[~gaps], known)
    return filled


def check_times(times: np.ndarray) -> None:
    """Raise ReadError unless each time is later than the one before."""
    if not np.isfinite(times).all():
        place = int(np.flatnonzero(~np.isfinite(times))[0])
        raise ReadError(f"the time stamp of point {place} is missing or infinite", "check")
    steps = np.diff(times)
    if len(steps) and 0 < steps.min() < SHORTEST_STEP:
        raise ReadError(f"time stamps {steps.min():.3g} seconds apart", "check")
    if (steps <= 0).any():
        place = int(np.flatnonzero(steps <= 0)[0]) + 1
        what = "repeats the one before" if steps[place - 1] == 0 else "is before the one before"
        raise ReadError(f"the time stamp of point {place} {what}: sort and merge them", "check")


def rate_of(times: np.ndarray) -> float | None:
    """Return the points per second that most steps have, None for a single point.

    Steps that only jitter give their mean, which is nearer to the clock than any of them.
    """
    if len(times) < 2:
        return None
    steps = np.diff(times)
    step = np.quantile(steps, 0.5, method="lower")
    if steps.max() < LONGEST_JITTER * step:
        step = steps.mean()
    return float(f"{1 / step:.9g}")  # what is beyond is rounding of the times


def is_even(times: np.ndarray, rate: float) -> bool:
    """Tell whether all times stand where points at that rate would."""
    even = times[0] + np.arange(len(times)) / rate
    return bool((np.abs(times - even) * rate <= UNEVEN_STEP).all())


def n_points_at(times: np.ndarray, rate: float) -> int:
    """Count the points that `times` spans at a rate."""
    # A hair more, so that rounding does not lose the last point of even steps.
    return int((times[-1] - times[0]) * rate + UNEVEN_STEP) + 1


def at_rate(values: np.ndarray, times: np.ndarray, rate: float) -> np.ndarray:
    """Interpolate values, shape (time, channels), linearly at even steps from the first time."""
    wanted = times[0] + np.arange(n_points_at(times, rate)) / rate
    return np.column_stack([np.interp(wanted, times, channel) for channel in values.T])
