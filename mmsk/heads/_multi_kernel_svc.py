"""Support vector classification with one kernel per block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets

from mmsk._progress import as_fit_task
from mmsk._validation import check_number, check_target
from mmsk.compose._checked_blocks import checked_blocks
from mmsk.heads._multi_kernel_base import BaseMultiKernel
from mmsk.heads._svm_base import check_classifier, numbered, row_weights
from mmsk.heads._svm_decision import shaped, votes


class MultiKernelSVC(ClassifierMixin, BaseMultiKernel):
    """Support vector classifier whose kernel is fused from one kernel per block.

    Texts may be compared by a linear kernel and pictures by RBF, each block by its own weight:
    given, searched for, or learned. The inner products of the rows are kept by content, so that
    a search over weights, kernels, `gamma` and `C` multiplies each pair of rows of its table
    once, for all folds and candidates; the rest is scikit-learn's solver, whose decisions these
    are.

    A missing block adds nothing: with ``combination="sum"`` its kernel is 0 between two rows of
    which one lacks it; with ``"product"`` such a row stands at the training mean of the block
    (at zero where the block is sparse or not centred). A block that no training row has says
    nothing later either.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the regularization. The larger, the closer the fit to the training
        rows.
    combination : {"sum", "product"}, default="sum"
        How kernels k with weights w become one: ``"sum"`` of w k, or ``"product"`` of k^w. The
        latter takes RBF kernels only and is ``exp(-gamma sum w d^2)`` over the distances d in
        the blocks: SVC on the blocks side by side, each times the root of its weight.
    kernel : {"rbf", "linear", "poly", "sigmoid"} or mapping of str to these, default="rbf"
        The kernel of each block. A mapping names blocks; those it leaves out get ``"rbf"``.
    weights : "uniform", "alignment", "easymkl", mapping of str to float or sequence of float, \
default="uniform"
        ``"uniform"`` is 1 for all. A mapping names blocks, and those it leaves out get 1; a
        sequence has one weight per block, in order. ``"alignment"`` learns weights whose sum of
        kernels is best aligned with the classes, ``"easymkl"`` weights under which the classes
        lie far apart (with lambda 0.1; averaged over pairs of classes). Both learn from the
        kernels of the single blocks, and have a mean of 1.
    gamma : "scale", float or mapping of str to these, default="scale"
        Factor in the kernels ``"rbf"``, ``"poly"`` and ``"sigmoid"``. ``"scale"`` is that of
        SVC, 1 / (width * variance), of the scaled block; with ``"product"`` of all blocks side
        by side, and then a mapping is refused: use `weights`. A mapping names blocks; those it
        leaves out get ``"scale"``.
    degree : int, default=3
        Degree of the kernels ``"poly"``.
    coef0 : float, default=0.0
        Constant in the kernels ``"poly"`` and ``"sigmoid"``.
    scale : {"centred", "block", "standard"} or None, default="centred"
        ``"centred"`` moves the columns of dense blocks to mean 0, ``"block"`` does not; then
        either divides each block by one number, so that its rows have a mean squared norm of 1.
        ``"standard"`` gives columns of dense blocks variance 1 first, as ConcatFusion does, for
        blocks whose columns have different units; the rows then differ between folds, and
        only the candidates of a search share products. None: blocks are taken as they are.
    class_weight : dict, "balanced" or None, default=None
        Factor on C for each class; ``"balanced"`` makes rare classes count as much as common ones.
    decision_function_shape : {"ovr", "ovo"}, default="ovr"
        Whether ``decision_function`` has a column for each class or for each pair of classes.
    break_ties : bool, default=False
        Whether ``predict`` decides between classes with equal votes by their decision values
        instead of taking the first.
    tol : float, default=1e-3
        Tolerance at which the solver stops.
    max_iter : int, default=-1
        Most iterations of the solver; -1 is no limit.
    max_gram_mib : float, default=2048
        Most memory for the kernel matrix, in MiB. It takes 8 bytes for each pair of training
        rows, so that the default is enough for 16,384 rows. Beyond it, fit raises an error.
    reuse_mib : float, default=1024
        Memory, in MiB, for rows and inner products that this process keeps after fit: 8 bytes
        for each pair of rows of the whole table in each block, enough for 3 blocks of 6,000
        rows. Products beyond it are computed anew in every fit. 0 keeps nothing.

    Attributes
    ----------
    svc_ : SVC
        The fitted scikit-learn model with ``kernel="precomputed"``. It takes kernel values with
        all training rows, while the head needs only those with the support vectors.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    weights_ : dict of str to float
        The weight of each block; 0 where no training row has it.
    kernel_ : FusedKernel
        The fused kernel, with the numbers that "scale" stands for.
    scales_ : dict of str to BlockScale
        Offset and factors of each block.
    support_vectors_ : dict of str to {ndarray, CSR} of shape (n_vectors, width)
        Support vectors in each block that has a weight, not scaled.
    support_present_ : ndarray of shape (n_vectors, n_blocks), dtype bool
        Which support vector has which of these blocks.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    See Also
    --------
    SVMClassifier : One kernel on the concatenation.
    WeightedFusion : The same weighting for any other head.

    Notes
    -----
    Products take time in rows squared times width, once per table; each fit then takes time in
    rows squared times blocks, and that of the solver. They are taken in float64, whatever the
    blocks hold, and sparse blocks are multiplied sparse. Whether they are looked up or computed
    changes values by rounding only. They belong to a process: with ``n_jobs`` each worker keeps
    its own. While a table grows by the new rows of a fold, its old products are held beside it.

    With one block, ``scale=None`` and RBF, coefficients come out with the bits of SVC, as libsvm
    rounds kernel values to float32; with other kernels decisions differ by less than 1e-6.

    One number scales a whole block. Columns of different units, such as age and income, want
    ``PerBlock({"table": StandardScaler()})`` before, or ``scale="standard"``.

    References
    ----------
    Gonen, M., Alpaydin, E. (2011). Multiple kernel learning algorithms. Journal of Machine
    Learning Research 12.
    Cortes, C., Mohri, M., Rostamizadeh, A. (2012). Algorithms for learning kernels based on
    centered alignment. Journal of Machine Learning Research 13.
    Aiolli, F., Donini, M. (2015). EasyMKL: a scalable multiple kernel learning algorithm.
    Neurocomputing 169.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import FeatureBlocks, MultiKernelSVC
    >>> generator = np.random.default_rng(0)
    >>> y = np.arange(80) % 2
    >>> blocks = FeatureBlocks({
    ...     "telling": y[:, None] + 0.2 * generator.normal(size=(80, 3)),
    ...     "noise": generator.normal(size=(80, 3)),
    ... })
    >>> head = MultiKernelSVC(weights="alignment").fit(blocks[:60], y[:60])
    >>> head.weights_["telling"] > 5 * head.weights_["noise"]
    True
    >>> head.score(blocks[60:], y[60:])
    1.0

    One fused RBF kernel, searched over the weight of a block:

    >>> from sklearn.model_selection import GridSearchCV
    >>> search = GridSearchCV(MultiKernelSVC(combination="product"), {
    ...     "weights": [{"noise": 0.0}, {"noise": 0.5}, {"noise": 1.0}], "C": [0.1, 1.0],
    ... }).fit(blocks, y)
    >>> search.best_params_["weights"]
    {'noise': 0.0}
    """

    def __init__(
        self,
        *,
        C: float = 1.0,
        combination: str = "sum",
        kernel: str | Mapping[str, str] = "rbf",
        weights: str | Mapping[str, float] | Sequence[float] = "uniform",
        gamma: str | float | Mapping[str, Any] = "scale",
        degree: int = 3,
        coef0: float = 0.0,
        scale: str | None = "centred",
        class_weight: dict[Any, float] | str | None = None,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        tol: float = 1e-3,
        max_iter: int = -1,
        max_gram_mib: float = 2048,
        reuse_mib: float = 1024,
    ) -> None:
        self.C = C
        self.combination = combination
        self.kernel = kernel
        self.weights = weights
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.scale = scale
        self.class_weight = class_weight
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.tol = tol
        self.max_iter = max_iter
        self.max_gram_mib = max_gram_mib
        self.reuse_mib = reuse_mib

    @as_fit_task
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from labelled rows.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features. An array is one block named ``features``.
        y : array-like of shape (n_rows,)
            Labels of any type.
        sample_weight : array-like of shape (n_rows,), default=None
            Factor on C for each row; at least one row of each class has one above 0.

        Returns
        -------
        self : MultiKernelSVC
            The fitted head.

        Raises
        ------
        ValueError
            If a parameter, the rows or the labels are not valid, there is only one class, or the
            kernel matrix is larger than `max_gram_mib`.
        """
        self._check_parameters()
        blocks = checked_blocks(self, X, reset=True)
        y = check_target(type(self).__name__, y, blocks, warn=True)
        check_classification_targets(y)
        self.classes_, codes = numbered(y)
        factors = row_weights(sample_weight, blocks)
        order = self._training_rows(codes, factors)
        self._check_memory(len(order))
        blocks = blocks[order]
        gram = self._learn_kernel(blocks, codes[order])
        svc = self._solver(y).fit(gram, y[order], None if factors is None else factors[order])
        self._keep_support(blocks, svc.support_)
        # Of all training rows in their own order, for those who give kernel values to `svc_`.
        svc.support_ = order[svc.support_].astype(np.int32)
        svc.shape_fit_, svc.n_features_in_ = (len(y), len(y)), len(y)
        self.svc_ = svc
        return self

    def _check_parameters(self) -> None:
        self._check_kernel_parameters()
        check_number("C", self.C, low=0, low_open=True)
        check_classifier(self)
        check_number("tol", self.tol, low=0, low_open=True)
        check_number("max_iter", self.max_iter, low=-1, integer=True)

    def _training_rows(self, codes: np.ndarray, factors: np.ndarray | None) -> np.ndarray:
        """Rows by class, which makes each one-vs-one problem a block of the kernel matrix."""
        order = np.argsort(codes, kind="stable")
        if factors is None:
            return order
        # libsvm would drop rows without weight and then name support vectors without counting them.
        order = order[factors[order] > 0]
        lost = np.setdiff1d(codes, codes[order])
        if len(lost):
            raise ValueError(
                f"No row of the class {self.classes_.tolist()[lost[0]]!r} has a sample_weight "
                "above 0."
            )
        return order

    def _solver(self, y: np.ndarray) -> SVC:
        class_weight = self.class_weight
        if class_weight == "balanced":  # over all rows, as in SVC, also those without weight
            numbers = compute_class_weight("balanced", classes=self.classes_, y=y)
            class_weight = dict(zip(self.classes_.tolist(), numbers.tolist(), strict=True))
        return SVC(
            kernel="precomputed",
            C=self.C,
            class_weight=class_weight,
            decision_function_shape=self.decision_function_shape,
            break_ties=self.break_ties,
            tol=self.tol,
            max_iter=self.max_iter,
            random_state=0,  # without it libsvm draws a seed, for nothing, from the global state
        )

    @property
    def _model(self) -> SVC:
        return self.svc_

    @property
    def n_iter_(self) -> np.ndarray:
        """Iterations of the solver, one number for each pair of classes."""
        return self.svc_.n_iter_

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute how far each row lies on the side of each class.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks, of the same widths, as in fit; those of FeatureBlocks in any order.

        Returns
        -------
        values : ndarray of shape (n_rows,), (n_rows, n_classes) or (n_rows, n_pairs)
            For two classes one value, positive for the second; otherwise one for each class or
            pair of classes, as `decision_function_shape` says.
        """
        values = self._decision_values(X)
        return shaped(values, len(self.classes_), self.svc_.decision_function_shape)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the label of each row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks, of the same widths, as in fit; those of FeatureBlocks in any order.

        Returns
        -------
        labels : ndarray of shape (n_rows,)
            The predicted labels.
        """
        values, n_classes = self._decision_values(X), len(self.classes_)
        if self.svc_.break_ties and n_classes > 2:
            return self.classes_[shaped(values, n_classes, "ovr").argmax(axis=1)]
        return self.classes_[votes(values, n_classes)]
