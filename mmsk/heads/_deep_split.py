"""Which rows a deep head learns from, and which it holds out for early stopping."""

from __future__ import annotations

import math

import numpy as np

from mmsk._learning import FEWEST_ROWS_STOPPED


def split_rows(
    strata: np.ndarray,
    rows: np.ndarray,
    *,
    n_classes: int,
    early_stopping: bool | str,
    fraction: float,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Split rows into those to learn from and those to judge by; each class stays in the former.

    Parameters
    ----------
    strata : ndarray of shape (n_all_rows,)
        What both parts are to be alike in.
    rows : ndarray of int
        Places of the rows that count.
    n_classes : int
        Fewest rows that are worth being held out: one for each class.
    early_stopping : bool or "auto"
        Whether to hold rows out; ``"auto"`` where there are enough of them.
    fraction : float
        Share of the rows to hold out.
    seed : int
        Draws the rows.

    Raises
    ------
    ValueError
        With ``early_stopping=True``, if fewer rows than classes, or all rows, would be held out.
    """
    from mmsk._nets.training import hold_out

    n_held_out = round(fraction * len(rows))
    enough = n_classes <= n_held_out < len(rows)
    if early_stopping is True and not enough:
        _refuse(len(rows), n_held_out, n_classes, fraction)
    if not early_stopping or not enough:
        return rows, rows[:0]
    if early_stopping == "auto" and len(rows) < FEWEST_ROWS_STOPPED:
        return rows, rows[:0]
    train, held_out = (rows[part] for part in hold_out(strata[rows], fraction, seed))
    if n_classes > 1:
        lonely = ~np.isin(strata[held_out], strata[train])
        train, held_out = np.concatenate([train, held_out[lonely]]), held_out[~lonely]
    return train, held_out


def _refuse(n_rows: int, n_held_out: int, n_classes: int, fraction: float) -> None:
    advice = "give more rows, or set early_stopping=False"
    if n_classes < n_rows:
        least = math.ceil(100 * (n_classes / n_rows)) / 100
        advice = f"raise it to {min(0.9, least):g} or more, or set early_stopping=False"
    wanted = f"the {n_classes} classes" if n_classes > 1 else "the one that is needed"
    raise ValueError(
        f"validation_fraction={fraction:g} of {n_rows} rows holds out {n_held_out}, fewer than "
        f"{wanted}: {advice}."
        if n_held_out < n_classes
        else f"validation_fraction={fraction:g} of {n_rows} rows leaves none to learn from: lower "
        "it, or set early_stopping=False."
    )
