"""FeatureBlocks as fusions and heads take them: some modality in every row, and no bad value."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from mmsk.compose._feature_blocks import FeatureBlocks
from mmsk.compose._lost_rows import refuse_lost_rows
from mmsk.compose._stack import present_chunks
from mmsk.compose._to_blocks import to_blocks


def checked_blocks(estimator: Any, X: Any, *, reset: bool) -> FeatureBlocks:
    """Return `X` as FeatureBlocks, as `to_blocks` does, with rows that can be used.

    Raises
    ------
    ValueError
        As `to_blocks` raises it; or if a row has no modality at all, or a present row holds NaN
        or infinity.
    """
    blocks = to_blocks(estimator, X, reset=reset)
    _check_rows(blocks)
    return blocks


def _check_rows(blocks: FeatureBlocks) -> None:
    refuse_lost_rows(blocks.present)
    for name, block in blocks.items():
        for _, part in present_chunks(block, blocks.present_in(name)):
            values = part.data if sparse.issparse(part) else part
            # A sum is finite only if all its terms are; the exact look is for bad data alone.
            with np.errstate(over="ignore", invalid="ignore"):
                if not np.isfinite(values.sum(dtype=np.float64)):
                    _refuse_bad_values(name, block, blocks)
                    break


def _refuse_bad_values(name: str, block: Any, blocks: FeatureBlocks) -> None:
    present = blocks.present_in(name)
    if sparse.issparse(block):
        where = np.flatnonzero(~np.isfinite(block.data))
        rows = np.searchsorted(block.indptr, where, side="right") - 1
        columns = block.indices[where]
        rows, columns = rows[present[rows]], columns[present[rows]]
    else:
        rows, columns = np.nonzero(~np.isfinite(block) & present[:, None])
    if len(rows) == 0:
        return
    feature = blocks.feature_names[name][columns[0]]
    more = f", and {len(rows) - 1} more values" if len(rows) > 1 else ""
    raise ValueError(
        f"Block {name!r} contains NaN or infinity: row {rows[0]}, feature {feature!r}{more}. A "
        "missing modality is a row of nothing but NaN; fill single gaps before fusion, for "
        "example with SimpleImputer."
    )
