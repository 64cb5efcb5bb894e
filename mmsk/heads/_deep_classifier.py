"""A deep head for classes and labels."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags, check_consistent_length, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, is_multilabel

from mmsk._validation import check_choice, check_target
from mmsk.compose import FeatureBlocks
from mmsk.heads._deep_base import BaseDeepFusion, Listener


class DeepFusionClassifier(ClassifierMixin, BaseDeepFusion):
    """A neural network from blocks to classes or labels: fusion, hidden layers, probabilities.

    The blocks of a row are scaled, fused, and go through hidden layers; everything is trained at
    once. It takes two or more classes, whose probabilities are a softmax, or several labels for
    each row (a matrix of 0 and 1), which have a probability each. ``transform`` gives the last
    hidden layer, so that an SVM can be put on top.

    A missing block adds nothing to a row, and has no share. A block that no training row has
    counts as missing later, too. A row without any block is refused.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default=(1024, 512, 256)
        Widths of the hidden layers behind the fusion; ``()`` has none.
    fusion : {"concat", "weighted", "gated", "attention", "tensor", "joint"}, default="concat"
        How the blocks of a row become one vector. ``"concat"``: side by side, which is what there
        is to do with a plain matrix. ``"weighted"``: a sum with one learned share for each block.
        ``"gated"``, ``"attention"``, ``"tensor"``: as in GatedFusion, AttentionFusion and
        TensorFusion, with shares that differ from row to row, or with products between blocks.
        ``"joint"``: one encoder for all blocks brings them into one space, and the mean over the
        blocks of the row is taken: the same vector may come from any of them.
    n_components : int, default=None
        Width to which each block is projected before the fusion. None is 128, but for
        ``"concat"`` no projection: the first hidden layer sees all columns, as in any multi-layer
        perceptron.
    activation : {"relu", "gelu", "tanh", "logistic", "identity"}, default="relu"
        Function behind each hidden layer.
    dropout : float, default=0.0
        Chance in training that a hidden value is left out; 0.2 to 0.5 helps with few rows.
    modality_dropout : float, default=0.0
        Chance in training that a block is left out of a row that has it; one always stays. About
        0.2 prepares for more missing blocks than the training rows have.
    scale : {"standard", "block"} or None, default="standard"
        ``"standard"``: mean 0 and variance 1 for the columns of dense blocks. ``"block"``: one
        factor for a block, so that its columns have a mean square of 1. Either brings the values
        that a sparse block stores to a mean square of 1. None takes blocks as they are.
    class_weight : dict, "balanced" or None, default=None
        Factor on the loss of each class; ``"balanced"`` makes rare classes count as much as
        common ones. Not with several labels.
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
        How weights follow gradients; ``"sgd"`` has a momentum of 0.9 and wants a larger
        `learning_rate`.
    learning_rate : float, default=0.001
        Step size. Lower it where `history_` shows a loss that leaps.
    schedule : {"constant", "cosine"}, default="constant"
        Whether the step size stays, or falls to 0 over `max_epochs`.
    weight_decay : float, default=0.01
        Decay of the weights towards zero per step, as a share of the step size.
    max_gradient_norm : float, default=None
        Gradients with a greater norm are scaled down to it, 1.0 for instance, so that odd rows
        cannot make them explode. None never does, which saves a little time.
    batch_size : int or "auto", default="auto"
        Most rows per step. ``"auto"`` is an eighth of the rows, within 16 and 256.
    max_epochs : int, default=100
        Most passes over the training rows.
    early_stopping : bool or "auto", default="auto"
        Whether to hold rows out, to end training when their loss stops falling, and to keep the
        weights with which it was lowest. ``"auto"`` does so from 500 rows on, if
        every class can have one of them.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out. With ``early_stopping=True`` fewer
        rows than classes are an error. A class never loses its last row.
    n_iter_no_change : int, default=10
        Epochs without a lower loss of these rows after which training ends.
    precision : {"float32", "bfloat16"}, default="float32"
        Of products in training. ``"bfloat16"`` is faster on GPUs and CPUs that have it, and
        slower on others; weights and predictions stay float32.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit. The scales stay, too; blocks and
        classes must be the same.
    initial_weights : str or path, default=None
        A file of Checkpoint with the weights to begin from, of a head with the same layers,
        fusion and blocks. None draws them.
    callbacks : list of callable, default=None
        Each is called after every epoch with an object that has ``number`` (from 1), ``history``
        (as `history_`), ``is_best`` and ``weights()``, which gives the weights as arrays. An
        error in one ends training. Clones, as those of a search, have copies of them.
    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the order of the rows and what is left out. An int gives the same
        bits again on a CPU.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the network runs. ``"auto"`` is the first CUDA GPU, else the CPU.
    n_jobs : int, default=None
        Threads of torch on the CPU; None is 1, -1 all. The last bits depend on the number.

    Attributes
    ----------
    state_ : dict of str to ndarray
        The weights of the network.
    history_ : dict of str to list of float
        ``"loss"`` of each epoch (cross-entropy; with labels, its mean over them), and
        ``"validation_loss"`` where rows were held out.
    n_epochs_ : int
        Number of epochs that were run, in all calls where training went on.
    n_iter_ : int
        The same, by scikit-learn's name.
    loss_curve_ : list of float
        ``history_["loss"]``, by scikit-learn's name.
    classes_ : ndarray of shape (n_classes,)
        The classes; of labels their numbers.
    scales_ : dict of str to BlockScale
        Offset and factors of each block.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    See Also
    --------
    DeepFusionRegressor : The same for numbers.
    GatedFusion : Learns a fusion for another head.
    Checkpoint : Saves the weights while it trains.

    Notes
    -----
    Sparse blocks are multiplied sparse. Dense blocks are scaled once, into a float32 copy, where
    that takes less than 1 GiB. Ctrl-C in `fit` ends training with a warning, and keeps what was
    learned. A loss that is not finite any more is an error, which says what to lower.

    References
    ----------
    Ngiam, Khosla, Kim, Nam, Lee, Ng: Multimodal deep learning. ICML (2011).
    Arevalo, Solorio, Montes-y-Gomez, Gonzalez: Gated multimodal units for information fusion.
    ICLR workshop (2017).
    Loshchilov, Hutter: Decoupled weight decay regularization. ICLR (2019).

    Examples
    --------
    Only both blocks together tell the class:

    >>> import numpy as np
    >>> from mmsk import DeepFusionClassifier, FeatureBlocks
    >>> image, sound = np.random.default_rng(0).normal(size=(2, 400, 3)).astype(np.float32)
    >>> y = np.where(image[:, 0] * sound[:, 0] > 0, "same", "other")
    >>> blocks = FeatureBlocks({"image": image, "sound": sound})
    >>> head = DeepFusionClassifier((32,), fusion="gated", n_components=16, max_epochs=40,
    ...                             learning_rate=0.01, random_state=0)
    >>> bool(head.fit(blocks[:300], y[:300]).score(blocks[300:], y[300:]) > 0.85)
    True
    >>> head.predict_proba(blocks[:2]).shape, head.transform(blocks[:2]).shape
    ((2, 2), (2, 32))
    >>> head.modality_weights(blocks[:2]).sum(axis=1).round(3)
    array([1., 1.], dtype=float32)
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (1024, 512, 256),
        *,
        fusion: str = "concat",
        n_components: int | None = None,
        activation: str = "relu",
        dropout: float = 0.0,
        modality_dropout: float = 0.0,
        scale: str | None = "standard",
        class_weight: dict[Any, float] | str | None = None,
        optimizer: str = "adamw",
        learning_rate: float = 0.001,
        schedule: str = "constant",
        weight_decay: float = 0.01,
        max_gradient_norm: float | None = None,
        batch_size: int | str = "auto",
        max_epochs: int = 100,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        precision: str = "float32",
        warm_start: bool = False,
        initial_weights: str | PathLike[str] | None = None,
        callbacks: Sequence[Listener] | None = None,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            fusion=fusion,
            n_components=n_components,
            activation=activation,
            dropout=dropout,
            modality_dropout=modality_dropout,
            scale=scale,
            optimizer=optimizer,
            learning_rate=learning_rate,
            schedule=schedule,
            weight_decay=weight_decay,
            max_gradient_norm=max_gradient_norm,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            precision=precision,
            warm_start=warm_start,
            initial_weights=initial_weights,
            callbacks=callbacks,
            random_state=random_state,
            device=device,
            n_jobs=n_jobs,
        )
        self.class_weight = class_weight

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn from some more rows, in one pass over them.

        The first call learns the scales of the blocks, which then stay. Each call begins the
        running means of the optimizer anew, so that calls with many rows learn faster than many
        calls with few. No rows are held out.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features.
        y : array-like of shape (n_rows,) or (n_rows, n_labels)
            Labels of any type, or 0 and 1 for each of several labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed in the first call, unless `y` has 0 and 1 for
            each of several labels.
        sample_weight : array-like of shape (n_rows,), default=None
            Factors on the losses of the rows.

        Returns
        -------
        self : DeepFusionClassifier
            The head.

        Raises
        ------
        ValueError
            As in `fit`; if `classes` are missing in the first call, or are others than before;
            or with ``class_weight="balanced"``, which would need all rows.
        """
        self._check_parameters()
        if self.class_weight == "balanced":
            raise ValueError(
                f"class_weight={self.class_weight!r} needs the rows of all calls of partial_fit. "
                "Give a dict, or sample_weight."
            )
        self._check_announced(classes, y)
        return self._learn(X, y, sample_weight, continues=True, one_pass=True, classes=classes)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not isinstance(self.class_weight, dict):
            check_choice("class_weight", self.class_weight, [None, "balanced"])

    def _check_announced(self, classes: Any, y: Any) -> None:
        if not hasattr(self, "state_"):
            if classes is None and not is_multilabel(y):
                raise ValueError("classes must be passed on the first call to partial_fit.")
        elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
            raise ValueError(
                f"classes={np.unique(classes).tolist()} is not the same as on the first call to "
                f"partial_fit, {self.classes_.tolist()}."
            )

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class, or the labels, of each row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit, each missing in any row that has another.

        Returns
        -------
        classes : ndarray of shape (n_rows,) or (n_rows, n_labels)
            The most probable class; or 1 for each label that is more probable than not, else 0.
        """
        outputs = self._outputs(X)
        if self._multilabel:
            return (outputs > 0).astype(np.int64)
        return self.classes_[outputs.argmax(axis=1)]

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute how much speaks for each class or label.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        values : ndarray of shape (n_rows,), (n_rows, n_classes) or (n_rows, n_labels)
            Logarithms of odds for two classes, positive for the second, and for labels; else
            the logarithms of the probabilities up to a constant of each row.
        """
        outputs = self._outputs(X)
        if len(self.classes_) == 2 and not self._multilabel:
            return outputs[:, 1] - outputs[:, 0]
        return outputs

    def predict_proba(self, X: Any) -> np.ndarray:
        """Estimate the probability of each class or label.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes) or (n_rows, n_labels)
            Rows sum to 1 over classes; each label has its own probability.
        """
        outputs = self._outputs(X).astype(np.float64)
        return expit(outputs) if self._multilabel else softmax(outputs, axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Estimate the logarithm of the probability of each class or label.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit.

        Returns
        -------
        log_probabilities : ndarray of shape (n_rows, n_classes) or (n_rows, n_labels)
            Logarithms of the probabilities; finite also where these are rounded to 0.
        """
        outputs = self._outputs(X).astype(np.float64)
        return log_expit(outputs) if self._multilabel else log_softmax(outputs, axis=1)

    @property
    def _loss(self) -> str:
        return "labels" if self._multilabel else "classes"

    @property
    def _n_outputs(self) -> int:
        return len(self.classes_)

    def _check_target(self, y: Any, blocks: FeatureBlocks) -> np.ndarray:
        if y is None or not is_multilabel(y):
            y = check_target(type(self).__name__, y, blocks, warn=True)
            check_classification_targets(y)
            return y
        if self.class_weight is not None:
            raise ValueError(
                f"class_weight={self.class_weight!r} weighs classes, but y has several labels for "
                "each row. Use sample_weight."
            )
        check_consistent_length(blocks, y)
        return y.toarray() if sparse.issparse(y) else np.asarray(y)

    def _learn_target(self, y: np.ndarray, weight: np.ndarray, classes: Any) -> None:
        self._multilabel = y.ndim == 2
        if self._multilabel:
            self.classes_ = np.arange(y.shape[1])
            return
        self.classes_ = np.unique(y if classes is None else classes)
        told_apart = self.classes_ if classes is not None else np.unique(y[weight > 0])
        if len(told_apart) < 2:
            raise ValueError(
                f"y holds 1 class, {told_apart.tolist()[0]!r}: {type(self).__name__} learns from "
                "what tells two or more apart. Only rows of a weight above 0 count."
            )

    def _encode(self, y: np.ndarray) -> np.ndarray:
        if self._multilabel != (y.ndim == 2) or (y.ndim == 2 and y.shape[1] != self._n_outputs):
            raise ValueError(
                f"y has the shape {y.shape}, but training goes on with {self._n_outputs} "
                f"{'labels' if self._multilabel else 'classes'}."
            )
        if self._multilabel:
            return y
        known = np.isin(y, self.classes_)
        if not known.all():
            raise ValueError(
                f"y holds {y[~known].tolist()[0]!r}, which is not one of the classes "
                f"{self.classes_.tolist()} that training goes on with."
            )
        return np.searchsorted(self.classes_, y)

    def _weighed(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        if self.class_weight is None:
            return weight
        here = np.unique(y[weight > 0])
        factors = compute_class_weight(
            self.class_weight, classes=here, y=y[weight > 0], sample_weight=weight[weight > 0]
        )
        of_class = dict(zip(here.tolist(), factors, strict=True))
        return weight * np.array([of_class.get(label, 0.0) for label in y.tolist()])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
