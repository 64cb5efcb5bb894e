"""Long cells cut into windows, whose features are pooled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Literal

import joblib
import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, _safe_indexing, check_consistent_length, get_tags

from mmsk._config import off_the_record
from mmsk._validation import RawColumn, check_choice
from mmsk.compose._window_pool import POOLINGS, WindowPool
from mmsk.exceptions import ReadError
from mmsk.extraction import CellExtractor
from mmsk.extraction._reading import located, read_rows
from mmsk.extraction._windows import check_windows
from mmsk.series import SeriesReader
from mmsk.series._base import digest_of_series
from mmsk.text import WordReader

MOST_WINDOWS_LEARNED_FROM = 2000
WINDOWS_AT_ONCE = 256
BYTES_AT_ONCE = 2**24


class SlidingWindows(CellExtractor):
    """Cut long cells into windows, extract features of each, and pool them over the windows.

    ::

        seconds   0        5        10       15       20     23
        windows   |-----------------|        |              |     window_length=10
                           |-----------------|              |     hop_length=5
                                    |-----------------|     |
                                          |-----------------|     up to the end

    For hours of sound, long clips, long series and long texts, and for those whose length says
    nothing: a row tells what windows are like on average, how they differ, and what the most
    extreme ones are like. A cell shorter than a window is one window, as it is.

    Parameters
    ----------
    extractor : extractor
        Computes the features of a window, such as ``MFCC()``, ``FrameEmbedder()``,
        ``SeriesStatistics()`` or ``WordVectorEmbedder(path)``, or a pipeline that begins with
        one. Of one that learns, `fit` fits a copy on up to 2,000 windows spread over the column,
        each with the target of its cell; one that does not is used as it is, and `fit` reads
        nothing. It must raise where a window cannot be read.
    window_length : float
        Length of a window: seconds of sound and video, points of a series, words of a text. The
        last two are whole numbers.
    hop_length : float, default=None
        From the start of one window to the start of the next, in the same unit; None is half of
        `window_length`. The last window ends where the cell does, so that nothing is left out
        where windows follow one another.
    pooling : sequence of str, default=("mean", "std")
        What is kept of each feature over the windows: ``"mean"``, ``"std"``, ``"min"``,
        ``"max"``.
    reader : AudioReader, VideoReader, SeriesReader or WordReader, default=None
        Reads the cells in windows, with its limits. None is the reader of `extractor`; of one
        for texts, a ``WordReader(lowercase=False)`` with its `max_chars`. An `extractor` that is
        not of this package has none, and gets the samples of this one as its cells, of each
        window of a video 16 frames.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell ends the pass or becomes a missing one, with a warning. In
        fit ``"missing"`` leaves it out without one. One bad window makes a cell unreadable.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.
    batch_size : int, default=8
        Cells between two writes to the feature store. It cannot change a row.
    n_jobs : int, default=None
        Threads that read and compute, each cells of its own; None is 1, -1 all CPUs. Those of
        `extractor` work on the windows of a cell.

    Attributes
    ----------
    extractor_ : extractor
        The fitted copy, where `extractor` learns.

    See Also
    --------
    TransformerEmbedder : Cuts long texts itself, in windows of tokens.

    Notes
    -----
    A window is to `extractor` what a cell of its own is: a sound is not resampled before it is
    cut, but each window of it; of a video each window is sampled. The frames are decoded in one
    pass over the file.

    Memory does not grow with the length of sounds and videos in files: of a thread at most 256
    windows, or 16 MB of them, are held. Limits of readers count for the whole cell, so that hours
    of sound need ``MFCC(reader=AudioReader(max_seconds=4 * 3600))``. Series, texts, arrays and
    file objects are held whole. An extractor that learns holds the windows that it learns from.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import MFCC, SeriesStatistics, SlidingWindows
    >>> windows = SlidingWindows(
    ...     SeriesStatistics(["max"]), window_length=4, hop_length=4, pooling=["min", "max"]
    ... )
    >>> windows.fit_transform([np.arange(8.0), np.arange(10.0), [5.0]])
    array([[3., 7.],
           [3., 9.],
           [5., 5.]], dtype=float32)
    >>> windows.get_feature_names_out().tolist()
    ['channel0_max_min', 'channel0_max_max']

    Ten seconds of sound at a time:

    >>> sound = np.random.default_rng(0).normal(size=8000 * 60), 8000
    >>> windows = SlidingWindows(MFCC(5, sample_rate=8000), window_length=10)
    >>> windows.transform([sound, None]).shape
    (2, 20)
    """

    def __init__(
        self,
        extractor: Any,
        *,
        window_length: float,
        hop_length: float | None = None,
        pooling: Sequence[str] = ("mean", "std"),
        reader: Any = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 8,
        n_jobs: int | None = None,
    ) -> None:
        self.extractor = extractor
        self.window_length = window_length
        self.hop_length = hop_length
        self.pooling = pooling
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        self._check_extractor()
        reader = self._used_reader()
        reader.check_parameters()
        check_windows(self.window_length, self.hop_length, reader.window_unit)
        if isinstance(self.pooling, str) or len(self.pooling) == 0:
            raise ValueError(f"pooling={self.pooling!r} is not a list of names.")
        for name in self.pooling:
            check_choice("pooling", name, list(POOLINGS))

    def _check_extractor(self) -> None:
        if isinstance(self.extractor, type) or not hasattr(self.extractor, "transform"):
            raise ValueError(
                f"extractor={self.extractor!r} is no extractor. Give an instance, such as "
                "SeriesStatistics()."
            )
        on_error = getattr(self.extractor, "on_error", "raise")
        if on_error != "raise":
            raise ValueError(
                f"extractor__on_error={on_error!r} is not 'raise': a window alone cannot be "
                "missing. Give on_error to SlidingWindows."
            )
        if isinstance(self.extractor, CellExtractor):
            self.extractor._check_all_parameters()

    def _used_reader(self) -> Any:
        reader = self.reader
        if reader is None:
            of_extractor = getattr(_that_reads(self.extractor), "_used_reader", lambda: None)
            reader = of_extractor()
        if isinstance(reader, type) or not hasattr(reader, "read_windows"):
            raise ValueError(
                f"reader={self.reader!r} with extractor={self.extractor!r} does not say how cells "
                "are read in windows. Give reader=AudioReader(), VideoReader(), SeriesReader() or "
                "WordReader()."
            )
        return reader

    def _learn(self, column: RawColumn, y: Any) -> None:
        if not _learns(self.extractor):
            return
        if y is not None:
            check_consistent_length(column.cells, y)
        rows, windows = self._windows_to_learn_from(column)
        if not windows:
            raise ValueError(
                f"No window to learn from: {len(column)} cells, none that is present and can be "
                "read. Give at least one."
            )
        targets = None if y is None else _safe_indexing(y, np.array(rows))
        try:
            with off_the_record():
                self.extractor_ = self._fit_copy(windows, targets)
        except ReadError as error:
            raise located(error, column, rows[error.row or 0]) from error.cause

    def _windows_to_learn_from(self, column: RawColumn) -> tuple[list[int], list[Any]]:
        present = np.flatnonzero(column.present)
        n_cells = min(len(present), MOST_WINDOWS_LEARNED_FROM)
        chosen = present[np.linspace(0, len(present) - 1, n_cells).astype(int)].tolist()

        def read(cell: Any) -> list[Any]:
            return _spread(self._windows(cell), MOST_WINDOWS_LEARNED_FROM // n_cells)

        rows: list[int] = []
        windows: list[Any] = []
        for row, some in read_rows(self, read, column, chosen):
            rows += [row] * len(some)
            windows += some
        return rows, windows

    def _fit_copy(self, windows: list[Any], targets: Any) -> Any:
        copy = clone(self.extractor)
        if self.on_error == "missing" and hasattr(copy, "on_error"):
            copy.set_params(on_error="missing").fit(windows, targets)
            return copy.set_params(on_error="raise")
        return copy.fit(windows, targets)

    def _fitted(self) -> Any:
        return self.extractor_ if _learns(self.extractor) else self.extractor

    def _fingerprint_state(self) -> Any:
        extractor = self._fitted()
        if isinstance(extractor, CellExtractor):
            return [extractor.extractor_version, extractor._fingerprint_state()]
        return joblib.hash(extractor)

    def _digest(self, cell: Any) -> bytes | None:
        reader = self._used_reader()
        if isinstance(reader, SeriesReader):
            return digest_of_series(reader, cell)
        return super()._digest(cell)

    @property
    def _strings_are(self) -> Literal["paths", "text"]:  # type: ignore[override]
        return "text" if isinstance(self._used_reader(), WordReader) else "paths"

    def _feature_names(self) -> Iterator[str]:
        names = self._fitted().get_feature_names_out()
        for pooling in self.pooling:
            yield from (f"{name}_{pooling}" for name in names)

    def _windows(self, cell: Any) -> Iterator[Any]:
        reader, span = self._used_reader(), (self.window_length, self.hop_length)
        read = getattr(_that_reads(self.extractor), "_read_windows", None)
        return reader.read_windows(cell, *span) if read is None else read(reader, cell, *span)

    def _prepare(self, cell: Any) -> np.ndarray:
        """Compute a row at once: no row depends on the cell beside it."""
        extractor, pool = self._fitted(), WindowPool()
        with off_the_record(), closing(self._windows(cell)) as windows:  # type: ignore[type-var]
            for piece in _in_pieces(windows):
                pool.add(_rows_of(extractor, piece, pool.n_rows))
        return pool.pooled(self.pooling)

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        return np.stack(samples)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.requires_fit = _learns(self.extractor)
        if hasattr(self.extractor, "__sklearn_tags__"):
            tags.target_tags.required = get_tags(self.extractor).target_tags.required
        return tags


def _learns(extractor: Any) -> bool:
    is_estimator = hasattr(extractor, "__sklearn_tags__") and not isinstance(extractor, type)
    return bool(get_tags(extractor).requires_fit) if is_estimator else True


def _that_reads(extractor: Any) -> Any:
    """Return what takes the cells: of a pipeline the first step."""
    while isinstance(extractor, Pipeline):
        extractor = extractor.steps[0][1]
    return extractor


def _spread(windows: Iterable[Any], most: int) -> list[Any]:
    """Keep up to so many windows, evenly spread, of a number that is not known before."""
    kept: list[Any] = []
    step = 1
    for number, window in enumerate(windows):
        if number % step == 0:
            kept.append(window)
        if len(kept) > most:
            kept, step = kept[::2], 2 * step
    return kept


def _in_pieces(windows: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield lists of windows, each small enough to be computed at once."""
    piece: list[Any] = []
    n_bytes = 0
    for window in windows:
        piece.append(window)
        n_bytes += _n_bytes(window)
        if len(piece) == WINDOWS_AT_ONCE or n_bytes >= BYTES_AT_ONCE:
            yield piece
            piece, n_bytes = [], 0
    if piece:
        yield piece


def _n_bytes(window: Any) -> int:
    if isinstance(window, str):
        return len(window)
    return sum(value.nbytes for value in vars(window).values() if isinstance(value, np.ndarray))


def _rows_of(extractor: Any, piece: list[Any], n_before: int) -> np.ndarray:
    try:
        rows = extractor.transform(piece)
    except ReadError as error:
        which = n_before + (error.row or 0)
        raise ReadError(f"window {which}: {error.reason}", error.stage, cause=error) from error
    if sparse.issparse(rows):
        raise ValueError(
            f"{type(extractor).__name__} gives sparse rows, which pooled would be dense. Reduce "
            "them, as n_components of TfidfEmbedder does."
        )
    return np.asarray(rows)
