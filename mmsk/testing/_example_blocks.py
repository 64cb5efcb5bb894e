"""Small blocks with a target, on which fusions and heads are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from mmsk.compose import FeatureBlocks
from mmsk.testing._subject import Subject

N_ROWS = 30


@dataclass(frozen=True, repr=False)
class BlocksSubject(Subject):
    """A fusion or a head with the blocks to check it on."""

    def as_pandas(self, index: Sequence[Any]) -> pd.DataFrame:
        """Return the blocks as a DataFrame with ``block__feature`` columns."""
        return as_frame(self.data, index)


def example_target() -> np.ndarray:
    """Two classes, in turn, so that every fold has both."""
    return np.arange(N_ROWS) % 2


def example_blocks(*, with_text: bool = False) -> FeatureBlocks:
    """Two dense blocks of different scale, each telling of the target; a sparse one if asked."""
    generator = np.random.default_rng(0)
    target = example_target()[:, None]
    image = 20 * (generator.normal(size=(N_ROWS, 5)) + target)
    audio = generator.normal(size=(N_ROWS, 3)) - 0.5 * target
    blocks: dict[str, Any] = {
        "image": image.astype(np.float32),
        "audio": audio.astype(np.float32),
    }
    if with_text:
        counts = generator.poisson(0.3 + 0.4 * target, size=(N_ROWS, 12))
        blocks["text"] = sparse.csr_matrix(counts, dtype=np.float32)
    return FeatureBlocks(blocks)


def without(blocks: FeatureBlocks, gaps: Mapping[str, Sequence[int]]) -> FeatureBlocks:
    """Return the blocks with the rows named for each block missing."""
    values = dict(blocks.items())
    present = blocks.present.copy()
    for name, rows in gaps.items():
        present[list(rows), blocks.names.index(name)] = False
        block = values[name].copy()
        if sparse.issparse(block):
            keep = present[:, [blocks.names.index(name)]].astype(block.dtype)
            values[name] = sparse.csr_matrix(block.multiply(keep))
        else:
            block[list(rows)] = np.nan
            values[name] = block
    return FeatureBlocks(values, present=present, feature_names=blocks.feature_names)


def as_frame(blocks: FeatureBlocks, index: Any = None) -> pd.DataFrame:
    """Return dense blocks as a plain ColumnTransformer with pandas output gives them."""
    return pd.DataFrame(np.asarray(blocks), columns=blocks.get_feature_names_out(), index=index)
