"""What is looked at in a model that was made of a file, before anyone uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator

from mmsk.exceptions import ModelFileError
from mmsk.persistence._empty_frames import unpacked
from mmsk.persistence._handles import handles_of
from mmsk.persistence._named_methods import other_method_of
from mmsk.persistence._sound import check_sound
from mmsk.persistence._walk import objects_in

# Links in the HTML that a notebook shows of an estimator; what names its rows in the feature store.
NEVER_STATE = ("__", "_doc_link", "_repr", "_strings_are", "extractor_version")


def check_model(model: Any, refused: Callable[[str], ModelFileError]) -> None:
    """Raise unless a model is an estimator that no file could use for more than predictions.

    Parameters
    ----------
    model : object
        As skops made it.
    refused : callable
        Makes the error that is raised of its reason.
    """
    if not isinstance(model, BaseEstimator):
        raise refused(f"it holds a {type(model).__name__} and no estimator.")
    try:
        for value in objects_in(model):
            _check_methods(value, refused)
            if isinstance(value, np.random.RandomState):
                _check_random(value, refused)
            elif sparse.issparse(value):
                _check_sparse(value, refused)
            elif isinstance(value, BaseEstimator):
                _check_estimator(value, refused)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise refused(f"parts of the model do not fit together ({error}).") from error


def _check_estimator(estimator: BaseEstimator, refused: Callable[[str], ModelFileError]) -> None:
    name = type(estimator).__name__
    for handle in handles_of(estimator):
        raise refused(
            f"{name} has {handle!r}, which mmsk never writes: through it, the file would choose "
            "what is run, or which folder is read as pickles."
        )
    for attribute in vars(estimator):
        if attribute.startswith(NEVER_STATE) or _is_code(getattr(type(estimator), attribute, None)):
            raise refused(f"{name} has {attribute!r} as a value, in the place of its own code.")
    check_sound(estimator, refused)
    if hasattr(estimator, "_empty_blocks"):
        blocks = estimator._empty_blocks
        estimator._empty_blocks = {key: unpacked(block) for key, block in blocks.items()}


def _check_methods(value: Any, refused: Callable[[str], ModelFileError]) -> None:
    name = other_method_of(value)
    if name is not None:
        raise refused(
            f"{type(value).__name__} has {name}={getattr(value, name)!r}, and not the names of "
            "methods that predict: the file would choose what is called."
        )


def _check_random(state: np.random.RandomState, refused: Callable[[str], ModelFileError]) -> None:
    """Check the place in the state, which native code reads without looking."""
    parts = state.get_state(legacy=False)
    if not 0 <= parts["state"]["pos"] <= len(parts["state"]["key"]):
        raise refused("a RandomState in it points beyond its own state.")


def _is_code(member: Any) -> bool:
    return callable(member) or hasattr(member, "__get__")


def _check_sparse(matrix: Any, refused: Callable[[str], ModelFileError]) -> None:
    """Check the indices of a matrix: native code follows them without looking."""
    try:
        if matrix.format in ("csr", "csc", "bsr"):
            matrix.check_format(full_check=True)
        elif matrix.format == "coo":
            matrix._check()
    except ValueError as error:
        raise refused(f"a sparse matrix in it has indices out of range ({error}).") from error
