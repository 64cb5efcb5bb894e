"""Support vector machines of scikit-learn whose support vectors take fewer bytes."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.svm import SVC, SVR

from mmsk._compact import compact, expand


class CompactVectors:
    """Mixin that keeps support vectors as codes, and expands them whenever they are asked for.

    They are coded as differences from their mean, with a scale for each column: columns may have
    different units.
    """

    _vectors: Any
    _mean: np.ndarray
    _codes: dict[str, np.ndarray] | None = None

    @property
    def support_vectors_(self) -> Any:
        """Support vectors of shape (n_support_vectors, n_features), dtype float64."""
        if self._codes is None:
            return self._vectors
        columns = expand(self._codes)["columns"]
        return np.add(columns.T, self._mean, dtype=np.float64, order="C")

    @support_vectors_.setter
    def support_vectors_(self, vectors: Any) -> None:
        # By fit, of a clone for instance: these are kept as they are.
        self._vectors, self._codes = vectors, None

    def keep_compact(self, vectors: np.ndarray, dtype: str) -> None:
        """Keep support vectors in fewer bytes, as the type says."""
        self._vectors, self._mean = None, vectors.mean(axis=0)
        self._codes = compact({"columns": (vectors - self._mean).T}, dtype)


class CompactSVC(CompactVectors, SVC):
    """SVC whose support vectors take fewer bytes."""


class CompactSVR(CompactVectors, SVR):
    """SVR whose support vectors take fewer bytes."""


_COMPACT = {SVC: CompactSVC, SVR: CompactSVR, CompactSVC: CompactSVC, CompactSVR: CompactSVR}


def has_vectors(model: Any) -> bool:
    """Tell whether a model is an SVC or SVR, fitted on dense rows, that keeps support vectors."""
    if type(model) not in _COMPACT:
        return False
    vectors = getattr(model, "support_vectors_", None)
    return vectors is not None and not sparse.issparse(vectors) and vectors.size > 0


def with_compact_vectors(model: Any, dtype: str) -> Any:
    """Return a copy of an SVC or SVR whose support vectors take fewer bytes.

    Parameters
    ----------
    model : SVC or SVR
        For which `has_vectors` is true.
    dtype : {"float16", "int8"}
        How they are stored.

    Returns
    -------
    smaller : CompactSVC or CompactSVR
        Predicts as the model does, after expanding the support vectors.
    """
    own = ("support_vectors_", "_vectors", "_mean", "_codes")
    smaller = _COMPACT[type(model)]()
    vars(smaller).update(deepcopy({k: v for k, v in vars(model).items() if k not in own}))
    smaller.keep_compact(model.support_vectors_, dtype)
    return smaller
