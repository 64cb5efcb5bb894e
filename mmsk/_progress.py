"""Progress: bars on stderr, and tasks of scikit-learn's callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Any

from sklearn.callback import with_callbacks
from tqdm import tqdm

from mmsk._config import current_config

SECONDS_BEFORE_A_BAR = 0.5
MOST_TASKS = 100


def progress_bar(total: int, description: str, unit: str = "cells") -> tqdm:
    """Bar that counts cells or epochs, on stderr; silent unless the settings ask for it.

    Parameters
    ----------
    total : int
        Number of cells or epochs.
    description : str
        What is being done.
    unit : str, default="cells"
        What is counted.

    Returns
    -------
    bar : tqdm
        A context manager; ``bar.update(n)`` counts `n` more cells.
    """
    return tqdm(
        total=total,
        desc=description,
        unit=f" {unit}",
        delay=SECONDS_BEFORE_A_BAR,
        disable=not current_config().progress,
        dynamic_ncols=True,
    )


def as_fit_task(fit: Callable[..., Any]) -> Callable[..., Any]:
    """Make a `fit` method one task of scikit-learn's callbacks, without subtasks."""

    @with_callbacks
    @wraps(fit)
    def fit_as_task(estimator: Any, X: Any = None, y: Any = None, *args: Any, **params: Any) -> Any:
        context = estimator._init_callback_context()
        context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
        result = fit(estimator, X, y, *args, **params)
        context.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes={})
        return result

    return fit_as_task


@contextmanager
def as_subtask(context: Any, caller: Any, estimator: Any, X: Any, y: Any) -> Iterator[None]:
    """Run the fit of a part of `caller` as the task `context` of scikit-learn's callbacks.

    The part hears of the callbacks where it knows them; scikit-learn would warn where not.
    """
    knows = hasattr(estimator, "set_callbacks")
    with context.propagate_callback_context(estimator) if knows else nullcontext():
        context.call_on_fit_task_begin(estimator=caller, X=X, y=y)
        yield
        context.call_on_fit_task_end(estimator=caller, X=X, y=y)


class FitTasks(AbstractContextManager):
    """The cells or epochs of a `fit`, told to scikit-learn's callbacks as equal shares.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        The estimator that is fitted, in a method decorated with ``with_callbacks``.
    total : int
        Number of cells or epochs.
    size : int
        How many of them are in a share, at least; there are at most 100 shares.
    unit : str, default="cells"
        Name of the tasks.
    """

    def __init__(self, estimator: Any, total: int, size: int, unit: str = "cells") -> None:
        self.estimator = estimator
        self.unit = unit
        self.total = total
        self.n_tasks = min(MOST_TASKS, -(-total // size))
        self.n_done = 0
        self.n_ended = 0

    def __enter__(self) -> FitTasks:
        self.context = self.estimator._init_callback_context(max_subtasks=self.n_tasks)
        self.context.call_on_fit_task_begin(estimator=self.estimator)
        return self

    def update(self, n_more: int) -> None:
        """Count so many more."""
        self.n_done += n_more
        while self.n_ended < self.n_tasks * self.n_done // max(1, self.total):
            task = self.context.subcontext(task_name=self.unit)
            task.call_on_fit_task_begin(estimator=self.estimator)
            task.call_on_fit_task_end(estimator=self.estimator)
            self.n_ended += 1

    def __exit__(self, kind: Any, *error: object) -> None:
        if kind is None:
            self.context.call_on_fit_task_end(
                estimator=self.estimator, reconstruction_attributes={}
            )


@contextmanager
def epochs_told(estimator: Any, n_epochs: int) -> Iterator[Callable[[Any], None]]:
    """Tell of the epochs of a `fit`: to scikit-learn's callbacks, and in a bar.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        The estimator that is fitted, in a method decorated with ``with_callbacks``.
    n_epochs : int
        Number of epochs, at most.

    Yields
    ------
    tell : callable
        To be called after each epoch, with what it likes.
    """
    name = type(estimator).__name__
    with (
        progress_bar(n_epochs, name, "epochs") as bar,
        FitTasks(estimator, n_epochs, 1, "epochs") as tasks,
    ):

        def tell(_: Any) -> None:
            bar.update(1)
            tasks.update(1)

        yield tell
