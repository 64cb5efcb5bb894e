"""What each modality of a made-up row shows of its label: the information plan of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

NOTHING = -1


class Evidence(NamedTuple):
    """What one cell shows; a renderer turns it into a text, a picture, a sound.

    Attributes
    ----------
    shown : int or None
        The class that the cell shows openly, None where it shows none.
    piece : int or None
        The cell's piece of a label that two cells give together, None where it has none.
    n_classes : int
        Number of values that either may take.
    """

    shown: int | None
    piece: int | None
    n_classes: int


@dataclass(frozen=True)
class Plan:
    """Labels, and what each modality shows of them.

    Attributes
    ----------
    y : ndarray of shape (n_samples,), dtype int64
        The labels, balanced.
    source : ndarray of shape (n_samples,), dtype object
        Which information gives the label of a row: ``"redundant"``, ``"unique:<modality>"`` or
        ``"synergistic:<modality>+<modality>"``.
    shown, piece : ndarray of shape (n_samples, n_modalities), dtype int64
        Values of the cells' evidence, `NOTHING` where there is none.
    n_classes : int
        Number of classes.
    """

    y: np.ndarray
    source: np.ndarray
    shown: np.ndarray
    piece: np.ndarray
    n_classes: int

    def cell(self, row: int, column: int) -> Evidence:
        """Evidence of one cell."""
        shown, piece = int(self.shown[row, column]), int(self.piece[row, column])
        return Evidence(
            None if shown == NOTHING else shown,
            None if piece == NOTHING else piece,
            self.n_classes,
        )


def synergy_of(first: str, second: str) -> str:
    """Name of the source of rows whose label two modalities give together."""
    return f"synergistic:{first}+{second}"


def draw_plan(
    n_samples: int,
    modalities: Sequence[str],
    n_classes: int,
    shares: Mapping[str, float],
    noise: float,
    rng: np.random.Generator,
) -> Plan:
    """Draw labels and evidence.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    modalities : sequence of str
        Names of the modalities.
    n_classes : int
        Number of classes.
    shares : mapping of str to float
        Share of the rows for each source; the shares sum to 1.
    noise : float
        Chance that a piece of evidence is replaced by a random value.
    rng : Generator
        Source of randomness.

    Returns
    -------
    plan : Plan
        Labels and evidence.
    """
    y = rng.permutation(np.arange(n_samples) % n_classes)
    source = rng.permutation(np.repeat(list(shares), _counts(n_samples, shares)).astype(object))
    shown = np.full((n_samples, len(modalities)), NOTHING)
    piece = shown.copy()
    shown[source == "redundant"] = y[source == "redundant", None]
    for column, name in enumerate(modalities):
        rows = source == f"unique:{name}"
        shown[rows, column] = y[rows]
    for pair in combinations(range(len(modalities)), 2):
        rows = source == synergy_of(*(modalities[column] for column in pair))
        piece[np.ix_(rows, list(pair))] = _pieces(y[rows], n_classes, rng)
    shown, piece = (_blur(values, n_classes, noise, rng) for values in (shown, piece))
    return Plan(y, source, shown, piece, n_classes)


def _counts(n_samples: int, shares: Mapping[str, float]) -> np.ndarray:
    edges = np.rint(n_samples * np.cumsum(list(shares.values()))).astype(int)
    return np.diff(edges, prepend=0)


def _pieces(y: np.ndarray, n_classes: int, rng: np.random.Generator) -> np.ndarray:
    """Two pieces that sum to y modulo n_classes; one without the other tells nothing."""
    first = rng.integers(n_classes, size=len(y))
    return np.stack([first, (y - first) % n_classes], axis=1)


def _blur(values: np.ndarray, n_classes: int, noise: float, rng: np.random.Generator) -> np.ndarray:
    replaced = (rng.random(values.shape) < noise) & (values != NOTHING)
    return np.where(replaced, rng.integers(n_classes, size=values.shape), values)


def draw_missing(n_samples: int, shares: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """Choose the cells that are missing, never all cells of one row.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    shares : sequence of float
        Share of missing cells per modality, at most ``len(shares) - 1`` together.
    rng : Generator
        Source of randomness.

    Returns
    -------
    missing : ndarray of shape (n_samples, n_modalities), dtype bool
        In each column, ``share * n_samples`` cells are True, rounded down.
    """
    missing = np.zeros((n_samples, len(shares)), dtype=bool)
    for column, share in enumerate(shares):
        n_missing = int(share * n_samples + 1e-9)  # 0.29 * 100 is 28.999...
        missing[rng.choice(n_samples, n_missing, replace=False), column] = True
    for row in np.flatnonzero(missing.all(axis=1)):
        # Swap one gap with a row that keeps another cell, so that every share stays exact.
        column = rng.choice(np.flatnonzero(_can_take(missing).any(axis=0)))
        other = rng.choice(np.flatnonzero(_can_take(missing)[:, column]))
        missing[row, column], missing[other, column] = False, True
    return missing


def _can_take(missing: np.ndarray) -> np.ndarray:
    """Present cells whose row has another present cell."""
    return ~missing & ((~missing).sum(axis=1) > 1)[:, None]
