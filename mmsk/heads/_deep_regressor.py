"""A deep head for numbers."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import Tags, check_array, check_consistent_length

from mmsk._validation import check_target
from mmsk.compose import FeatureBlocks
from mmsk.heads._deep_base import BaseDeepFusion, Listener


class DeepFusionRegressor(RegressorMixin, BaseDeepFusion):
    """A neural network from blocks to one or more numbers: fusion and hidden layers.

    The blocks of a row are scaled, fused, and go through hidden layers; everything is trained at
    once, on the squared error of targets that are brought to mean 0 and variance 1. ``transform``
    gives the last hidden layer, so that another head can be put on top.

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
        weights with which it was lowest. ``"auto"`` does so from 500 rows on.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping holds out. With ``early_stopping=True`` none
        is an error.
    n_iter_no_change : int, default=10
        Epochs without a lower loss of these rows after which training ends.
    precision : {"float32", "bfloat16"}, default="float32"
        Of products in training. ``"bfloat16"`` is faster on GPUs and CPUs that have it, and
        slower on others; weights and predictions stay float32.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit. The scales stay, too; blocks and
        the number of outputs must be the same.
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
        ``"loss"`` of each epoch (squared error in variances of `y`), and
        ``"validation_loss"`` where rows were held out.
    n_epochs_ : int
        Number of epochs that were run, in all calls where training went on.
    n_iter_ : int
        The same, by scikit-learn's name.
    loss_curve_ : list of float
        ``history_["loss"]``, by scikit-learn's name.
    target_mean_ : ndarray of shape (n_outputs,)
        Mean of the targets.
    target_scale_ : ndarray of shape (n_outputs,)
        Their standard deviation; 1 where a target does not vary.
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
    DeepFusionClassifier : The same for classes and labels.
    Checkpoint : Saves the weights while it trains.

    Notes
    -----
    Sparse blocks are multiplied sparse. Dense blocks are scaled once, into a float32 copy, where
    that takes less than 1 GiB. Ctrl-C in `fit` ends training with a warning, and keeps what was
    learned. A loss that is not finite any more is an error, which says what to lower.

    References
    ----------
    Ngiam, Khosla, Kim, Nam, Lee, Ng: Multimodal deep learning. ICML (2011).
    Loshchilov, Hutter: Decoupled weight decay regularization. ICLR (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import DeepFusionRegressor, FeatureBlocks
    >>> image, sound = np.random.default_rng(0).normal(size=(2, 400, 3)).astype(np.float32)
    >>> y = 50 + 10 * np.tanh(image[:, 0] * sound[:, 0])
    >>> blocks = FeatureBlocks({"image": image, "sound": sound})
    >>> head = DeepFusionRegressor((32,), fusion="tensor", n_components=16, max_epochs=40,
    ...                            learning_rate=0.01, random_state=0)
    >>> bool(head.fit(blocks[:300], y[:300]).score(blocks[300:], y[300:]) > 0.7)
    True
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

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from some more rows, in one pass over them.

        The first call learns the scales of the blocks and of the targets, which then stay. Each
        call begins the running means of the optimizer anew, so that calls with many rows learn
        faster than many calls with few. No rows are held out.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The features.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_rows,), default=None
            Factors on the losses of the rows.

        Returns
        -------
        self : DeepFusionRegressor
            The head.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        self._check_parameters()
        return self._learn(X, y, sample_weight, continues=True, one_pass=True)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets of each row.

        Parameters
        ----------
        X : FeatureBlocks, DataFrame with ``block__feature`` columns, or 2-D array or CSR
            The same blocks as in fit, each missing in any row that has another.

        Returns
        -------
        values : ndarray of shape (n_rows,) or (n_rows, n_outputs), dtype float64
            The predicted targets, of the shape that they had in fit.
        """
        values = self._outputs(X) * self.target_scale_ + self.target_mean_
        return values if self._several else values[:, 0]

    @property
    def _loss(self) -> str:
        return "numbers"

    @property
    def _n_outputs(self) -> int:
        return len(self.target_mean_)

    def _check_target(self, y: Any, blocks: FeatureBlocks) -> np.ndarray:
        shape = np.asarray(y).shape
        if len(shape) < 2 or shape[1] == 1:
            return check_target(type(self).__name__, y, blocks, warn=True).astype(np.float64)
        check_consistent_length(blocks, y)
        return check_array(y, dtype=np.float64, input_name="y")

    def _learn_target(self, y: np.ndarray, weight: np.ndarray, classes: Any) -> None:
        self._several = y.ndim == 2
        columns = y.reshape(len(y), -1)
        self.target_mean_ = np.average(columns, axis=0, weights=weight)
        spread = np.sqrt(np.average((columns - self.target_mean_) ** 2, axis=0, weights=weight))
        # A target that varies by rounding alone is a constant.
        varies = spread > 1e-12 * np.abs(self.target_mean_)
        self.target_scale_ = np.where(varies, spread, 1.0)

    def _encode(self, y: np.ndarray) -> np.ndarray:
        if self._several != (y.ndim == 2) or y[0].size != self._n_outputs:
            raise ValueError(
                f"y has the shape {y.shape}, but training goes on with {self._n_outputs} "
                f"output{'s' * (self._n_outputs > 1)}."
            )
        return (y.reshape(len(y), -1) - self.target_mean_) / self.target_scale_

    def _weighed(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return weight

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
