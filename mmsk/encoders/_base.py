"""Base of the encoders: transformers of one raw column by a network that they train."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.callback import with_callbacks
from sklearn.utils.validation import check_is_fitted

from mmsk._device import resolve_device
from mmsk._learning import LearnsInEpochs
from mmsk._progress import epochs_told
from mmsk._validation import RawColumn, check_choice, check_n_jobs, check_number, raw_column
from mmsk.extraction import BaseExtractor
from mmsk.extraction._reading import read_batches

if TYPE_CHECKING:
    from torch import nn

ROWS_A_PASS = 64

Batches = Iterable[tuple[list[int], list[Any]]]


class BaseEncoder(LearnsInEpochs, BaseExtractor):
    """Base of a transformer of one raw column by a network that is trained on it.

    ::

        cell --_read--> sample --_batch--> tensors --_make_network--> (n_rows, n_components)

    A leaf gives the hooks below, documents all parameters, and derives from
    `SupervisedEncoder` or `AutoEncoder`, which say what the network is trained for. The samples
    of all training cells are held in memory; later ones only a few at a time.
    """

    _not_for_reading = ("state_", "history_")

    n_components: int
    n_jobs: int | None
    device: str
    on_error: str
    max_bad_fraction: float

    @property
    def _is_of_words(self) -> bool:
        """Whether cells are texts."""
        return False

    @abstractmethod
    def _check_leaf_parameters(self) -> None:
        """Raise ValueError for a parameter of the leaf that is not accepted."""

    @abstractmethod
    def _read(self, cell: Any) -> Any:
        """Read one cell to a sample, in a reading thread, or raise ReadError."""

    def _read_alike(self, cell: Any) -> Any:
        """Read a cell that must be like those that fit saw; otherwise as `_read`."""
        return self._read(cell)

    @abstractmethod
    def _learn_from(self, samples: list[Any]) -> None:
        """Learn from the training samples what `_batch` and `_make_network` need to know."""

    @abstractmethod
    def _batch(self, samples: list[Any], device: str) -> Any:
        """Put samples together as the network takes them, on the device."""

    @abstractmethod
    def _make_network(self) -> nn.Module:
        """Build the network: what `_batch` gives to shape (n_rows, n_components)."""

    def _make_start(self) -> nn.Module:
        """Build the network as training begins, where that is not with random weights."""
        return self._make_network()

    def _augment(self) -> Callable[[Any, Any], Any] | None:
        """Return what changes a batch in training, with a generator of torch; or None."""
        return None

    def _rates(self) -> Mapping[str, float]:
        """Return factors on the learning rate by beginnings of the names of weights."""
        return {}

    @abstractmethod
    def _make_whole(self) -> nn.Module:
        """Build what is trained: the network, and what comes behind it in training."""

    @abstractmethod
    def _check_target(self, y: Any, column: RawColumn) -> np.ndarray:
        """Return what to learn for each row of the column, and learn how to read it."""

    @abstractmethod
    def _train(self, take: Callable[..., Any], targets: np.ndarray, **options: Any) -> Any:
        """Train what `_make_whole` builds; return it, and the history."""

    @abstractmethod
    def _encode(self, whole: nn.Module, batch: Any) -> Any:
        """Compute the output for a batch, with the trained whole."""

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> Self:
        """Train the network on the cells that are there.

        Parameters
        ----------
        X : column of raw cells
            A list, object array, pandas Series or polars Series.
        y : array-like of shape (n_cells,), default=None
            The target: labels or real numbers. Encoders that learn without one ignore it.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ReadError
            If a cell cannot be read; it names row, column, item and cause.
        ValueError
            If a parameter is not accepted, there is no cell to learn from, the target does not
            fit, or the loss does not stay finite.
        """
        self._learn(X, y)
        return self

    @with_callbacks
    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Train the network and return what it makes of the training cells, read only once.

        Parameters
        ----------
        X : column of raw cells
            As for `fit`.
        y : array-like of shape (n_cells,), default=None
            As for `fit`.

        Returns
        -------
        features : ndarray of shape (n_cells, n_features), dtype float32
            As `transform` returns them. The network has seen these cells with their targets:
            new ones do not come out as far apart.
        """
        column, rows, samples = self._learn(X, y)
        size = self._rows_a_pass()
        parts = [slice(start, start + size) for start in range(0, len(rows), size)]
        return self._encoded(column, ((rows[part], samples[part]) for part in parts))

    def transform(self, X: Any) -> np.ndarray:
        """Compute one row of features per cell.

        Parameters
        ----------
        X : column of raw cells
            As for `fit`.

        Returns
        -------
        features : ndarray of shape (n_cells, n_features), dtype float32
            NaN rows where the cell is missing.

        Raises
        ------
        ReadError
            If a cell cannot be read; it names row, column, item and cause.
        """
        check_is_fitted(self)
        column = raw_column(X)
        return self._encoded(column, self._read_batches(column, self._read_alike))

    def _check_parameters(self) -> None:
        check_number("n_components", self.n_components, low=1, integer=True)
        check_choice("on_error", self.on_error, ["raise", "missing"])
        check_number("max_bad_fraction", self.max_bad_fraction, low=0, high=1)
        check_n_jobs(self.n_jobs)
        self._check_training()
        self._check_leaf_parameters()

    def _learn(self, X: Any, y: Any) -> tuple[RawColumn, list[int], list[Any]]:
        self._check_parameters()
        column = raw_column(X)
        targets = self._check_target(y, column)
        rows, samples = self._read_all(column)
        if not samples:
            raise ValueError(
                f"No cell to learn from: {type(self).__name__} got {len(column)} cells, none of "
                "which can be used. Give it at least one."
            )
        self._learn_from(samples)
        self._learn_network(samples, targets[rows])
        return column, rows, samples

    def _read_all(self, column: RawColumn) -> tuple[list[int], list[Any]]:
        rows: list[int] = []
        samples: list[Any] = []
        for some_rows, some_samples in self._read_batches(column, self._read):
            rows += some_rows
            samples += some_samples
        return rows, samples

    def _read_batches(
        self, column: RawColumn, read: Callable[[Any], Any]
    ) -> Iterator[tuple[list[int], list[Any]]]:
        return read_batches(
            read,
            column,
            on_error=self.on_error,
            max_bad_fraction=self.max_bad_fraction,
            batch_size=self._rows_a_pass(),
            n_threads=effective_n_jobs(self.n_jobs),
            is_text=self._is_of_words,
        )

    def _learn_network(self, samples: list[Any], targets: np.ndarray) -> None:
        from mmsk._nets.state import to_arrays

        device = resolve_device(self.device)
        with epochs_told(self, self.max_epochs) as tell:
            network, self.history_ = self._train(
                lambda places: self._batch([samples[place] for place in places], device),
                targets,
                how=self._how(
                    len(samples),
                    n_threads=effective_n_jobs(self.n_jobs),
                    rows_per_pass=ROWS_A_PASS,
                ),
                validation_fraction=self._fraction_held_out(len(samples)),
                seed=self._draw_seed(),
                device=device,
                augment=self._augment(),
                rates=self._rates(),
                listeners=[tell],
            )
        self.n_epochs_ = len(self.history_["loss"])
        self.state_ = to_arrays(network)

    def _encoded(self, column: RawColumn, batches: Batches) -> np.ndarray:
        """Compute rows for batches of samples, and give the other cells NaN."""
        import torch

        from mmsk._nets.state import from_arrays
        from mmsk._nets.threads import threads_of_torch

        device = resolve_device(self.device)
        whole = from_arrays(self._make_whole, self.state_).to(device)
        features = np.full((len(column), self._n_features()), np.nan, dtype=np.float32)
        for rows, samples in batches:
            with torch.inference_mode(), threads_of_torch(effective_n_jobs(self.n_jobs)):
                features[rows] = self._encode(whole, self._batch(samples, device)).cpu().numpy()
        return features

    def _rows_a_pass(self) -> int:
        return ROWS_A_PASS if isinstance(self.batch_size, str) else self.batch_size

    def _n_features(self) -> int:
        return len(list(self._feature_names()))

    def _feature_names(self) -> Iterable[str]:
        prefix = type(self).__name__.lower()
        return [f"{prefix}{number}" for number in range(self.n_components)]
