"""A figure of how an estimator learned, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from mmsk._optional import import_optional

LABELS = {"loss": "training", "validation_loss": "validation"}


class TrainingCurveDisplay:
    """Loss of each epoch of an estimator that learns by epochs, in training and validation rows.

    A training loss that leaps asks for a lower learning rate; one that still falls at the end,
    for more epochs; a validation loss that rises while the training loss falls, for dropout,
    weight decay or more rows. Made by `from_estimator`.

    Parameters
    ----------
    history : mapping of str to sequence of float
        ``"loss"`` of each epoch, and ``"validation_loss"`` where rows were held out; the
        ``history_`` of an estimator. Other entries are not drawn.
    name : str, default=None
        What was trained, for the title; None is no title.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the last plot.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : list of matplotlib Line2D
        A curve for the training rows, and one for the validation rows where there are some.
    best_ : matplotlib Line2D or None
        Upright line at the epoch with the lowest validation loss, from which the weights are
        kept; None without validation rows.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores by the number of training rows.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from mmsk import FeatureBlocks, GatedFusion, TrainingCurveDisplay
    >>> table, y = load_wine(return_X_y=True)
    >>> blocks = FeatureBlocks({"acids": table[:, :4], "colour": table[:, 9:11]})
    >>> fusion = GatedFusion(8, max_epochs=5, early_stopping=True, random_state=0)
    >>> model = make_pipeline(fusion, LogisticRegression()).fit(blocks, y)
    >>> display = TrainingCurveDisplay.from_estimator(model)
    >>> [line.get_label() for line in display.lines_]
    ['training', 'validation']
    """

    def __init__(self, history: Mapping[str, Sequence[float]], *, name: str | None = None) -> None:
        self.history = history
        self.name = name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Plot how a fitted estimator learned.

        Parameters
        ----------
        estimator : estimator with ``history_``, Pipeline or ModalityTransformer
            Fitted. Of the latter, the one part with a ``history_``.
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        display : TrainingCurveDisplay
            Plotted.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        ValueError
            If the estimator has no ``history_``, several parts have one, or it holds no
            ``"loss"``.
        """
        trained = _trained(estimator)
        return cls(trained.history_, name=type(trained).__name__).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Plot the losses.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to plot; None makes a figure.

        Returns
        -------
        display : TrainingCurveDisplay
            This one.

        Raises
        ------
        MissingDependencyError
            If matplotlib is not installed.
        ValueError
            If the history holds no ``"loss"``.
        """
        if not len(self.history.get("loss", [])):
            raise ValueError(
                f"The history holds no 'loss' of any epoch, only {sorted(self.history)}."
            )
        if ax is None:
            pyplot = import_optional(
                "matplotlib.pyplot", needed_for="TrainingCurveDisplay", extra="plot"
            )
            _, ax = pyplot.subplots(figsize=(6, 4), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_ = [
            self._draw_losses(self.history[key], label)
            for key, label in LABELS.items()
            if len(self.history.get(key, []))
        ]
        self.best_ = self._draw_best()
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="epoch", ylabel="loss", title=self.name or "")
        ax.grid(alpha=0.3)
        ax.legend()
        return self

    def _draw_losses(self, losses: Sequence[float], label: str) -> Any:
        # A single epoch is a dot: a line of one point shows nothing.
        marker = "o" if len(losses) == 1 else None
        return self.ax_.plot(np.arange(1, len(losses) + 1), losses, marker=marker, label=label)[0]

    def _draw_best(self) -> Any:
        if len(self.lines_) < 2:
            return None
        best = int(np.argmin(self.history["validation_loss"])) + 1
        style = {"color": self.lines_[1].get_color(), "linestyle": ":"}
        return self.ax_.axvline(best, label=f"best epoch, {best}", **style)


def _trained(estimator: Any) -> Any:
    """Return what has a history: the estimator itself, or a part of it."""
    found = _with_history("", estimator)
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise ValueError(
            f"Several parts have a history_: {', '.join(map(repr, found))}. Give one of them alone."
        )
    raise ValueError(
        f"Found no history_ in {type(estimator).__name__}: give a fitted estimator that learns by "
        "epochs, such as GatedFusion, or a pipeline with one as a step."
    )


def _with_history(name: str, estimator: Any) -> dict[str, Any]:
    if hasattr(estimator, "history_"):
        return {name: estimator}
    found: dict[str, Any] = {}
    for part_name, part in _parts(estimator):
        found |= _with_history(f"{name}__{part_name}" if name else part_name, part)
    return found


def _parts(estimator: Any) -> list[tuple[str, Any]]:
    if isinstance(estimator, Pipeline):
        return estimator.steps
    if isinstance(estimator, ColumnTransformer):
        return [(name, part) for name, part, _ in getattr(estimator, "transformers_", [])]
    return []
