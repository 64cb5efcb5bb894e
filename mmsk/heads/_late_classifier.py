"""Late fusion of classes: one classifier per block, and a decision from what they all say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from mmsk.heads._late_base import BaseLateFusion
from mmsk.heads._say import Say, class_shares, votes


def _has_decisions(head: Any) -> bool:
    if head.combination != "stacking":
        return True
    final = getattr(head, "final_estimator_", head._final)
    return hasattr(final, "decision_function") or hasattr(final, "predict_proba")


def _has_probabilities(head: Any) -> bool:
    if head.combination == "majority":
        raise AttributeError("combination='majority' counts votes: there is no predict_proba.")
    if head.combination == "stacking":
        asked = [getattr(head, "final_estimator_", head._final)]
    else:
        asked = head._heads()
    for one in asked:
        if not hasattr(one, "predict_proba"):
            raise AttributeError(
                f"{one!r} has no predict_proba. CalibratedClassifierCV gives it one."
            )
    return True


class LateFusionClassifier(ClassifierMixin, BaseLateFusion):
    """Fit a classifier on each block, and decide by what all of them say.

    Late fusion is right where each modality tells something of its own and rows lack some: every
    head learns from all rows that have its block, and nothing has to be filled in. It cannot see
    what shows only in two modalities together; that takes one head behind a fusion.

    A missing block has no say: the other heads decide, and their weights count among themselves.
    A block that only one class has in training, or no row, or that has no columns, teaches
    nothing: it gets no head and no say. Where nothing has a say, the shares of the classes in
    training are said. A class that a block's head has never seen is judged by the heads that know
    it, and the probabilities of the row are then brought to sum to 1.

    Parameters
    ----------
    estimator : classifier, list of (str, classifier or "drop"), or None, default=None
        One classifier, cloned for each block, or one for each block by name. ``"drop"`` leaves a
        block out; a block that the list does not name is an error. None is
        ``LogisticRegression(max_iter=1000)``. A search reaches ``estimator__C`` of the one, and
        ``image`` and ``image__C`` of a list.
    combination : {"mean", "weighted", "product", "max", "majority", "stacking"}, default="mean"
        How probabilities become one. ``"mean"``: their mean. ``"weighted"``: the mean by
        `weights`. ``"product"``: the geometric mean, brought to sum to 1: right where blocks are
        independent within a class, but harsh, since one sure head can overrule the others.
        ``"max"``: the largest. ``"majority"``: each head has one vote, and of classes with
        equal votes the first in `classes_` wins. ``"stacking"``: `final_estimator` learns it.
    weights : mapping of str to float, sequence of float, or "score", default="score"
        For ``"weighted"`` alone. A mapping names blocks; those it leaves out keep weight 1. A
        sequence has one weight per block, in order. ``"score"``: the balanced accuracy of each
        head on rows that it was not fitted on, 0 at chance and 1 at best; equal weights where no
        head is above chance. A block of weight 0 has no say.
    final_estimator : classifier, default=None
        For ``"stacking"`` alone. Gets the probabilities of each block's head, of two classes only
        the second, as columns. For a head without a say these are the shares of the classes in
        training, and a further column marks it where that happened in fit. None is
        ``LogisticRegression(max_iter=1000)``.
    cv : int, splitter or iterable, default=None
        Folds for ``"stacking"`` and ``weights="score"``, the same for every block; None is 5
        stratified folds. Each row is tested once.
    scale : {"standard", "block"} or None, default="standard"
        As in ConcatFusion, learned anew in each fold. None gives each head its block as it is.
    n_jobs : int, default=None
        Heads that are fitted at the same time.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimators_ : dict of str to classifier
        The fitted head of each block that has one.
    final_estimator_ : classifier
        Decides; only with ``"stacking"``.
    weights_ : dict of str to float
        The weight of each head; only with ``"weighted"``.
    prior_ : ndarray of shape (n_classes,)
        Share of each class in the training rows.
    scales_ : dict of str to BlockScale
        Offset and factors of each block that has a head; empty with ``scale=None``.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    See Also
    --------
    LateFusionRegressor : The same for numbers.
    ConcatFusion : Fuses features, for one head that sees all of them.

    Notes
    -----
    A head without ``predict_proba`` is heard through its decision values: through the logistic
    function for two classes, through softmax for more. These stand for probabilities in size
    only; ``CalibratedClassifierCV`` makes true ones of them. A head without either can only vote.

    A fit takes one fit per block, ``"stacking"`` and ``weights="score"`` one more for each
    fold. One block at a time is scaled, in its own dtype; sparse blocks stay sparse.

    References
    ----------
    Kittler, Hatef, Duin, Matas: On combining classifiers. IEEE TPAMI 20 (1998).
    Wolpert: Stacked generalization. Neural Networks 5 (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import LinearSVC
    >>> from mmsk import FeatureBlocks, LateFusionClassifier, SVMClassifier
    >>> blocks = FeatureBlocks({
    ...     "image": np.array([[0.1], [0.9], [np.nan], [0.8], [0.2], [1.0]]),
    ...     "sound": np.array([[-2.0], [3.0], [-4.0], [np.nan], [-3.0], [2.0]]),
    ... })
    >>> y = ["cat", "dog", "cat", "dog", "cat", "dog"]
    >>> head = LateFusionClassifier().fit(blocks, y)
    >>> head.predict_proba(blocks).round(2)[:3]
    array([[0.73, 0.27],
           [0.23, 0.77],
           [0.86, 0.14]])
    >>> heads = [("image", SVMClassifier()), ("sound", LinearSVC())]
    >>> head = LateFusionClassifier(heads, combination="product").set_params(image__C=10.0)
    >>> head.fit(blocks, y).predict(blocks[2:4])
    array(['cat', 'dog'], dtype='<U3')
    """

    _kind = "classifier"
    _rules = ["mean", "weighted", "product", "max", "majority", "stacking"]
    _default_head = LogisticRegression(max_iter=1000)
    _default_final = LogisticRegression(max_iter=1000)

    def __init__(
        self,
        estimator: Any = None,
        *,
        combination: str = "mean",
        weights: Mapping[str, float] | Sequence[float] | str = "score",
        final_estimator: Any = None,
        cv: Any = None,
        scale: str | None = "standard",
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.combination = combination
        self.weights = weights
        self.final_estimator = final_estimator
        self.cv = cv
        self.scale = scale
        self.n_jobs = n_jobs

    def predict(self, X: Any) -> np.ndarray:
        """Predict the label of each row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit, each missing in any row that has another.

        Returns
        -------
        labels : ndarray of shape (n_rows,)
            The predicted labels.
        """
        if self.combination == "stacking":
            features = self._stacked(X)
            return self.final_estimator_.predict(features)
        shares = self._shares(X)
        return self.classes_[shares.argmax(axis=1)]

    @available_if(_has_decisions)
    def decision_function(self, X: Any) -> np.ndarray:
        """Compute how much speaks for each class.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        values : ndarray of shape (n_rows,) or (n_rows, n_classes)
            The combined probabilities, shares of votes, or decision values of the final
            estimator; for two classes one value, positive for the second.
        """
        if self.combination != "stacking":
            shares = self._shares(X)
        else:
            features = self._stacked(X)
            if hasattr(self.final_estimator_, "decision_function"):
                return self.final_estimator_.decision_function(features)
            shares = self.final_estimator_.predict_proba(features)
        return shares[:, 1] - shares[:, 0] if len(self.classes_) == 2 else shares

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Estimate the probability of each class; only where every head does.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes)
            Rows sum to 1.
        """
        if self.combination == "stacking":
            features = self._stacked(X)
            return self.final_estimator_.predict_proba(features)
        return self._shares(X)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Estimate the logarithm of ``predict_proba``; only where every head has probabilities.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        log_probabilities : ndarray of shape (n_rows, n_classes)
            Logarithms of the probabilities.
        """
        return np.log(self.predict_proba(X))

    def _shares(self, X: Any) -> np.ndarray:
        shares = self._combined(X)
        return shares / shares.sum(axis=1, keepdims=True)

    @property
    def _say(self) -> Say:
        return partial(
            votes if self.combination == "majority" else class_shares, classes=self.classes_
        )

    def _check_target(self, y: np.ndarray) -> np.ndarray:
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        return y

    def _check_what_heads_say(self) -> None:
        if self.combination == "majority":
            return
        for name, head in self.estimators_.items():
            if not hasattr(head, "predict_proba") and not hasattr(head, "decision_function"):
                raise ValueError(
                    f"The head of the block {name!r}, {head!r}, has neither predict_proba nor "
                    f"decision_function, which combination={self.combination!r} needs. Use "
                    "combination='majority', or CalibratedClassifierCV around the head."
                )

    def _prior_of(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        counts = np.bincount(np.searchsorted(self.classes_, y), weight, len(self.classes_))
        return counts / counts.sum()

    def _score_of(self, y: np.ndarray, said: np.ndarray, weight: np.ndarray | None) -> float:
        if len(np.unique(y)) < 2:
            return 0.0
        predicted = self.classes_[np.where(np.isnan(said), -np.inf, said).argmax(axis=1)]
        return balanced_accuracy_score(y, predicted, sample_weight=weight, adjusted=True)
