"""Late fusion of real targets: one regressor per block, and one number from what they all say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import r2_score

from mmsk.heads._late_base import BaseLateFusion
from mmsk.heads._say import Say, values


class LateFusionRegressor(RegressorMixin, BaseLateFusion):
    """Fit a regressor on each block, and combine their predictions.

    Late fusion is right where each modality tells something of its own and rows lack some: every
    head learns from all rows that have its block, and nothing has to be filled in. It cannot see
    what shows only in two modalities together; that takes one head behind a fusion.

    A missing block has no say: the other heads decide, and their weights count among themselves.
    A block that no training row has, or that has no columns, gets no head and no say. Where
    nothing has a say, the mean of the training targets is predicted.

    Parameters
    ----------
    estimator : regressor, list of (str, regressor or "drop"), or None, default=None
        One regressor, cloned for each block, or one for each block by name. ``"drop"`` leaves a
        block out; a block that the list does not name is an error. None is ``Ridge()``. A
        search reaches ``estimator__alpha`` of the one, and ``image`` and ``image__alpha`` of a
        list.
    combination : {"mean", "weighted", "median", "stacking"}, default="mean"
        How predictions become one. ``"mean"``: their mean. ``"weighted"``: the mean by
        `weights`. ``"median"``: their median, which one head that is far off cannot move.
        ``"stacking"``: `final_estimator` learns it.
    weights : mapping of str to float, sequence of float, or "score", default="score"
        For ``"weighted"`` alone. A mapping names blocks; those it leaves out keep weight 1. A
        sequence has one weight per block, in order. ``"score"``: R2 of each head on rows that
        it was not fitted on, at least 0; equal weights where it is 0 for all. A block of weight
        0 has no say.
    final_estimator : regressor, default=None
        For ``"stacking"`` alone. Gets the prediction of each block's head as a column. For a head
        without a say this is the mean of the training targets, and a further column marks it
        where that happened in fit. None is ``RidgeCV()``.
    cv : int, splitter or iterable, default=None
        Folds for ``"stacking"`` and ``weights="score"``, the same for every block; None is 5.
        Each row is tested once.
    scale : {"standard", "block"} or None, default="standard"
        As in ConcatFusion, learned anew in each fold. None gives each head its block as it is.
    n_jobs : int, default=None
        Heads that are fitted at the same time.

    Attributes
    ----------
    estimators_ : dict of str to regressor
        The fitted head of each block that has one.
    final_estimator_ : regressor
        Predicts; only with ``"stacking"``.
    weights_ : dict of str to float
        The weight of each head; only with ``"weighted"``.
    prior_ : ndarray of shape (1,)
        Mean of the training targets.
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
    LateFusionClassifier : The same for labels.
    ConcatFusion : Fuses features, for one head that sees all of them.

    Notes
    -----
    A fit takes one fit per block, ``"stacking"`` and ``weights="score"`` one more for each
    fold. One block at a time is scaled, in its own dtype; sparse blocks stay sparse.

    References
    ----------
    Wolpert: Stacked generalization. Neural Networks 5 (1992).
    Breiman: Stacked regressions. Machine Learning 24 (1996).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from mmsk import FeatureBlocks, LateFusionRegressor
    >>> blocks = FeatureBlocks({
    ...     "image": np.array([[1.0], [2.0], [np.nan], [4.0], [5.0], [6.0]]),
    ...     "sound": np.array([[-1.0], [-2.0], [-3.0], [np.nan], [-5.0], [-6.0]]),
    ... })
    >>> y = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
    >>> head = LateFusionRegressor(LinearRegression()).fit(blocks, y)
    >>> head.predict(blocks[2:4]).round(2)
    array([30., 40.])
    """

    _kind = "regressor"
    _rules = ["mean", "weighted", "median", "stacking"]
    _default_head = Ridge()
    _default_final = RidgeCV()

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
        """Predict the target value of each row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit, each missing in any row that has another.

        Returns
        -------
        values : ndarray of shape (n_rows,), dtype float64
            The predicted values.
        """
        if self.combination == "stacking":
            features = self._stacked(X)
            return self.final_estimator_.predict(features)
        return self._combined(X)[:, 0]

    @property
    def _say(self) -> Say:
        return values

    def _check_target(self, y: np.ndarray) -> np.ndarray:
        return y.astype(np.float64, copy=False)

    def _prior_of(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        return np.array([np.average(y, weights=weight)])

    def _score_of(self, y: np.ndarray, said: np.ndarray, weight: np.ndarray | None) -> float:
        if len(np.unique(y)) < 2:
            return 0.0
        return r2_score(y, said[:, 0], sample_weight=weight)
