"""Size, speed and agreement of models, side by side."""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples, check_is_fitted

from mmsk._config import config_context
from mmsk.compression._parts import has_trained_weights, parts_of
from mmsk.image import CNNEmbedder

ROWS_TO_WARM_UP = 4


def compression_report(models: Mapping[str, Any], X: Any, y: Any = None) -> pd.DataFrame:
    """Compare fitted models by size, speed and what they predict.

    Parameters
    ----------
    models : mapping of str to estimator
        Fitted models of the same task by any names. The first one is what the others are compared
        with.
    X : DataFrame, column of raw cells, or features
        Rows to predict that the models were not fitted on; a few hundred make good figures.
    y : array-like of shape (n_rows,), default=None
        True targets of these rows, to score the models.

    Returns
    -------
    report : DataFrame
        One row per model, by name, with the columns

        - ``bytes``: the model as joblib saves it, and the weights files that it refers to;
        - ``size``: the bytes as a share of the first model's;
        - ``rows_per_second``: of predicting `X` in one go with the feature store off;
        - ``same_predictions``: share of predicted labels that are the first model's; NaN where
          a model is no classifier;
        - ``largest_difference``: from the probabilities of the first model, or else its decision
          values, real predictions or features, as a share of the largest of these; NaN where
          they have another shape or there are none;
        - ``score``: accuracy of a classifier, R2 of a regressor; only where `y` is given.

    Raises
    ------
    NotFittedError
        If a model is not fitted.
    ValueError
        If there is no model.

    See Also
    --------
    compress : Makes such models.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import SVC
    >>> import mmsk
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SVC().fit(X[:1000], y[:1000])
    >>> models = {"as fitted": model, "int8": mmsk.compress(model, "int8")}
    >>> models["PCA(16)"] = make_pipeline(PCA(16), SVC()).fit(X[:1000], y[:1000])
    >>> report = mmsk.compression_report(models, X[1000:], y[1000:])
    >>> report[["size", "same_predictions", "score"]].round(2)
               size  same_predictions  score
    as fitted  1.00              1.00   0.96
    int8       0.25              1.00   0.96
    PCA(16)    0.35              0.98   0.97
    """
    if not models:
        raise ValueError("models={} holds no model to compare.")
    for model in models.values():
        check_is_fitted(model)
    rows = [_measured(model, X, y) for model in models.values()]
    first = rows[0]
    report = pd.DataFrame(
        {
            "bytes": [row["bytes"] for row in rows],
            "size": [row["bytes"] / first["bytes"] for row in rows],
            "rows_per_second": [row["rows_per_second"] for row in rows],
            "same_predictions": [_share_equal(row["labels"], first["labels"]) for row in rows],
            "largest_difference": [_difference(row["values"], first["values"]) for row in rows],
        },
        index=list(models),
    )
    return report if y is None else report.assign(score=[row["score"] for row in rows])


def _measured(model: Any, X: Any, y: Any) -> dict[str, Any]:
    say = model.predict if hasattr(model, "predict") else model.transform
    with config_context(cache=False):
        say(_safe_indexing(X, slice(ROWS_TO_WARM_UP)))  # networks are built at first use
        started = time.perf_counter()
        said = np.asarray(say(X))
        seconds = time.perf_counter() - started
        values = _values(model, X, said)
    return {
        "bytes": _n_bytes(model),
        "rows_per_second": _num_samples(X) / seconds,
        "labels": said if is_classifier(model) else None,
        "values": values,
        "score": np.nan if y is None else _score(model, y, said),
    }


def _values(model: Any, X: Any, said: np.ndarray) -> np.ndarray:
    for name in ("predict_proba", "decision_function"):
        if hasattr(model, name):
            return np.asarray(getattr(model, name)(X))
    return said


def _score(model: Any, y: Any, said: np.ndarray) -> float:
    if is_classifier(model):
        return accuracy_score(y, said)
    return r2_score(y, said) if is_regressor(model) else np.nan


def _share_equal(labels: np.ndarray | None, first: np.ndarray | None) -> float:
    if labels is None or first is None:
        return np.nan
    return float((labels == first).mean())


def _difference(values: np.ndarray, first: np.ndarray) -> float:
    if values.dtype.kind != "f" or values.shape != first.shape:
        return np.nan
    return float(np.nanmax(np.abs(values - first)) / np.nanmax(np.abs(first)))


def _n_bytes(model: Any) -> int:
    files = {_weights_file(part) for part in parts_of(model) if has_trained_weights(part)}
    return len(pickle.dumps(model)) + sum(file.stat().st_size for file in files)


def _weights_file(embedder: CNNEmbedder) -> Path:
    from mmsk._nets.weights import is_file_name, trained_file

    if is_file_name(embedder.weights):
        return Path(str(embedder.weights)).resolve()
    return trained_file(embedder.backbone, embedder.weights)[1]
