"""A figure of a search over fusions and heads."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from mmsk._optional import import_optional
from mmsk.inspection._search_results import search_pivot, sorting_metric


class FusionSearchDisplay:
    """Scores of a search over fusions and heads, one line per fusion and one colour per head.

    Each dot is the mean score over the folds of the best candidate with that fusion and that
    head, its bar one standard deviation to either side, the number beside it the seconds to fit.
    Made by `from_search`.

    Parameters
    ----------
    pivot : DataFrame
        As `search_pivot` returns it.
    score_name : str, default="score"
        Label of the axis of scores.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the last plot.
    figure_ : matplotlib Figure
        Their figure.
    errorbars_ : list of matplotlib ErrorbarContainer
        Dots and bars of each head.

    See Also
    --------
    search_pivot : The same as a table.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.linear_model import LogisticRegression, RidgeClassifier
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import Pipeline
    >>> from mmsk import ConcatFusion, FeatureBlocks, FusionSearchDisplay, WeightedFusion
    >>> table, y = load_wine(return_X_y=True)
    >>> blocks = FeatureBlocks({"acids": table[:, :4], "colour": table[:, 9:11]})
    >>> pipeline = Pipeline([("fusion", ConcatFusion()), ("head", RidgeClassifier())])
    >>> grid = {"fusion": [ConcatFusion("block"), WeightedFusion("alignment")],
    ...         "head": [RidgeClassifier(), LogisticRegression()]}
    >>> display = FusionSearchDisplay.from_search(GridSearchCV(pipeline, grid).fit(blocks, y))
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ["WeightedFusion('alignment')", "ConcatFusion('block')"]
    """

    def __init__(self, pivot: pd.DataFrame, *, score_name: str = "score") -> None:
        self.pivot = pivot
        self.score_name = score_name

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        rows: str = "fusion",
        columns: str = "head",
        metric: str | None = None,
        ax: Any = None,
    ) -> Self:
        """Plot the results of a fitted search.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV or HalvingRandomSearchCV
            Fitted.
        rows : str, default="fusion"
            As in `search_pivot`: the parameter with a line for each value.
        columns : str, default="head"
            The parameter with a colour for each value.
        metric : str, default=None
            The metric, of a search with several; None is the one that it refits by, or the first.
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        display : FusionSearchDisplay
            Plotted.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        ValueError
            As `search_pivot` raises it.
        """
        metric = sorting_metric(search, metric)
        pivot = search_pivot(search, rows=rows, columns=columns, metric=metric)
        is_named = metric == "score" and isinstance(search.scoring, str)
        return cls(pivot, score_name=search.scoring if is_named else metric).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Plot the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure whose height grows with the number of fusions.

        Returns
        -------
        display : FusionSearchDisplay
            This one.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        """
        lines, colours = self.pivot["mean"].shape
        if ax is None:
            pyplot = import_optional(
                "matplotlib.pyplot", needed_for="FusionSearchDisplay", extra="plot"
            )
            size = (8, 1.2 + 0.25 * colours + lines * (0.2 + 0.2 * colours))
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        # The dots of a line share four fifths of its height.
        shifts = 0.8 * ((np.arange(colours) + 0.5) / colours - 0.5)
        self.errorbars_ = [
            self._draw_head(head, np.arange(lines) + shift)
            for head, shift in zip(self.pivot["mean"].columns, shifts, strict=True)
        ]
        ax.set(yticks=np.arange(lines), yticklabels=self.pivot.index, ylim=(lines - 0.5, -0.5))
        ax.set(xlabel=f"{self.score_name}, mean ± std over the folds")
        ax.margins(x=0.15)  # room for the seconds at the right
        ax.grid(axis="x", alpha=0.3)
        above = {"loc": "lower left", "bbox_to_anchor": (0, 1), "frameon": False}
        ax.legend(title=self.pivot.columns.names[1], alignment="left", **above)
        return self

    def _draw_head(self, head: str, places: np.ndarray) -> Any:
        mean, std, seconds = (self.pivot[what][head] for what in ("mean", "std", "fit_seconds"))
        bars = self.ax_.errorbar(mean, places, xerr=std, fmt="o", capsize=3, label=head)
        for x, y, fit in zip(mean + std, places, seconds, strict=True):
            if np.isfinite(x):
                self.ax_.annotate(
                    f"{fit:.2g} s",
                    (x, y),
                    xytext=(5, 0),
                    textcoords="offset points",
                    verticalalignment="center",
                    fontsize="x-small",
                )
        return bars
