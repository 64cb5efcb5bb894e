"""Reading cells in processes of their own, which a cell may kill."""

from __future__ import annotations

import copy
import io
import os
import pickle
import signal
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import cloudpickle

from mmsk._config import current_config
from mmsk._decoding.answers import Answer
from mmsk._decoding.decoder import SECONDS_FOR_IMPORTS, Decoder
from mmsk._decoding.pool import decoders
from mmsk._files import is_source, open_cell
from mmsk.exceptions import ReadError
from mmsk.extraction._stream import attempt_each

MOST_BYTES_OF_A_FILE_OBJECT = 2**32
SECONDS_TO_END = 1.0
# What scikit-learn puts on an estimator while it fits.
_OF_CALLBACKS = (
    "_skl_callbacks",
    "_skl_callbacks_to_teardown",
    "_callback_fit_ctx",
    "_parent_callback_ctx",
)

Attempts = Callable[[Sequence[Any], Sequence[int]], list[tuple[int, Any]]]


def attempts(prepare: Callable[[Any], Any], *, is_text: bool = False) -> Attempts:
    """Return what reads cells as the settings of the calling thread say.

    Parameters
    ----------
    prepare : callable
        Maps one cell to one sample, or raises ReadError; runs in a reading thread, or in a
        process of its own.
    is_text : bool, default=False
        Whether cells hold text, for which no process is needed.

    Returns
    -------
    attempts : callable
        Takes cells and rows; returns each row with its sample, or with the ReadError that says
        why there is none, in their order.
    """
    config = current_config()
    if is_text or config.decode_workers == "thread":
        return partial(attempt_each, prepare)
    return _Isolated(prepare, config.decode_seconds).attempt_each


class _Isolated:
    """Reads cells in processes, each of which works for one thread at a time.

    ::

        thread 1 --cell--> process 1         thread 2 --cell--> process 2, which dies of it
                 <-sample-                            --next--> process 3

    Parameters
    ----------
    prepare : callable
        Maps one cell to one sample.
    seconds : float
        Time for each cell.
    """

    def __init__(self, prepare: Callable[[Any], Any], seconds: float) -> None:
        self.prepare = prepare
        self.seconds = seconds

    def attempt_each(self, cells: Sequence[Any], rows: Sequence[int]) -> list[tuple[int, Any]]:
        return attempt_each(self._read, cells, rows)

    def _read(self, cell: Any) -> Any:
        if hasattr(cell, "getexif"):  # a picture of Pillow cannot be sent but by decoding it here
            return self.prepare(cell)
        sample = self._answer(self._request(cell)).result()
        if isinstance(sample, ReadError):
            raise sample
        return sample

    def _request(self, cell: Any) -> bytes:
        if isinstance(cell, memoryview):
            cell = bytes(cell)
        elif is_source(cell) and hasattr(cell, "read"):
            with open_cell(cell, root=None, max_bytes=MOST_BYTES_OF_A_FILE_OBJECT) as file:
                cell = io.BytesIO(file.read())
        return cloudpickle.dumps(("read", cell, self.seconds + SECONDS_FOR_IMPORTS))

    def _answer(self, request: bytes) -> Answer:
        try:
            return self._ask(decoders.take(self._load), request)
        except _DiedAfterOthersError:
            return self._ask(decoders.new(), request)

    def _ask(self, decoder: Decoder, request: bytes) -> Answer:
        decoder = self._loaded(decoder)
        has_read = decoder.n_read > 0
        try:
            answer = decoder.read(request, self.seconds)
        except TimeoutError as error:
            decoder.close()
            return _bad(f"took more than decode_seconds={self.seconds:g} and was stopped", error)
        except (EOFError, OSError) as error:
            reason = _how_it_ended(decoder.close(SECONDS_TO_END))
            if has_read:
                raise _DiedAfterOthersError(reason) from None
            return _bad(reason, error)
        except ValueError as error:
            decoder.close()
            return _bad(f"the decoder's process gave no sample, but {error}", error)
        except BaseException:
            decoder.close()
            raise
        decoders.give_back(decoder)
        return answer

    def _loaded(self, decoder: Decoder) -> Decoder:
        """Return a process that is ready to read: this one, or a new one where it is gone."""
        try:
            decoder.load(self._load)
        except (EOFError, OSError, ValueError) as error:
            reason = _how_it_ended(decoder.close(SECONDS_TO_END))
            if decoder.n_read > 0:
                return self._loaded(decoders.new())
            raise RuntimeError(f"decode_workers='process' cannot start: {reason}.") from error
        except BaseException:
            decoder.close()
            raise
        return decoder

    @cached_property
    def _load(self) -> bytes:
        try:
            pickled = cloudpickle.dumps(_without_ballast(self.prepare))
            return pickle.dumps(("load", os.getcwd(), pickled))
        except Exception as error:
            error.add_note("decode_workers='process' sends what reads the cells to a process.")
            raise


class _DiedAfterOthersError(Exception):
    """The process died, but it had read other cells before, of which one may be the cause."""


def _bad(reason: str, error: Exception) -> Answer:
    # Its traceback would keep what was sent in memory as long as the error.
    return Answer(ReadError(reason, "decode", cause=error.with_traceback(None)))


def _without_ballast(prepare: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a method of an estimator as that of a copy without what reading does not need."""
    owner = getattr(prepare, "__self__", None)
    if not hasattr(owner, "get_params"):
        return prepare
    reader = copy.copy(owner)
    for name in (*_OF_CALLBACKS, *getattr(owner, "_not_for_reading", ())):
        vars(reader).pop(name, None)
    return getattr(reader, prepare.__name__)


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"the decoder's process ended with exit code {code}"
    why = " (the system does so where memory runs out)" if code == -signal.SIGKILL else ""
    return f"the decoder's process was killed by {signal.Signals(-code).name}{why}"
