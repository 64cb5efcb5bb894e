"""Numbers of a made-up row: two readings turn with the class, two with the piece."""

from __future__ import annotations

import numpy as np

from mmsk.datasets._evidence import Evidence

JITTER = 0.15


def render_numeric(evidence: Evidence, rng: np.random.Generator) -> tuple[float, ...]:
    """Take four readings.

    Parameters
    ----------
    evidence : Evidence
        `shown` chooses a point on the unit circle for the first two readings, `piece` one for
        the last two; nothing is the centre.
    rng : Generator
        Shakes the readings.

    Returns
    -------
    readings : tuple of 4 float
        Without unit.
    """
    points = [
        _point(evidence.shown, evidence.n_classes),
        _point(evidence.piece, evidence.n_classes),
    ]
    return tuple((np.concatenate(points) + rng.normal(0, JITTER, 4)).tolist())


def _point(value: int | None, n_classes: int) -> np.ndarray:
    if value is None:
        return np.zeros(2)
    angle = 2 * np.pi * value / n_classes
    return np.array([np.cos(angle), np.sin(angle)])
