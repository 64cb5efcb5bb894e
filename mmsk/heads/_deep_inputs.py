"""Blocks as a deep head takes them: scaled so that single columns count alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse

from mmsk.compose import FeatureBlocks
from mmsk.fusion._scaling import BlockScale, learn_scale


def learn_inputs(
    blocks: FeatureBlocks, scale: str | None, weight: np.ndarray
) -> tuple[dict[str, BlockScale], list[float]]:
    """Learn the scale of each block, and the norm that its scaled rows have.

    Fusions bring the rows of a block to norm 1; networks learn fastest from columns of variance
    1, which is a norm of the square root of the width. Here every block gets the norm that
    columns of variance 1 would give to the blocks on average, so that a narrow block is not
    drowned by a wide one. Of sparse rows the values that are stored count, not the width.

    Parameters
    ----------
    blocks : FeatureBlocks
        The training rows.
    scale : {"standard", "block", None}
        As in ConcatFusion; None leaves the blocks as they are.
    weight : ndarray of shape (n_rows,)
        How much each row counts; 0 is not looked at.

    Returns
    -------
    scales : dict of str to BlockScale
        The map of each block.
    norms : list of float
        The norm of a row of each block; one for all, unless `scale` is None.
    """
    scales, filled = {}, []
    for name, block in blocks.items():
        rows = blocks.present_in(name) & (weight > 0)
        uneven = len(np.unique(weight[rows])) > 1
        scales[name] = learn_scale(block, rows, scale, weight if uneven else None)
        filled.append(_filled(block, rows, scales[name]))
    if scale is None:
        return scales, np.sqrt(filled).tolist()
    norm = float(np.sqrt(np.mean(filled)))
    for name, learned in scales.items():
        scales[name] = replace(learned, factor=(learned.factor * norm).astype(np.float32))
    return scales, [norm] * len(scales)


def _filled(block: Any, rows: np.ndarray, scale: BlockScale) -> float:
    """Return how many columns of a row are not zero, on average; at least 1."""
    if sparse.issparse(block):
        stored = np.diff(block.indptr)[rows]
        return max(1.0, float(stored.mean())) if len(stored) else 1.0
    return max(1.0, float(np.count_nonzero(scale.factor)))
