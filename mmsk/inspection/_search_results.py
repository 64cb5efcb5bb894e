"""Tables of what a search has tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mmsk._validation import check_choice
from mmsk.inspection._names import is_estimator, short_name

MEAN, FIT_SECONDS = "mean_test_", "fit_seconds"


def search_results(search: Any, *, metric: str | None = None) -> pd.DataFrame:
    """Return the candidates of a fitted search as a readable table, best first.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV or HalvingRandomSearchCV
        Fitted.
    metric : str, default=None
        The metric to sort by, of a search with several; None is the one that it refits by, or
        the first.

    Returns
    -------
    results : DataFrame
        One row per candidate, with the columns ``rank`` (1 is best; of equals the one tried
        first goes before), one for each parameter of the search, the mean and standard deviation
        over the folds of each metric (``score`` and ``score_std`` where there is one), and
        ``fit_seconds``, the mean time to fit. Parameters are named by as much of the end of their
        name as tells them apart (``head__C`` is ``C``), and estimators by what differs from
        their defaults; a parameter that does not apply is NaN. Of a halving search the last
        round of each candidate counts, later rounds go before, and ``n_resources`` says how
        large a round was.

    Raises
    ------
    ValueError
        If the search is not fitted or has no such metric.

    See Also
    --------
    search_pivot : The best of each fusion and head.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import Pipeline
    >>> from mmsk import ConcatFusion, FeatureBlocks, WeightedFusion, search_results
    >>> table, y = load_wine(return_X_y=True)
    >>> blocks = FeatureBlocks({"acids": table[:, :4], "colour": table[:, 9:11]})
    >>> pipeline = Pipeline([("fusion", ConcatFusion()), ("head", LogisticRegression())])
    >>> grid = {"fusion": [ConcatFusion("block"), WeightedFusion("alignment")],
    ...         "head__C": [0.1, 1]}
    >>> search = GridSearchCV(pipeline, grid).fit(blocks, y)
    >>> search_results(search).drop(columns="fit_seconds").round(2)
       rank                       fusion    C  score  score_std
    0     1  WeightedFusion('alignment')  0.1   0.88       0.06
    1     2  WeightedFusion('alignment')  1.0   0.87       0.07
    2     3        ConcatFusion('block')  1.0   0.77       0.10
    3     4        ConcatFusion('block')  0.1   0.70       0.12
    """
    return _tabulated(search, metric)[0]


def search_pivot(
    search: Any, *, rows: str = "fusion", columns: str = "head", metric: str | None = None
) -> pd.DataFrame:
    """Return the best of each fusion and head of a fitted search: score, spread and time.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV or HalvingRandomSearchCV
        Fitted.
    rows : str, default="fusion"
        A parameter of the search, by its whole name or its name in `search_results`; or one
        that all candidates share, such as a step of the pipeline.
    columns : str, default="head"
        Another parameter.
    metric : str, default=None
        As in `search_results`.

    Returns
    -------
    pivot : DataFrame
        One row for each value of `rows`; under ``mean``, ``std`` and ``fit_seconds`` one column
        for each value of `columns`. Each cell is of the best candidate among those that share
        the two values, NaN where there is none. The best row and the best column go first.

    Raises
    ------
    ValueError
        If the search is not fitted, has no such metric or no such parameter.

    See Also
    --------
    FusionSearchDisplay : The same as a figure.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.linear_model import LogisticRegression, RidgeClassifier
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import Pipeline
    >>> from mmsk import ConcatFusion, FeatureBlocks, WeightedFusion, search_pivot
    >>> table, y = load_wine(return_X_y=True)
    >>> blocks = FeatureBlocks({"acids": table[:, :4], "colour": table[:, 9:11]})
    >>> pipeline = Pipeline([("fusion", ConcatFusion()), ("head", RidgeClassifier())])
    >>> grid = {"fusion": [ConcatFusion("block"), WeightedFusion("alignment")],
    ...         "head": [RidgeClassifier(), LogisticRegression()]}
    >>> search = GridSearchCV(pipeline, grid).fit(blocks, y)
    >>> search_pivot(search)["mean"].round(2)
    head                         RidgeClassifier()  LogisticRegression()
    fusion
    WeightedFusion('alignment')               0.88                  0.87
    ConcatFusion('block')                     0.82                  0.77
    """
    results, metric, columns_of = _tabulated(search, metric)
    pair = [columns_of.get(name, name) for name in (rows, columns)]
    for name in pair:
        if name not in results:
            results[name] = _shared(search, name, list(columns_of.values()))
        results[name] = results[name].map(str)
    best = results.drop_duplicates(pair).set_index(pair)
    best = best.rename(columns={metric: "mean", f"{metric}_std": "std"})
    first, second = (best.index.get_level_values(level).unique() for level in (0, 1))
    pivot = best[["mean", "std", FIT_SECONDS]].unstack()
    pivot = pivot.reindex(index=first).reindex(columns=second, level=1)
    return pivot.rename_axis(index=rows, columns=[None, columns])


def sorting_metric(search: Any, metric: str | None) -> str:
    """Return the metric to sort a search by: as asked, or that of its refit, or the first."""
    if not hasattr(search, "cv_results_"):
        raise ValueError(
            f"Expected a fitted search such as GridSearchCV, got {type(search).__name__}"
            f"{' before fit' if hasattr(search, 'refit') else ''}."
        )
    metrics = _metrics(search)
    if metric is None:
        return search.refit if search.refit in metrics else metrics[0]
    check_choice("metric", metric, metrics)
    return metric


def _metrics(search: Any) -> list[str]:
    return [key.removeprefix(MEAN) for key in search.cv_results_ if key.startswith(MEAN)]


def _tabulated(search: Any, metric: str | None) -> tuple[pd.DataFrame, str, dict[str, str]]:
    """Return the table, the metric that sorts it and the column of each parameter."""
    metric = sorting_metric(search, metric)
    numbers = _numbers(search)
    names = list(dict.fromkeys(name for given in search.cv_results_["params"] for name in given))
    if getattr(search, "resource", None) in names:  # told by n_resources
        names.remove(search.resource)
    columns = _short(names, taken=["rank", *numbers])
    table = pd.DataFrame({columns[name]: _values(search, name) for name in names} | numbers)
    if "n_resources" in numbers:
        table = table.sort_values(["n_resources", metric], ascending=False, kind="stable")
        table = table.drop_duplicates(list(columns.values()))
    else:
        table = table.sort_values(metric, ascending=False, kind="stable")
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table.reset_index(drop=True), metric, columns


def _numbers(search: Any) -> dict[str, np.ndarray]:
    found, numbers = search.cv_results_, {}
    for name in _metrics(search):
        numbers[name] = found[f"{MEAN}{name}"]
        numbers[f"{name}_std"] = found[f"std_test_{name}"]
    numbers[FIT_SECONDS] = found["mean_fit_time"]
    if "n_resources" in found:
        numbers["n_resources"] = found["n_resources"]
    return numbers


def _short(names: Sequence[str], taken: Sequence[str]) -> dict[str, str]:
    """Return for each name the shortest ending that no other has and that is not taken."""
    short = {}
    for name in names:
        parts = name.split("__")
        endings = ["__".join(parts[-length:]) for length in range(1, len(parts))]
        others = [f"__{other}" for other in [*names, *taken] if other != name]
        free = [end for end in endings if not any(o.endswith(f"__{end}") for o in others)]
        short[name] = free[0] if free else name
    return short


def _values(search: Any, name: str) -> list[Any]:
    """Values of a parameter in each candidate; a step not in its grid is the pipeline's own."""
    own = search.estimator.get_params().get(name, np.nan) if "__" not in name else np.nan
    return [_shown(given.get(name, own)) for given in search.cv_results_["params"]]


def _shown(value: Any) -> Any:
    """Return a value as it may stand in a table: hashable, estimators by their short names."""
    try:
        hash(value)
    except TypeError:
        return short_name(value)
    return short_name(value) if is_estimator(value) else value


def _shared(search: Any, name: str, columns: Sequence[str]) -> Any:
    parameters = search.estimator.get_params()
    if name not in parameters:
        raise ValueError(
            f"{name!r} is neither a parameter of the pipeline nor a column of search_results: "
            f"{', '.join(map(repr, columns))}."
        )
    return _shown(parameters[name])
