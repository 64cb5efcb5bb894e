"""Rows of blocks as tensors, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from scipy import sparse

MOST_HELD_BYTES = 2**30
STEP_BYTES = 2**22  # copies made on the way stay about this small


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
        self._held: dict[int, torch.Tensor] = {}

    def hold(self) -> Self:
        """Scale dense blocks now and keep them on the device, for rows that are taken often.

        Blocks that would take more than 1 GiB together are left to be scaled as they are taken.
        """
        dense = {i: block for i, block in enumerate(self.blocks) if not sparse.issparse(block)}
        if 4 * len(self) * sum(block.shape[1] for block in dense.values()) <= MOST_HELD_BYTES:
            every = np.arange(len(self))
            for i, block in dense.items():
                here = self.present[:, i]
                self._held[i] = self._dense_rows(block, self.maps[i], every, here)
        return self

    def __len__(self) -> int:
        return len(self.present)

    def take(self, rows: np.ndarray) -> Batch:
        """Return the rows at these places."""
        present = self.present[rows]
        places = torch.from_numpy(rows).to(self.device)
        blocks = [
            self._held[i].index_select(0, places)
            if i in self._held
            else self._rows(block, self.maps[i], rows, present[:, i])
            for i, block in enumerate(self.blocks)
        ]
        return Batch(blocks, torch.tensor(present, device=self.device))

    def _rows(
        self, block: Any, scaled: Callable[[Any], Any], rows: np.ndarray, present: np.ndarray
    ) -> torch.Tensor | SparseRows:
        if not sparse.issparse(block):
            return self._dense_rows(block, scaled, rows, present)
        part = scaled(block[rows[present]])
        return SparseRows(*(tensor.to(self.device) for tensor in _sparse_rows(part, present)))

    def _dense_rows(
        self, block: Any, scaled: Callable[[Any], Any], rows: np.ndarray, present: np.ndarray
    ) -> torch.Tensor:
        # In memory of torch: sums in matrix products may depend on how the memory is aligned.
        dense = torch.zeros(len(rows), block.shape[1])
        for some in np.array_split(np.flatnonzero(present), max(1, dense.nbytes // STEP_BYTES)):
            dense.numpy()[some] = scaled(block[rows[some]])
        return dense.to(self.device)


def _sparse_rows(part: Any, present: np.ndarray) -> tuple[torch.Tensor, ...]:
    lengths = np.zeros(len(present), dtype=np.int64)
    lengths[present] = np.diff(part.indptr)
    starts = np.cumsum(lengths) - lengths
    columns = part.indices.astype(np.int64)
    return torch.from_numpy(columns), torch.from_numpy(starts), torch.from_numpy(part.data)
