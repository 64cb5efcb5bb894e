"""Rows of blocks as tensors, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import sparse


class SparseRows(NamedTuple):
    """Rows of a CSR block, as `torch.nn.functional.embedding_bag` takes them.

    Attributes
    ----------
    columns : Tensor of shape (n_stored,), dtype int64
        Column of each stored value, row by row.
    starts : Tensor of shape (n_rows,), dtype int64
        Where each row begins.
    values : Tensor of shape (n_stored,), dtype float32
        The stored values.
    """

    columns: torch.Tensor
    starts: torch.Tensor
    values: torch.Tensor


class Batch(NamedTuple):
    """Some rows of all blocks.

    Attributes
    ----------
    blocks : list of (Tensor of shape (n_rows, width), dtype float32, or SparseRows)
        The blocks; a missing row is zeros.
    present : Tensor of shape (n_rows, n_blocks), dtype bool
        Which row has which block.
    """

    blocks: list[torch.Tensor | SparseRows]
    present: torch.Tensor


class BlockRows:
    """Blocks from which rows are taken as tensors, scaled only when they are taken.

    Parameters
    ----------
    blocks : sequence of {ndarray, CSR} of shape (n_rows, width)
        The blocks.
    present : ndarray of shape (n_rows, n_blocks), dtype bool
        Values of rows that it excludes are never looked at.
    maps : sequence of callable
        One per block: maps some rows of it to as many float32 rows of the same form.
    device : str
        Where the tensors go.
    """

    def __init__(
        self,
        blocks: Sequence[Any],
        present: np.ndarray,
        maps: Sequence[Callable[[Any], Any]],
        device: str,
    ) -> None:
        self.blocks = blocks
        self.present = present
        self.maps = maps
        self.device = device

    def __len__(self) -> int:
        return len(self.present)

    def take(self, rows: np.ndarray) -> Batch:
        """Return the rows at these places."""
        present = self.present[rows]
        parts = zip(self.blocks, self.maps, present.T, strict=True)
        blocks = [self._rows(block, scaled, rows, here) for block, scaled, here in parts]
        return Batch(blocks, torch.tensor(present, device=self.device))

    def _rows(
        self, block: Any, scaled: Callable[[Any], Any], rows: np.ndarray, present: np.ndarray
    ) -> torch.Tensor | SparseRows:
        part = scaled(block[rows[present]])
        if sparse.issparse(part):
            return SparseRows(*(tensor.to(self.device) for tensor in _sparse_rows(part, present)))
        # In memory of torch: sums in matrix products may depend on how the memory is aligned.
        dense = torch.zeros(len(rows), block.shape[1])
        dense.numpy()[present] = part
        return dense.to(self.device)


def _sparse_rows(part: Any, present: np.ndarray) -> tuple[torch.Tensor, ...]:
    lengths = np.zeros(len(present), dtype=np.int64)
    lengths[present] = np.diff(part.indptr)
    starts = np.cumsum(lengths) - lengths
    columns = part.indices.astype(np.int64)
    return torch.from_numpy(columns), torch.from_numpy(starts), torch.from_numpy(part.data)
