"""Plain scikit-learn pipelines for a multimodal table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mmsk._validation import check_choice
from mmsk.audio import MFCC, AudioDescriptors
from mmsk.compose import Modalities, ModalityTransformer, infer_modalities
from mmsk.compose._infer import MODALITIES
from mmsk.fusion import ConcatFusion
from mmsk.heads import SVMClassifier
from mmsk.image import ColorHistogramEmbedder, HOGEmbedder
from mmsk.series import MiniRocketEmbedder, SeriesStatistics
from mmsk.text import TfidfEmbedder
from mmsk.video import MotionDescriptors

TABLE_MODALITIES = ("numeric", "categorical")
# A fifth of the paper's, so that an SVM on all blocks stays quick; 24 per kernel.
N_ROCKET_FEATURES = 2016


def multimodal_pipeline(
    table_or_modalities: Any,
    *,
    extractors: Mapping[str, Any] | None = None,
    fusion: Any = None,
    head: Any = None,
    on_error: str = "raise",
    n_jobs: int | None = None,
    memory: Any = None,
) -> Pipeline:
    """Build a Pipeline from raw cells to predictions for a multimodal table.

    The result is a plain ``Pipeline`` with the steps ``features`` (a ModalityTransformer),
    ``fusion`` and ``head``, ready to fit, search and change. Each text, image, audio, video and
    series column becomes a block of its own under the column's name; all numeric columns together
    are the block ``numeric``, all categorical ones ``categorical``. Defaults need no download:
    TF-IDF of words and pairs for text, HOG and colour histograms for images, MFCC and spectral
    descriptors for audio, movement for video (files need ``mmsk[video]``), statistics and 2,016
    MiniRocket features for series, median imputation and scaling for numbers, one-hot codes with
    a common code for rare values for categories.

    Parameters
    ----------
    table_or_modalities : DataFrame, or mapping of str to str
        A table of raw cells without the target, whose modalities are then guessed; or the
        modality of each column, such as `infer_modalities` returns.
    extractors : mapping of str to transformer, default=None
        Extractors to use instead of the defaults, by modality or by column:
        ``{"image": CNNEmbedder("resnet18"), "title": TfidfEmbedder(n_components=100)}``.
    fusion : transformer, default=None
        The fusion step; None is ``ConcatFusion()``, which leaves the proportions within blocks of
        `MotionDescriptors` as they are.
    head : estimator, default=None
        The last step; None is ``SVMClassifier()``. Give ``SVMRegressor()`` for real targets.
    on_error : {"raise", "missing"}, default="raise"
        Whether a cell that a default extractor cannot read ends the pass, or is taken as missing
        with a warning.
    n_jobs : int, default=None
        Extractors that run at the same time.
    memory : str, path or object with the interface of joblib.Memory, default=None
        Folder in which the step ``features`` keeps fitted extractors over a search, as
        ModalityTransformer has it; None keeps nothing.

    Returns
    -------
    pipeline : Pipeline
        Not fitted.

    Raises
    ------
    ValueError
        If a modality is unknown, or no column is left; or if `fusion`
        or `head` is no estimator.

    See Also
    --------
    infer_modalities : How modalities are guessed, with reasons.
    search_space : Fusions and heads to search over.

    Examples
    --------
    >>> import pandas as pd
    >>> from mmsk import multimodal_pipeline
    >>> table = pd.DataFrame({
    ...     "title": ["a red shoe with laces", "a blue shirt", "one green hat", "two red hats"],
    ...     "price": [49.0, 25.0, None, 18.0],
    ... })
    >>> pipeline = multimodal_pipeline(table)
    >>> [(name, columns) for name, _, columns in pipeline["features"].transformers]
    [('title', 'title'), ('numeric', ['price'])]
    >>> pipeline.fit(table, ["shoe", "shirt", "hat", "hat"]).predict(table)
    array(['shoe', 'shirt', 'hat', 'hat'], dtype='<U5')
    """
    modalities = _modalities(table_or_modalities)
    chosen = dict(extractors or {})
    check_choice("on_error", on_error, ["raise", "missing"])
    for step, estimator in [("fusion", fusion), ("head", head)]:
        _check_estimator(step, estimator)
    blocks = _raw_blocks(modalities, chosen, on_error) + _table_blocks(modalities, chosen)
    unused = set(chosen) - set(modalities) - set(modalities.values())
    if unused:
        raise ValueError(
            f"extractors names {sorted(map(str, unused))}, but there are only the columns "
            f"{list(modalities)} of the modalities {sorted(set(modalities.values()))}."
        )
    if not blocks:
        raise ValueError(f"No column is left to learn from:\n{modalities!r}")
    return Pipeline(
        [
            ("features", ModalityTransformer(blocks, n_jobs=n_jobs, memory=memory)),
            ("fusion", _default_fusion(blocks) if fusion is None else fusion),
            ("head", SVMClassifier() if head is None else head),
        ]
    )


def _modalities(table_or_modalities: Any) -> Modalities:
    if not isinstance(table_or_modalities, Mapping):
        return infer_modalities(table_or_modalities)
    for column, modality in table_or_modalities.items():
        if modality not in MODALITIES:
            raise ValueError(
                f"The modality {modality!r} of column {column!r} is not one of "
                f"{', '.join(map(repr, MODALITIES))}."
            )
    if isinstance(table_or_modalities, Modalities):
        return table_or_modalities
    return Modalities(table_or_modalities)


def _check_estimator(step: str, estimator: Any) -> None:
    if estimator is None or estimator == "passthrough":
        return
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        raise ValueError(
            f"{step}={estimator!r} is no estimator. Give an instance, such as "
            f"{'ConcatFusion()' if step == 'fusion' else 'SVMClassifier()'}."
        )


def _raw_blocks(modalities: Modalities, chosen: Mapping[str, Any], on_error: str) -> list[tuple]:
    """One block per column of raw cells, and per column of a table with its own extractor."""
    blocks: list[tuple] = []
    for column, modality in modalities.items():
        if modality == "drop" or (modality in TABLE_MODALITIES and column not in chosen):
            continue
        cells = [column] if modality in TABLE_MODALITIES else column
        name = _block_name(column, [taken for taken, _, _ in blocks])
        blocks.append((name, _extractor(modality, column, chosen, on_error), cells))
    return blocks


def _table_blocks(modalities: Modalities, chosen: Mapping[str, Any]) -> list[tuple]:
    """One block for all numeric columns, and one for all categorical ones."""
    blocks = []
    for kind in TABLE_MODALITIES:
        columns = [c for c, modality in modalities.items() if modality == kind and c not in chosen]
        if columns:
            blocks.append((kind, _extractor(kind, kind, chosen, "raise"), columns))
    return blocks


def _block_name(column: Any, used: list[str]) -> str:
    """Return the column's name in a form that may stand in a parameter's name, and is new."""
    name = str(column).replace("__", "_")
    taken = {*ModalityTransformer([]).get_params(), *TABLE_MODALITIES, *used}
    while name in taken:
        name += "_column"
    return name


def _default_fusion(blocks: list[tuple]) -> ConcatFusion:
    """Standardize columns, but not of histograms, whose rare values it would blow up."""
    histograms = [
        name
        for name, extractor, _ in blocks
        if isinstance(extractor, MotionDescriptors) and extractor.normalize
    ]
    return ConcatFusion(dict.fromkeys(histograms, "block")) if histograms else ConcatFusion()


def _extractor(modality: str, column: Any, chosen: Mapping[str, Any], on_error: str) -> Any:
    if column in chosen:
        return chosen[column]
    # A clone for each column, so that one can be changed without the others.
    return clone(chosen[modality]) if modality in chosen else _default(modality, on_error)


def _default(modality: str, on_error: str) -> Any:
    if modality == "text":
        return TfidfEmbedder(ngram_range=(1, 2), sublinear_tf=True, on_error=on_error)
    if modality == "image":
        shape, color = HOGEmbedder(on_error=on_error), ColorHistogramEmbedder(on_error=on_error)
        return FeatureUnion([("hog", shape), ("color", color)])
    if modality == "audio":
        mfcc, descriptors = MFCC(deltas=2, on_error=on_error), AudioDescriptors(on_error=on_error)
        return FeatureUnion([("mfcc", mfcc), ("descriptors", descriptors)])
    if modality == "series":
        statistics = SeriesStatistics(on_error=on_error)
        rocket = MiniRocketEmbedder(N_ROCKET_FEATURES, on_error=on_error)
        return FeatureUnion([("statistics", statistics), ("rocket", rocket)])
    if modality == "video":
        return MotionDescriptors(on_error=on_error)
    if modality == "numeric":
        imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        return make_pipeline(imputer, StandardScaler())
    return OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2, dtype=np.float32)
