"""Whether the arrays of a model fit together that native code follows without looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.svm._base import BaseLibSVM

from mmsk.exceptions import ModelFileError
from mmsk.series import MiniRocketEmbedder
from mmsk.series._rocket import KERNELS


def check_sound(estimator: Any, refused: Callable[[str], ModelFileError]) -> None:
    """Raise unless the arrays of a fitted estimator fit together, as far as crashes depend on it.

    Parameters
    ----------
    estimator : estimator
        Looked at if it is a support vector machine of scikit-learn, or a MiniRocketEmbedder.
    refused : callable
        Makes the error that is raised of its reason.
    """
    if isinstance(estimator, BaseLibSVM) and hasattr(estimator, "_dual_coef_"):
        fits = _svm_fits(estimator)
    elif isinstance(estimator, MiniRocketEmbedder) and hasattr(estimator, "biases_"):
        fits = _rocket_fits(estimator)
    else:
        return
    if not fits:
        raise refused(f"the arrays of {type(estimator).__name__} do not fit together.")


def _svm_fits(model: Any) -> bool:
    """Check what libsvm reads: of n vectors, one row of coefficients less than there are classes.

    ::

        support_ (n,)   support_vectors_ (n, features)   _n_support (classes,), of sum n
        _dual_coef_ (max(1, classes - 1), n)   _intercept_ (pairs,)   _probA, _probB (pairs,) or ()
    """
    support, counts = np.asarray(model.support_), np.asarray(model._n_support)
    coefficients, vectors = model._dual_coef_, model.support_vectors_
    is_classifier = hasattr(model, "classes_")
    n_classes = len(counts) if is_classifier else 2
    n_pairs = n_classes * (n_classes - 1) // 2
    rows, n_features = (*model.shape_fit_, 0)[:2] if model.shape_fit_ else (0, 0)
    total = counts.sum() if is_classifier else counts[0]
    n_values = coefficients.nnz if sparse.issparse(coefficients) else coefficients.size
    return bool(
        support.ndim == counts.ndim == 1
        and (counts >= 0).all()
        and total == len(support)
        and (not is_classifier or n_classes == len(model.classes_))
        and ((support >= 0) & (support < rows)).all()
        and coefficients.shape == (n_classes - 1, len(support))
        and n_values == coefficients.shape[0] * coefficients.shape[1]
        and np.shape(model._intercept_) == (n_pairs,)
        and np.size(model._probA) in (0, n_pairs)
        and np.size(model._probB) == np.size(model._probA)
        and sparse.issparse(vectors) == bool(model._sparse)
        and (model.kernel == "precomputed" or vectors.shape == (len(support), n_features))
        and (callable(model.kernel) or n_features == model.n_features_in_)
    )


def _rocket_fits(embedder: Any) -> bool:
    dilations, n_biases = embedder.dilations_, embedder.n_biases_
    channels = embedder.kernel_channels_
    return bool(
        dilations.ndim == n_biases.ndim == 1
        and len(dilations) == len(n_biases) > 0
        and (dilations > 0).all()
        and (n_biases >= 0).all()
        and n_biases.sum() * len(KERNELS) == len(embedder.biases_)
        and embedder.biases_.ndim == 1
        and channels.dtype == bool
        and channels.shape == (len(dilations) * len(KERNELS), len(embedder.channels_))
    )
