"""Which types a model file may make, in which of skops's ways of making them.

skops itself trusts the estimators of scikit-learn, NumPy's types and plain containers. Here is
what comes to it: by name, each from the list of public names or written out, so that no function
or class becomes trusted because it stands in a module of mmsk. All of them only hold state. What
runs anything, opens anything or is native memory is not among them.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

from sklearn.base import BaseEstimator

from mmsk.compose import FeatureBlocks
from mmsk.compression._support_vectors import CompactSVC, CompactSVR
from mmsk.fusion._principal import BlockProjection, WhitenedBlock
from mmsk.fusion._scaling import BlockScale
from mmsk.heads._fused_kernel import FusedKernel
from mmsk.heads._gram import Kernel
from mmsk.text._cleaning import StemmingTokenizer
from mmsk.text._vectorizers import BulkCountVectorizer, BulkTfidfVectorizer

ROOMS = ("audio", "compose", "encoders", "fusion", "heads", "image", "series", "text", "video")
INSIDE_OURS: tuple[type, ...] = (
    BlockProjection,
    BlockScale,
    BulkCountVectorizer,
    BulkTfidfVectorizer,
    CompactSVC,
    CompactSVR,
    FeatureBlocks,
    FusedKernel,
    Kernel,
    StemmingTokenizer,
    WhitenedBlock,
)
OF_SKLEARN = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)
SPARSE = ("bsr", "coo", "csc", "csr", "dia")
ABSTRACT_NUMBERS = ("number", "integer", "floating", "inexact", "signedinteger", "unsignedinteger")
POOLINGS = ("mean", "median", "max", "min")
SCORES = ("chi2", "f_classif", "f_regression", "mutual_info_classif", "mutual_info_regression")
# These take what they are given as their content, and do nothing else with it.
PLAIN = ("builtins.frozenset", "builtins.range")


@lru_cache(maxsize=1)
def trusted_by_us() -> dict[str, frozenset[str]]:
    """Return the loaders of skops by which each type that mmsk trusts may be made."""
    loaders: dict[str, frozenset[str]] = {}
    for names, loader in (
        (map(name_of, _our_types()), "ObjectNode"),
        (OF_SKLEARN, "ObjectNode"),
        (map(name_of, _splitters()), "ObjectNode"),
        (map(name_of, _kernels()), "ObjectNode"),
        (map(name_of, _metrics()), "FunctionNode"),
        (["sklearn.utils._bunch.Bunch"], "DictNode"),
        (_sparse(), "SparseMatrixNode"),
        ([f"numpy.{name}" for name in ABSTRACT_NUMBERS], "TypeNode"),
        ([f"numpy.{name}" for name in POOLINGS], "FunctionNode"),
        (["numpy.dtype"], "DTypeNode"),
        (PLAIN, "ConstructorFromReduceNode"),
    ):
        loaders |= {name: frozenset([loader]) for name in names}
    return loaders


def names_of(trusted: Any) -> frozenset[str]:
    """Return the full names that the parameter `trusted` of load stands for.

    Raises
    ------
    ValueError
        If it holds anything but types and their full names.
    """
    given = [trusted] if isinstance(trusted, str | type) else trusted
    named = isinstance(given, Iterable) and all(isinstance(e, str) or callable(e) for e in given)
    if not named:
        raise ValueError(
            f"trusted={trusted!r} is not a list of types or of their full names, such as "
            "['my_package.my_module.MyTransformer']."
        )
    return frozenset(each if isinstance(each, str) else name_of(each) for each in given)


def name_of(kind: Any) -> str:
    """Return the full name of a type or function, as skops writes it."""
    return f"{kind.__module__}.{kind.__name__}"


def is_class(name: str) -> bool:
    """Tell whether a name that the user trusts is that of a class; its module is imported."""
    module, _, attribute = name.rpartition(".")
    try:
        return inspect.isclass(getattr(import_module(module), attribute, None))
    except (ImportError, ValueError):
        return False


def _our_types() -> Iterator[type]:
    yield from INSIDE_OURS
    for room in (import_module(f"mmsk.{name}") for name in ROOMS):
        for name in room.__all__:
            value = getattr(room, name)
            if inspect.isclass(value) and issubclass(value, BaseEstimator):
                yield value


def _splitters() -> list[type]:
    from sklearn import model_selection

    names = [name for name in model_selection.__all__ if "Halving" not in name]  # not by default
    found = [getattr(model_selection, name) for name in names]
    base = model_selection.BaseCrossValidator, model_selection.BaseShuffleSplit
    return [kind for kind in found if inspect.isclass(kind) and issubclass(kind, base)]


def _kernels() -> list[type]:
    from sklearn.gaussian_process import kernels

    found = [value for value in vars(kernels).values() if inspect.isclass(value)]
    return [kind for kind in found if issubclass(kind, kernels.Kernel)]


def _metrics() -> list[Any]:
    """Functions behind the names that `scoring` takes, and scores of features."""
    from sklearn import feature_selection
    from sklearn.metrics import get_scorer, get_scorer_names

    scorers = [get_scorer(name)._score_func for name in get_scorer_names()]
    return scorers + [getattr(feature_selection, name) for name in SCORES]


def _sparse() -> list[str]:
    return [
        f"scipy.sparse._{name}.{name}_{kind}" for name in SPARSE for kind in ("matrix", "array")
    ]
