"""Sensor series of a made-up row: a swing for the class, jolts for the piece, drift and noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmsk.datasets._evidence import Evidence

SAMPLE_RATE = 50
SHORTEST_SECONDS, LONGEST_SECONDS = 2.0, 3.0
SLOWEST_HZ = 1.0
OCTAVES = 3.0
NOISE = 0.3
JOLT_SECONDS = 0.04


def render_series(evidence: Evidence, rng: np.random.Generator, path: Path) -> None:
    """Record two channels for 2 to 3 s at 50 Hz and write them as .npy.

    Parameters
    ----------
    evidence : Evidence
        `shown` chooses how fast the first channel swings, `piece` how many jolts the second one
        shows.
    rng : Generator
        Chooses length, phase, strength, places of the jolts, drift and noise.
    path : Path
        File to write: float32 of shape (time, 2).
    """
    n_points = round(SAMPLE_RATE * rng.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))
    time = np.arange(n_points) / SAMPLE_RATE
    values = NOISE * rng.standard_normal((n_points, 2)) + np.outer(time, rng.normal(0, 0.1, 2))
    if evidence.shown is not None:
        rate = SLOWEST_HZ * 2 ** (OCTAVES * evidence.shown / evidence.n_classes)
        phase = rng.uniform(0, 2 * np.pi)
        values[:, 0] += rng.uniform(0.8, 1.2) * np.sin(2 * np.pi * rate * time + phase)
    if evidence.piece is not None:
        values[:, 1] += _jolts(time, evidence.piece + 1, rng)
    np.save(path, values.astype(np.float32))


def _jolts(time: np.ndarray, n_jolts: int, rng: np.random.Generator) -> np.ndarray:
    """Short jolts, one at some place in each of so many equal stretches."""
    places = (np.arange(n_jolts) + rng.uniform(0.3, 0.7, n_jolts)) * time[-1] / n_jolts
    shapes = np.exp(-0.5 * ((time[:, np.newaxis] - places) / JOLT_SECONDS) ** 2)
    return shapes @ rng.uniform(4, 5, n_jolts)
