"""Distillation: a student on few modalities learns what a teacher on all of them says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.callback import CallbackSupportMixin
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score
from sklearn.utils import (
    Tags,
    _safe_indexing,
    check_consistent_length,
    column_or_1d,
    get_tags,
    indexable,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_sample_weight, _num_samples, check_is_fitted

from mmsk._progress import as_fit_task
from mmsk._validation import check_n_jobs, check_number, check_target
from mmsk.heads._block_head import fit_weighted
from mmsk.heads._folds import Fold, folds_of
from mmsk.heads._heads_by_block import check_head
from mmsk.heads._say import class_shares
from mmsk.heads._soft_labels import check_takes_weights, fit_on_shares, softened


def _take(X: Any, rows: np.ndarray) -> Any:
    """Return rows by their number; all of them are not copied."""
    return X if len(rows) == _num_samples(X) else _safe_indexing(X, rows)


@dataclass(frozen=True)
class Lesson:
    """The rows to learn from, some of them with labels.

    Attributes
    ----------
    X : array-like of n_rows rows
        What teacher and student take.
    rows : ndarray of shape (n_labelled,), dtype int
        The rows that have a label.
    y : ndarray of shape (n_labelled,)
        Their labels.
    weight : ndarray of shape (n_rows,) or None
        Weights of all rows.
    """

    X: Any
    rows: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None

    def fit(self, teacher: Any, some: np.ndarray) -> Any:
        """Return a clone fitted on some of the labelled rows, by their number among these."""
        rows = self.rows[some]
        weight = None if self.weight is None else self.weight[rows]
        return fit_weighted(clone(teacher), _take(self.X, rows), self.y[some], weight)

    def said_of_fold(self, teacher: Any, fold: Fold, classes: np.ndarray) -> np.ndarray:
        """Return what a clone that is fitted on training rows says of test rows."""
        train, test = fold
        return class_shares(self.fit(teacher, train), _take(self.X, self.rows[test]), classes)


def _student_has(method: str) -> Any:
    def has(head: Any) -> bool:
        getattr(getattr(head, "student_", head.student), method)  # its error says why not
        return True

    return available_if(has)


class DistilledClassifier(ClassifierMixin, MetaEstimatorMixin, CallbackSupportMixin, BaseEstimator):
    """Train a student on few modalities with what a teacher on all of them says of the rows.

    For use where a modality is at hand in training, but missing or too dear at predict time. The
    teacher sees the whole table and says of each row how likely each class is. The student learns
    from that beside the labels, and alone predicts; it sees less because it names fewer columns,
    and the others may then be absent from the table. It gains most where many rows have no
    label, since the teacher names those for it.

    Parameters
    ----------
    teacher : classifier
        With ``predict_proba``, or with ``decision_function``, whose values then go through
        softmax (of two classes through the logistic function). It is cloned and fitted, and what
        it says of a labelled row comes from a clone that has not seen the row: of rows that it
        has learned, a teacher is too sure. ``FrozenEstimator(teacher)`` is taken as it is fitted;
        rows that it was fitted on then teach the student little beyond their labels.
    student : classifier
        Any whose last step takes `sample_weight` in ``fit``.
    temperature : float, default=1.0
        What the teacher says is softened: its probabilities to the power of ``1 / temperature``,
        brought to sum to 1. Above 1 the classes that it finds less likely count for more, below 1
        for less, which is right for a teacher that learned many classes from few rows.
    mixing_weight : float, default=0.5
        Share of the teacher in what the student learns of a labelled row, from 0 (the labels
        alone) to 1 (the teacher alone). Of a row without label it learns from the teacher alone.
    cv : int, splitter or iterable, default=None
        Folds of the labelled rows, for what the teacher says of them; None is 5 stratified ones.
        Each row is tested once.
    n_jobs : int, default=None
        Folds at the same time.

    Attributes
    ----------
    student_ : classifier
        The fitted student, which can be taken out and used alone.
    teacher_ : classifier
        The teacher, fitted on all labelled rows.
    classes_ : ndarray of shape (n_classes,)
        The labels that the student knows.
    n_features_in_ : int
        Number of features or columns seen by the student, where it counts them.
    feature_names_in_ : ndarray of str
        Their names, where the student keeps them.

    See Also
    --------
    ModalityDropout : Makes one model bear missing modalities.
    LateFusionClassifier : Leaves missing modalities out of the vote.

    Notes
    -----
    Soft labels reach the student as weights. Every step of a pipeline but the last is fitted on
    the rows as they are, so that extractors compute each row once; the last step gets its
    features once for each class that has more than 1 % of the row's largest share, with that
    share as weight. The cost is one fit of the teacher for each fold and one for all rows, and
    one fit of the student, whose last step may see several times as many rows. A last step that
    cross-validates in fit, such as ``SVMClassifier(probability=True)``, has parts of one row on
    both sides of its folds and is surer than it should be.

    ``score`` counts the rows that have a label; other metrics of a search need test folds in which
    all rows have one.

    References
    ----------
    Hinton, G., Vinyals, O., Dean, J. (2015). Distilling the knowledge in a neural network.
    arXiv:1503.02531.

    Lopez-Paz, D., Bottou, L., Schoelkopf, B., Vapnik, V. (2016). Unifying distillation and
    privileged information. International Conference on Learning Representations.

    Examples
    --------
    The skeleton shows the movement, but at predict time there is only the watch. Only every tenth
    row has a label:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from mmsk import DistilledClassifier
    >>> generator = np.random.default_rng(0)
    >>> y = np.array(["run", "walk"] * 150)
    >>> signal, noise = np.where(y == "run", 1.0, -1.0), generator.normal(size=(2, 300))
    >>> table = pd.DataFrame({"skeleton": signal + 0.2 * noise[0], "watch": signal + noise[1]})
    >>> student = make_pipeline(
    ...     make_column_transformer(("passthrough", ["watch"])), LogisticRegression()
    ... )
    >>> few = np.where(np.arange(300) % 20 < 2, y, None)
    >>> model = DistilledClassifier(LogisticRegression(), student).fit(table, few)
    >>> model.predict(pd.DataFrame({"watch": [-1.5, 0.8]}))
    array(['walk', 'run'], dtype=object)
    """

    def __init__(
        self,
        teacher: Any,
        student: Any,
        *,
        temperature: float = 1.0,
        mixing_weight: float = 0.5,
        cv: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.teacher = teacher
        self.student = student
        self.temperature = temperature
        self.mixing_weight = mixing_weight
        self.cv = cv
        self.n_jobs = n_jobs

    @as_fit_task
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the teacher, ask it about every row, and fit the student on what it says.

        Parameters
        ----------
        X : DataFrame, FeatureBlocks, array or CSR of n_rows rows
            What teacher and student take.
        y : array-like of shape (n_rows,)
            Labels; None or NaN for a row without.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, at least 0, for the student, and for the teacher where it takes
            them in ``fit``.

        Returns
        -------
        self : object
            The fitted head.

        Raises
        ------
        ValueError
            If a parameter is not accepted, the student's last step takes no `sample_weight`, a
            frozen teacher does not know a label, or there are fewer than two classes.
        """
        self._check_parameters()
        lesson = self._check_lesson(X, y, sample_weight)
        if isinstance(self.teacher, FrozenEstimator):
            self.teacher_ = clone(self.teacher).fit(lesson.X, lesson.y)
        else:
            self.teacher_ = lesson.fit(self.teacher, np.arange(len(lesson.y)))
        classes = self._known_classes(lesson.y)
        shares = softened(self._said(lesson, classes), self.temperature)
        codes = shares.argmax(axis=1)
        codes[lesson.rows] = np.searchsorted(classes, lesson.y)
        shares[lesson.rows] *= self.mixing_weight
        shares[lesson.rows, codes[lesson.rows]] += 1 - self.mixing_weight
        if lesson.weight is not None:
            shares *= lesson.weight[:, np.newaxis]
        self.student_ = fit_on_shares(clone(self.student), lesson.X, codes, shares, classes)
        return self

    def _check_parameters(self) -> None:
        for name in ("teacher", "student"):
            check_head(name, getattr(self, name), "classifier")
        if not any(hasattr(self.teacher, name) for name in ("predict_proba", "decision_function")):
            raise ValueError(
                f"teacher={self.teacher!r} has neither predict_proba nor decision_function, and "
                "so cannot say how likely each class is. CalibratedClassifierCV gives it "
                "probabilities."
            )
        check_takes_weights(self.student)
        check_number("temperature", self.temperature, low=0, low_open=True)
        check_number("mixing_weight", self.mixing_weight, low=0, high=1)
        check_n_jobs(self.n_jobs)

    def _check_lesson(self, X: Any, y: Any, sample_weight: Any) -> Lesson:
        (X,) = indexable(X)
        rows, y = self._check_labels(X, y)
        if len(y):
            check_classification_targets(y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, np.empty(_num_samples(X)), dtype=np.float64, ensure_non_negative=True
            )
        if not isinstance(self.teacher, FrozenEstimator):
            _check_two_classes(y)
        return Lesson(X, rows, y, sample_weight)

    def _check_labels(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that have a label, and their labels."""
        rows = np.arange(_num_samples(X))
        if y is not None:
            y = column_or_1d(y, warn=True)
            check_consistent_length(X, y)
            rows = np.flatnonzero(~pd.isna(y))
            y = y[rows]
        return rows, check_target(type(self).__name__, y, rows)

    def _known_classes(self, y: np.ndarray) -> np.ndarray:
        """Return the labels that the fitted teacher knows; `y` may hold no others."""
        classes = self.teacher_.classes_
        unknown = np.setdiff1d(y, classes)
        if len(unknown):
            raise ValueError(
                f"y holds the label {unknown.tolist()[0]!r}, which the frozen teacher does not "
                f"know: its classes are {', '.join(map(repr, classes.tolist()))}. Leave out such "
                "rows, or give the teacher unfrozen, so that it is fitted on these labels."
            )
        return classes

    def _said(self, lesson: Lesson, classes: np.ndarray) -> np.ndarray:
        """Return what the teacher says of each row, of shape (n_rows, n_classes).

        Of a labelled row it is what a clone says that was not fitted on the row. A class that this
        clone has not seen has no share.
        """
        if isinstance(self.teacher, FrozenEstimator):
            return class_shares(self.teacher_, lesson.X, classes)
        shares = np.zeros((_num_samples(lesson.X), len(classes)))
        others = np.delete(np.arange(len(shares)), lesson.rows)
        if len(others):
            shares[others] = class_shares(self.teacher_, _take(lesson.X, others), classes)
        folds = folds_of(self.cv, lesson.y, classifier=True)
        said = Parallel(n_jobs=self.n_jobs)(
            delayed(lesson.said_of_fold)(self.teacher, fold, classes) for fold in folds
        )
        for (_, test), part in zip(folds, said, strict=True):
            shares[lesson.rows[test]] = np.nan_to_num(part)
        return shares

    @property
    def classes_(self) -> np.ndarray:
        """Labels that the student knows."""
        return self._fitted_student().classes_

    @property
    def n_features_in_(self) -> int:
        """Number of features or columns seen by the student."""
        return self._fitted_student().n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the features or columns seen by the student."""
        return self._fitted_student().feature_names_in_

    def _fitted_student(self) -> Any:
        """Return the student; before fit there is no such attribute, as properties have to say."""
        if not hasattr(self, "student_"):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: call fit(X, y).")
        return self.student_

    def predict(self, X: Any) -> np.ndarray:
        """Predict the label of each row, by the student alone.

        Parameters
        ----------
        X : DataFrame, FeatureBlocks, array or CSR of n_rows rows
            What the student takes; a table may lack the columns that it does not name.

        Returns
        -------
        labels : ndarray of shape (n_rows,)
            The predicted labels.
        """
        check_is_fitted(self)
        return self.student_.predict(X)

    @_student_has("predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """Estimate the probability of each class; only where the student does.

        Parameters
        ----------
        X : DataFrame, FeatureBlocks, array or CSR of n_rows rows
            What the student takes.

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes)
            Rows sum to 1.
        """
        check_is_fitted(self)
        return self.student_.predict_proba(X)

    @_student_has("predict_log_proba")
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Estimate the logarithm of ``predict_proba``; only where the student does.

        Parameters
        ----------
        X : DataFrame, FeatureBlocks, array or CSR of n_rows rows
            What the student takes.

        Returns
        -------
        log_probabilities : ndarray of shape (n_rows, n_classes)
            Logarithms of the probabilities.
        """
        check_is_fitted(self)
        return self.student_.predict_log_proba(X)

    @_student_has("decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """Compute how much speaks for each class; only where the student does.

        Parameters
        ----------
        X : DataFrame, FeatureBlocks, array or CSR of n_rows rows
            What the student takes.

        Returns
        -------
        values : ndarray of shape (n_rows,) or (n_rows, n_classes)
            As the student gives them; for two classes one value, positive for the second.
        """
        check_is_fitted(self)
        return self.student_.decision_function(X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy in the rows that have a label.

        Parameters
        ----------
        X : DataFrame, FeatureBlocks, array or CSR of n_rows rows
            What the student takes.
        y : array-like of shape (n_rows,)
            Labels; None or NaN for a row without.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows.

        Returns
        -------
        accuracy : float
            From 0 to 1.

        Raises
        ------
        ValueError
            If no row has a label.
        """
        (X,) = indexable(X)
        rows, y = self._check_labels(X, y)
        if len(rows) == 0:
            raise ValueError(
                "y holds no label to score by. In a search, give folds that test some."
            )
        if sample_weight is not None:
            sample_weight = _safe_indexing(sample_weight, rows)
        predicted = self.predict(_take(X, rows))
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        teacher, student = get_tags(self.teacher), get_tags(self.student)
        tags.input_tags = replace(student.input_tags, pairwise=False)
        tags.input_tags.sparse &= teacher.input_tags.sparse
        tags.input_tags.allow_nan &= teacher.input_tags.allow_nan
        tags.target_tags.required = True
        return tags


def _check_two_classes(y: np.ndarray) -> None:
    classes = np.unique(y).tolist()
    if len(classes) < 2:
        raise ValueError(
            f"y holds {f'1 class, {classes[0]!r}' if classes else 'no label'}: a teacher learns "
            "from two classes or more. FrozenEstimator(teacher) takes one that is fitted."
        )
