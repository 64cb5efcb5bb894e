"""What the encoders of sequences share: how cells become tensors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._validation import RawColumn, check_choice, check_number
from mmsk.encoders._base import BaseEncoder
from mmsk.encoders._sequence_samples import (
    N_NUMBERS_TAKEN,
    Frames,
    mean_and_deviation,
    most_common_kind,
    numbers_of,
    read_sequence,
    source_of,
    why_not_alike,
)
from mmsk.extraction import BaseExtractor
from mmsk.extraction._bad_cells import BadCells
from mmsk.text import WordReader

if TYPE_CHECKING:
    from torch import nn

    from mmsk._nets.sequences import Sequences
    from mmsk._nets.training import Training

# Of a value from the mean. What lies beyond is so far off that only its sign says anything.
MOST_DEVIATIONS = 1e4


class SequenceEncoder(BaseEncoder):
    """Base of the encoders of sequences: frames of numbers, or words.

    A leaf gives `_layers`, the part of the network that maps frames to frames. From frames, fit
    learns the channels (`n_channels_`, `channels_`) and the mean and deviation of each
    (`mean_`, `std_`); from words the vocabulary (`words_`). What does not apply is None.
    """

    sequence: Any
    hidden_size: int
    pooling: str
    embedding_size: int
    dropout: float
    max_length: int
    n_channels_: Any
    channels_: Any
    mean_: Any
    std_: Any
    words_: Any

    @abstractmethod
    def _layers(self, width_in: int) -> nn.Module:
        """Build what maps frames of a width to frames."""

    def _check_leaf_parameters(self) -> None:
        source_of(self.sequence)
        for name in ("hidden_size", "embedding_size", "max_length"):
            check_number(name, getattr(self, name), low=1, integer=True)
        check_choice("pooling", self.pooling, ["attention", "mean", "max", "last"])
        check_number("dropout", self.dropout, low=0, high=0.99)

    @property
    def _is_of_words(self) -> bool:
        return isinstance(source_of(self.sequence), WordReader)

    def _used_reader(self) -> Any:
        source = source_of(self.sequence)
        return source._used_reader() if isinstance(source, BaseExtractor) else source

    def _read_windows(
        self, reader: Any, cell: Any, window_length: Any, hop_length: Any
    ) -> Iterator[Any]:
        source = source_of(self.sequence)
        if isinstance(source, BaseExtractor):
            return source._read_windows(reader, cell, window_length, hop_length)
        return super()._read_windows(reader, cell, window_length, hop_length)

    def _read(self, cell: Any) -> Frames | list[str]:
        return read_sequence(source_of(self.sequence), cell, self.max_length)

    def _read_alike(self, cell: Any) -> Frames | list[str]:
        sample = self._read(cell)
        error = None
        if isinstance(sample, Frames):
            error = why_not_alike(sample, self.n_channels_, self.channels_)
        if error is not None:
            raise error
        return sample

    def _read_all(self, column: RawColumn) -> tuple[list[int], list[Any]]:
        """Read the training cells; those with other channels than most are bad ones."""
        rows, samples = super()._read_all(column)
        if self._is_of_words or not samples:
            return rows, samples
        kind = most_common_kind(samples)
        bad = BadCells(column, self.on_error, self.max_bad_fraction)
        judged = [why_not_alike(sample, *kind) or sample for sample in samples]
        alike = bad.split(list(zip(rows, judged, strict=True)))
        bad.close()
        return alike

    def _learn_from(self, samples: list[Any]) -> None:
        self.n_channels_ = self.channels_ = self.mean_ = self.std_ = self.words_ = None
        if self._is_of_words:
            self.words_ = source_of(self.sequence).vocabulary(samples)
        else:
            self.n_channels_, self.channels_ = most_common_kind(samples)
            self.mean_, self.std_ = mean_and_deviation(samples)

    def _batch(self, samples: list[Any], device: str) -> Sequences:
        from mmsk._nets.sequences import padded

        parts = numbers_of(self.words_, samples) if self._is_of_words else self._scaled(samples)
        lengths = np.array([len(part) for part in parts])
        return padded(np.concatenate(parts), lengths, device)

    def _scaled(self, samples: Sequence[Frames]) -> list[np.ndarray]:
        with np.errstate(over="ignore"):
            scaled = [(sample.values - self.mean_) / self.std_ for sample in samples]
        return [np.clip(values, -MOST_DEVIATIONS, MOST_DEVIATIONS) for values in scaled]

    def _how(self, n_rows: int, **other: Any) -> Training:
        return super()._how(n_rows, **{"schedule": "cosine"} | other)

    def _make_network(self, *, bounded: bool = True) -> nn.Module:
        from torch import nn

        from mmsk._nets.sequence_networks import SequenceNetwork, WordVectors

        enter: nn.Module = nn.Identity()
        width = self.embedding_size if self._is_of_words else self.n_channels_
        if self._is_of_words:
            enter = WordVectors(self._n_words(), width, self.dropout)
        return SequenceNetwork(
            enter,
            self._layers(width),
            self.pooling,
            self.n_components,
            dropout=self.dropout,
            bounded=bounded,
        )

    def _n_words(self) -> int:
        return len(self.words_) + N_NUMBERS_TAKEN
