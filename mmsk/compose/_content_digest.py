"""Digests of estimators and tables by what they hold, equal in every process."""

from __future__ import annotations

import datetime
import pickle
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import PurePath
from types import FunctionType
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import Bunch

from mmsk.extraction import CellExtractor
from mmsk.extraction._code import describe_code
from mmsk.extraction._fingerprint import NotPlainError, plain_parameters

CELLS_AT_A_TIME = 2**14
INERT = frozenset({"memory", "n_jobs", "verbose"})
OUTPUT_CONFIG = "_sklearn_output_config"
REQUESTS = "_metadata_request"  # left out: of the requests only what is routed counts
_SHOWN_BY_REPR = {
    *map(type, (None, True, 0, 0.0, 0j, range(0), slice(0), pd.NA, pd.NaT)),
    *(datetime.date, datetime.time, datetime.datetime, datetime.timedelta),
    *(Decimal, Fraction, pd.Timestamp, pd.Timedelta),
}


class ContentDigest:
    """Digest of the values that are added, in order.

    Values of equal digest are equal in type, content and order. That is stricter than ``==``: an
    estimator counts with its class, code and state, an array with the order of its memory, which
    can change the last bits of what is computed from it.

    Parameters
    ----------
    learned : bool, default=True
        Whether everything that an estimator holds counts, or its parameters and ``set_output``
        only.
    """

    def __init__(self, learned: bool = True) -> None:
        self.learned = learned
        self._state = sha256()

    def hexdigest(self) -> str:
        """Return 64 hexadecimal digits."""
        return self._state.hexdigest()

    def add(self, value: Any) -> None:
        """Add a value.

        Raises
        ------
        NotPlainError
            If the value, or one in it, is of a kind whose content cannot be told.
        """
        kind = np.ndarray if isinstance(value, np.memmap) else type(value)
        self._put(f"{kind.__module__}.{kind.__qualname__}")
        if kind in _SHOWN_BY_REPR:
            self._put(repr(value))
        elif kind is str or isinstance(value, PurePath):
            self._put(str(value))
        elif kind in (bytes, bytearray):
            self._put(value)
        elif kind in (list, tuple):
            self._add_cells(value)
        elif kind in (set, frozenset):
            self._add_cells(sorted(map(digest_of, value)))
        elif kind in (dict, Bunch):
            self._add_cells(list(value))
            self._add_cells(list(value.values()))
        elif kind is np.ndarray or isinstance(value, np.generic):
            self._add_array(np.asarray(value))
        elif hasattr(value, "get_params") and not isinstance(value, type):
            self._add_estimator(value)
        else:
            self._add_rarer(value)

    def _add_rarer(self, value: Any) -> None:
        if isinstance(value, partial):
            self.add([value.func, value.args, value.keywords])
        elif callable(value):
            self._add_named(value)
        elif isinstance(value, np.dtype):
            self._put(repr(value))
        elif isinstance(value, np.random.RandomState):
            self.add(value.get_state())
        elif isinstance(value, np.random.Generator):
            self.add(value.bit_generator.state)
        elif sparse.issparse(value):
            csr = value.tocsr()
            self.add([csr.shape, csr.data, csr.indices, csr.indptr])
        else:
            self._add_container(value)

    def _add_container(self, value: Any) -> None:
        module = type(value).__module__
        if isinstance(value, pd.DataFrame):
            self.add(value.columns)
            self.add(value.index)
            for place in range(value.shape[1]):
                self._add_values(value.iloc[:, place])
        elif isinstance(value, pd.Series):
            self.add(value.name)
            self.add(value.index)
            self._add_values(value)
        elif isinstance(value, pd.Index):
            self.add(list(value.names))
            self._add_values(value)
        elif module.startswith("polars.") and hasattr(value, "get_columns"):
            self.add(value.get_columns())
        elif module.startswith("polars.") and hasattr(value, "to_list"):
            self.add([value.name, str(value.dtype), value.to_list()])
        elif module.startswith("pyarrow.") and hasattr(value, "to_pylist"):
            self.add([str(value.type), value.to_pylist()])
        else:
            raise NotPlainError(f"the content of a {type(value).__qualname__} cannot be compared")

    def _add_values(self, values: pd.Series | pd.Index) -> None:
        self._put(repr(values.dtype))
        if isinstance(values.dtype, pd.CategoricalDtype):
            self.add([values.dtype.categories, values.dtype.ordered])
        self.add(values.to_numpy() if isinstance(values.dtype, np.dtype) else list(values))

    def _add_array(self, array: np.ndarray) -> None:
        self._put(f"{array.dtype!r} {array.shape} {array.flags.fnc}")
        if array.dtype.hasobject:
            self._add_cells(array.ravel().tolist())
        else:
            self._put(np.ascontiguousarray(array).reshape(-1).view(np.uint8))

    def _add_cells(self, cells: Sequence[Any]) -> None:
        """Add a sequence, its strings by the thousand: a column is mostly of texts."""
        self._put(str(len(cells)))
        for part in _in_parts(cells):
            texts = [cell for cell in part if type(cell) is str]
            lengths = [len(cell) if type(cell) is str else -1 for cell in part]
            self._put(np.array(lengths, dtype=np.int64))
            self._put("".join(texts))
            for cell in part:
                if type(cell) is not str:
                    self.add(cell)

    def _add_estimator(self, estimator: Any) -> None:
        self._put(describe_code(type(estimator)))
        self._put(_version(type(estimator)))
        output = {OUTPUT_CONFIG: getattr(estimator, OUTPUT_CONFIG, None)}
        if isinstance(estimator, CellExtractor):
            self.add([output, estimator.extractor_version, estimator._fingerprint_state()])
            # What is unreadable is no row of a cell, but may end a fit or change it.
            self.add([plain_parameters(estimator), estimator.on_error, estimator.max_bad_fraction])
            return
        state = vars(estimator) if self.learned else output
        state = {**state, **estimator.get_params(deep=False)}
        self.add({name: state[name] for name in sorted(state.keys() - INERT - {REQUESTS})})

    def _add_named(self, value: Any) -> None:
        """Add a function or class, which another process must find by its name."""
        try:
            name = pickle.dumps(value, protocol=4)
            by_name = pickle.loads(name) is value
        except Exception:
            by_name = False
        if not by_name:
            raise NotPlainError(f"{value!r} cannot be found by its name")
        self._put(name)
        self._put(describe_code(value) if isinstance(value, FunctionType | type) else "")
        self._put(_version(value))

    def _put(self, content: Any) -> None:
        """Take in one string of bytes, after its length, so that no two sequences look alike."""
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogatepass")
        content = memoryview(content).cast("B") if len(content) else b""
        self._state.update(len(content).to_bytes(8, "little"))
        self._state.update(content)


def digest_of(value: Any) -> str:
    """Digest a single value, as ContentDigest does."""
    digest = ContentDigest()
    digest.add(value)
    return digest.hexdigest()


def _in_parts(cells: Sequence[Any]) -> Iterator[list[Any]]:
    rest = iter(cells)
    while part := list(islice(rest, CELLS_AT_A_TIME)):
        yield part


def _version(named: Any) -> str:
    """Version of the package of a class or function, whose own code is not followed."""
    package = (getattr(named, "__module__", None) or "").partition(".")[0]
    return str(getattr(sys.modules.get(package), "__version__", ""))
