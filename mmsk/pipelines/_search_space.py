"""What to search over in a multimodal pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.base import is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from mmsk.fusion import (
    AttentionFusion,
    BilinearFusion,
    CCAFusion,
    ConcatFusion,
    GatedFusion,
    TensorFusion,
    WeightedFusion,
)
from mmsk.heads import (
    LateFusionClassifier,
    LateFusionRegressor,
    MultiKernelSVC,
    SVMClassifier,
    SVMRegressor,
)

COSTS = [0.1, 1.0, 10.0, 100.0]


def search_space(pipeline: Pipeline) -> list[dict[str, list[Any]]]:
    """Return a ready search space over fusions and heads for a multimodal pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        With steps ``fusion`` and ``head``, as `multimodal_pipeline` builds. The kind of its head
        (classifier or regressor) decides the kind of heads in the space. Where its fusion scales
        block by block, as for videos, ConcatFusion and WeightedFusion in the space do so, too.

    Returns
    -------
    space : list of dict
        Grids for ``GridSearchCV``, or for ``HalvingGridSearchCV`` with fewer fits: six fusions
        times three heads times four settings of the head's strength; the fusions that a network
        learns, which take longer to fit, before a linear head; late fusion by several rules; and
        for classes one kernel per block with its weights.

    Raises
    ------
    ValueError
        If the pipeline lacks one of the steps.

    Examples
    --------
    >>> from sklearn.model_selection import ParameterGrid
    >>> from mmsk import multimodal_pipeline, search_space
    >>> pipeline = multimodal_pipeline({"title": "text", "price": "numeric"})
    >>> for grid in search_space(pipeline):
    ...     print(len(ParameterGrid(grid)), grid["head"][0])
    24 SVMClassifier()
    24 SVMClassifier(kernel='linear')
    24 LogisticRegression(max_iter=1000)
    3 LogisticRegression(max_iter=1000)
    3 LateFusionClassifier()
    8 MultiKernelSVC()
    """
    if not isinstance(pipeline, Pipeline):
        raise ValueError(
            "Expected a Pipeline such as multimodal_pipeline builds, got "
            f"{type(pipeline).__name__}."
        )
    missing = {"fusion", "head"} - set(pipeline.named_steps)
    if missing:
        raise ValueError(
            f"The pipeline has no step {sorted(missing)[0]!r}; its steps are "
            f"{', '.join(map(repr, pipeline.named_steps))}."
        )
    scale = _scale_of(pipeline["fusion"])
    return _space_of_values(scale) if is_regressor(pipeline["head"]) else _space_of_classes(scale)


def _scale_of(fusion: Any) -> Any:
    """Scale that a fusion gives block by block, to be kept in the others; else the default."""
    scale = getattr(fusion, "scale", None)
    return scale if isinstance(scale, Mapping) else "standard"


def _space_of_classes(scale: Any) -> list[dict[str, list[Any]]]:
    linear = LogisticRegression(max_iter=1000)
    heads = {SVMClassifier(): "C", SVMClassifier(kernel="linear"): "C", linear: "C"}
    return [
        *_space_of_heads(heads, linear, scale),
        {
            "fusion": ["passthrough"],
            "head": [LateFusionClassifier()],
            "head__combination": ["mean", "product", "stacking"],
        },
        {
            "fusion": ["passthrough"],
            "head": [MultiKernelSVC()],
            "head__weights": ["uniform", "alignment"],
            "head__C": COSTS,
        },
    ]


def _space_of_values(scale: Any) -> list[dict[str, list[Any]]]:
    heads = {SVMRegressor(): "C", SVMRegressor(kernel="linear"): "C", Ridge(): "alpha"}
    return [
        *_space_of_heads(heads, Ridge(), scale),
        {
            "fusion": ["passthrough"],
            "head": [LateFusionRegressor()],
            "head__combination": ["mean", "weighted", "stacking"],
        },
    ]


def _space_of_heads(heads: dict[Any, str], linear: Any, scale: Any) -> list[dict[str, list[Any]]]:
    """Grids of fusions before heads, of which `heads` names the parameter of their strength."""
    quick = [
        ConcatFusion(scale),
        ConcatFusion(scale="block"),
        WeightedFusion("score", scale),
        WeightedFusion("alignment", scale),
        CCAFusion(),
        BilinearFusion(1024, random_state=0),
    ]
    learned = [fusion(random_state=0) for fusion in (GatedFusion, AttentionFusion, TensorFusion)]
    return [
        *(
            {"fusion": quick, "head": [head], f"head__{strength}": COSTS}
            for head, strength in heads.items()
        ),
        {"fusion": learned, "head": [linear]},
    ]
