"""Extractors: transformers of one raw column to one 2-D block of features."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import Tags, get_tags
from sklearn.utils.validation import check_is_fitted

from mmsk._config import config_to_send, current_config, receive_config
from mmsk._progress import FitTasks, as_fit_task, progress_bar
from mmsk._validation import RawColumn, check_choice, check_n_jobs, check_number, raw_column
from mmsk.extraction._code import digest_of_room
from mmsk.extraction._digest import digest_cell, digest_text
from mmsk.extraction._keeper import Keeper
from mmsk.extraction._pass import Pass
from mmsk.extraction._stream import Threads

MOST_BYTES_DIGESTED = 2**32
SENT = "_config_of_the_sender"
FIRST_PROTOCOL_SENT = 5


class BaseExtractor(CallbackSupportMixin, TransformerMixin, BaseEstimator, ABC):
    """Base of every transformer of one raw column.

    A leaf stores its parameters in ``__init__``, checks them in `_check_parameters`, names its
    features in `_feature_names`, and transforms a column to float32 or CSR with one row per
    cell: NaN rows (empty ones in CSR) for missing cells.
    """

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""

    @abstractmethod
    def _feature_names(self) -> Iterable[str]:
        """Names of the output features, in order."""

    def _used_reader(self) -> Any:
        """Return what reads the cells; None where that is the extractor itself."""
        return getattr(self, "reader", None)

    def _read_windows(
        self, reader: Any, cell: Any, window_length: Any, hop_length: Any
    ) -> Iterator[Any]:
        """Read one cell in windows, as cells for this extractor."""
        return reader.read_windows(cell, window_length, hop_length)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the output features.

        Parameters
        ----------
        input_features : ignored
            Present for scikit-learn's convention; a raw column has no features.

        Returns
        -------
        names : ndarray of shape (n_features,), dtype object
            One name per output column.
        """
        check_is_fitted(self)
        return np.asarray(list(self._feature_names()), dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        tags.no_validation = True
        return tags


class CellExtractor(BaseExtractor):
    """Base of the extractors whose row depends on its cell alone, once they are fitted.

    A leaf gives `_prepare` (one cell to one sample; runs in reading threads) and `_extract`
    (a list of samples to rows). Most are frozen: `fit` only checks the parameters, and
    `transform` works without it. One that learns from the column does so in `_learn`, says so
    in its tags (``requires_fit``), and returns what it learned from `_fingerprint_state`.

    The parameters `on_error`, `max_bad_fraction`, `batch_size` and `n_jobs` of the leaf steer
    the pass and cannot change a row.

    Rows are kept in the feature store under the content of their cell and the fingerprint of
    the extractor, which covers its class, parameters, code, `extractor_version`, and what
    `_fingerprint_state` returns. A leaf whose string cells are paths or texts says so in
    `_strings_are`; otherwise rows of string cells are not kept.
    """

    extractor_version: int = 1
    _strings_are: Literal["paths", "text"] | None = None

    on_error: str
    max_bad_fraction: float
    batch_size: int
    n_jobs: int | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        digest_of_room(cls.__module__)  # now: its files may be edited while this process runs

    @abstractmethod
    def _prepare(self, cell: Any) -> Any:
        """Read one cell and bring it to the form that `_extract` takes, or raise ReadError."""

    @abstractmethod
    def _extract(self, samples: list[Any]) -> np.ndarray:
        """Compute one float32 row per sample, shape (len(samples), n_features)."""

    def _learn(self, column: RawColumn, y: Any) -> None:
        """Learn from a column, and a target, what rows depend on; here nothing."""

    @as_fit_task
    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Check the parameters, and learn what is to be learned from the column.

        Parameters
        ----------
        X : column of raw cells, default=None
            A frozen extractor checks that it is a column, and reads no cell.
        y : array-like of shape (n_cells,), default=None
            For what learns with it, as in SlidingWindows; other extractors ignore it.

        Returns
        -------
        self : object
            The extractor itself.

        Raises
        ------
        ValueError
            If a parameter is not accepted, `X` is not a column, or there is nothing to learn
            from.
        """
        self._check_all_parameters()
        if X is not None:
            self._learn(raw_column(X), y)
        elif get_tags(self).requires_fit:
            raise ValueError(f"{type(self).__name__} learns from the column: call fit(X).")
        return self

    @with_callbacks
    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Do what `fit` and `transform` do, and tell scikit-learn's callbacks how far it is.

        Parameters
        ----------
        X : column of raw cells
            A list, object array, pandas Series or polars Series.
        y : array-like of shape (n_cells,), default=None
            For what learns with it, as in SlidingWindows; other extractors ignore it.

        Returns
        -------
        features : ndarray of shape (n_cells, n_features), dtype float32
            As `transform` returns them.
        """
        self._check_all_parameters()
        column = raw_column(X)
        self._learn(column, y)
        with (
            self._bar(column) as bar,
            FitTasks(self, column.n_present, self.batch_size) as tasks,
        ):
            return self._rows(column, bar.update, tasks.update)

    def transform(self, X: Any) -> np.ndarray:
        """Compute one row of features per cell.

        Parameters
        ----------
        X : column of raw cells
            A list, object array, pandas Series or polars Series.

        Returns
        -------
        features : ndarray of shape (n_cells, n_features), dtype float32
            NaN rows where the cell is missing.

        Raises
        ------
        ReadError
            If a cell cannot be read; it names row, column, item and cause, and up to 19 more
            bad cells. With ``on_error="missing"`` only if too many are bad.
        """
        check_is_fitted(self)
        self._check_all_parameters()
        column = raw_column(X)
        with self._bar(column) as bar:
            return self._rows(column, bar.update)

    def _bar(self, column: RawColumn) -> AbstractContextManager:
        return progress_bar(column.n_present, self._pass_name(column))

    def _pass_name(self, column: RawColumn) -> str:
        name = type(self).__name__
        return name if column.name is None else f"{name} {column.name}"

    def _rows(self, column: RawColumn, *counts: Callable[[int], Any]) -> np.ndarray:
        """Compute the rows of a column; each of `counts` hears how many cells more are done."""
        with Keeper(current_config(), self) as keeper:
            return Pass(self, column, keeper, counts).run()

    def _digest(self, cell: Any) -> bytes | None:
        """Digest of what the cell holds; None where its row cannot be kept."""
        if isinstance(cell, str | os.PathLike) and self._strings_are != "paths":
            return digest_text(cell) if self._strings_are == "text" else None
        reader = self._used_reader()
        root, max_bytes = getattr(reader, "root", None), getattr(reader, "max_bytes", None)
        return digest_cell(cell, root, max_bytes or MOST_BYTES_DIGESTED)

    def _fingerprint_state(self) -> Any:
        """Plain value that stands for what a row depends on beside the parameters."""
        return None

    def _threads(self) -> AbstractContextManager[Threads]:
        """Tell which threads read and compute while a pass goes on.

        Here `n_jobs` threads read ahead of the pass, which computes.
        """
        return nullcontext(Threads(n_reading=effective_n_jobs(self.n_jobs)))

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced = super().__reduce_ex__(protocol)
        # joblib hashes what pickle protocol 3 gives; `memory=` must not depend on the process.
        if protocol < FIRST_PROTOCOL_SENT:
            return reduced
        function, arguments, state, *rest = reduced
        return function, arguments, {**(state or {}), SENT: config_to_send()}, *rest

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if SENT in state:
            receive_config(state.pop(SENT))
        super().__setstate__(state)

    def _n_features(self) -> int:
        return len(list(self._feature_names()))

    def _check_all_parameters(self) -> None:
        check_choice("on_error", self.on_error, ["raise", "missing"])
        check_number("max_bad_fraction", self.max_bad_fraction, low=0, high=1)
        check_number("batch_size", self.batch_size, low=1, integer=True)
        check_n_jobs(self.n_jobs)
        self._check_parameters()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags
