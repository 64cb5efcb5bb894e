"""Making a fitted model smaller."""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from mmsk._compact import DTYPES, compact, expand
from mmsk._validation import check_choice, check_number
from mmsk.compression._parts import has_trained_weights, parts_of
from mmsk.compression._support_vectors import has_vectors, with_compact_vectors
from mmsk.encoders._base import BaseEncoder
from mmsk.fusion._learned import LearnedFusion
from mmsk.heads._deep_base import BaseDeepFusion

NETWORKS = (BaseDeepFusion, BaseEncoder, LearnedFusion)


def compress(
    model: Any,
    dtype: str = "float16",
    *,
    weights_folder: str | os.PathLike | None = None,
    prune: float = 0.0,
) -> Any:
    """Return a fitted model that takes fewer bytes and predicts almost the same.

    Smaller become:

    - the weights of every CNNEmbedder, written to a new file that the new model refers to. Its
      last layer, which only tells ImageNet's classes apart, is left out where its output is not
      wanted;
    - the networks inside learned fusions, deep heads and encoders;
    - the support vectors of SVMClassifier, SVMRegressor, SVC and SVR, where they are dense. They
      are often the largest part: 8 bytes for each feature of each of thousands of rows.

    Everything else is copied as it is.

    Parameters
    ----------
    model : estimator
        A fitted pipeline, or any other fitted estimator with such parts inside. Of a search, its
        best model is taken. It is not changed.
    dtype : {"float16", "int8"}, default="float16"
        How numbers are stored. ``"float16"`` halves networks and quarters support vectors, and
        hardly a prediction changes. ``"int8"`` halves that again, and changes one to three
        predictions in a hundred; `compression_report` says how many. Vectors, such as offsets,
        stay in float32.
    weights_folder : str or path, default=None
        Existing folder for the weights of CNNEmbedder. The new model names the files by this
        path, so that they must be there wherever it is used. Needed only where there is one
        whose weights are trained.
    prune : float, default=0.0
        Share of each matrix of these networks that becomes zero, the weights of least magnitude
        first; those of CNNEmbedder are left alone. What it may cost differs: half changed one
        prediction in 200 behind a GatedFusion, and 1 in 20 of a DeepFusionClassifier. Where
        it saves a quarter of the room, zeros are stored as single bits.

    Returns
    -------
    smaller : estimator
        The new model, of the same form; an SVC in it is of a subclass. It computes in float32
        and float64 as before, after it expanded what is stored, and takes as long.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    ValueError
        If a parameter is not accepted, nothing in the model can be made smaller, or
        `weights_folder` is needed and not given.
    FileNotFoundError
        If there is no such folder.
    MissingDependencyError
        If CNNEmbedder's weights are to be written and safetensors is not installed.

    See Also
    --------
    compression_report : Size, speed and agreement of models, side by side.
    CNNEmbedder : Its `precision` makes it compute in half precision where a processor has it.
    PerBlock : With PCA, reduces embeddings, and with them what stands behind.

    Notes
    -----
    The new CNNEmbedder has other weights, so that the feature store keeps its rows apart from
    the old ones. A clone of the new model has the compact weights, too, but its networks and
    SVMs are fitted anew and at full size.

    int8 codes are symmetric, with one scale for each output of a layer, as in [1]_. Weights are
    pruned by magnitude, as in [2]_, without training on.

    References
    ----------
    .. [1] Krishnamoorthi (2018). Quantizing deep convolutional networks for efficient inference:
       a whitepaper. arXiv:1806.08342.
    .. [2] Han, Pool, Tran, Dally (2015). Learning both weights and connections for efficient
       neural networks. NIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.svm import SVC
    >>> import mmsk
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SVC().fit(X[:1000], y[:1000])
    >>> smaller = mmsk.compress(model, "int8")
    >>> float((smaller.predict(X[1000:]) == model.predict(X[1000:])).mean())
    1.0
    """
    check_choice("dtype", dtype, DTYPES)
    check_number("prune", prune, low=0, high=0.99)
    model = getattr(model, "best_estimator_", model)
    check_is_fitted(model)
    # What deepcopy finds here for an object, it puts in the place of a copy, wherever it meets it.
    smaller = dict(_smaller_parts(model, dtype, weights_folder, prune))
    if not smaller:
        raise ValueError(
            f"{type(model).__name__} holds nothing to compress: no CNNEmbedder with trained "
            "weights, no learned fusion, deep head or encoder, no SVM with dense support vectors."
        )
    return deepcopy(model, smaller)


def _smaller_parts(
    model: Any, dtype: str, folder: str | os.PathLike | None, prune: float
) -> Iterator[tuple[int, Any]]:
    """Yield the identity of each object that gets smaller, and what takes its place."""
    for part in parts_of(model):
        if has_trained_weights(part):
            yield id(part), _with_compact_weights(part, dtype, folder)
        elif isinstance(part, NETWORKS) and hasattr(part, "state_"):
            yield id(part.state_), compact(expand(part.state_), dtype, prune)
        elif has_vectors(part):
            yield id(part), with_compact_vectors(part, dtype)


def _with_compact_weights(embedder: Any, dtype: str, folder: str | os.PathLike | None) -> Any:
    from mmsk._nets.compact import write_compact

    if folder is None:
        raise ValueError(
            f"weights_folder=None, but CNNEmbedder({embedder.backbone!r}) keeps its weights in a "
            "file: name a folder for the smaller one."
        )
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"weights_folder={str(folder)!r}: no such folder. Create it first.")
    smaller = deepcopy(embedder)
    smaller.weights = write_compact(
        embedder.backbone,
        embedder.weights,
        layer=embedder.layer,
        image_size=embedder._preset().crop_size,
        dtype=dtype,
        folder=folder,
    )
    return smaller
