"""Sequences to rows by convolutions over time that are trained with the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._validation import check_number
from mmsk.encoders._sequences import SequenceEncoder
from mmsk.encoders._supervised import SupervisedEncoder

if TYPE_CHECKING:
    from torch import nn


class TemporalConvEncoder(SequenceEncoder, SupervisedEncoder):
    """Encode sequences by a temporal convolutional network (TCN) trained with the target.

    Residual blocks of two causal convolutions each, whose dilation doubles from block to block::

        block 3     o . . . o . . . o     dilation 4
        block 2     . . o . o . o . o     dilation 2
        block 1     . . . . . . o o o     dilation 1

    A value of the last block looks back over ``1 + 2 (kernel_size - 1) (2**n_blocks - 1)`` frames.
    The values are pooled over time to one row. Training puts a linear model of the target behind
    that row; what `transform` gives is the row, for any head, or the scores of that linear model.

    Parameters
    ----------
    n_components : int, default=64
        Width of the rows.
    sequence : {"series", "words"} or estimator, default="series"
        What a cell is, and how it becomes a sequence. ``"series"``: arrays (time,) or (time,
        channels), tables and files, as ``SeriesReader()`` reads them; embeddings of the frames
        of a video are such arrays. ``"words"``: texts, as ``WordReader()`` splits them; each
        word gets a vector that is learned. A ``SeriesReader`` or ``WordReader`` with other
        parameters; or an extractor with a method ``frames(cell)`` that gives shape (n_values,
        n_frames), such as ``MFCC()`` or ``LogMelEmbedder()`` for sounds. The parameters of an
        estimator can be searched, as ``sequence__n_mels``.
    n_blocks : int, default=3
        Number of blocks; each doubles how far a value looks back.
    hidden_size : int, default=64
        Number of channels in each block.
    kernel_size : int, default=5
        Frames that a convolution looks at.
    pooling : {"attention", "mean", "max", "last"}, default="max"
        How the values become one row: the largest of each channel finds what happens anywhere;
        ``"attention"`` weights the frames by learned scores; ``"last"`` is the last frame.
    embedding_size : int, default=64
        Width of the vectors of words; used for words only.
    dropout : float, default=0.1
        Chance in training that a channel is left out behind a convolution, or a value of word
        vectors and of the pooled row.
    max_length : int, default=1000
        Longer sequences are cut to this many frames or words, the first ones. It bounds time and
        memory.
    output : {"features", "scores"}, default="features"
        ``"features"``: `n_components` values between -1 and 1, the layer before the last.
        ``"scores"``: the probability of each class, or the real target.
    learning_rate : float, default=0.003
        Step size of AdamW; it falls to zero over the epochs by half a cosine.
    weight_decay : float, default=0.01
        Decay of matrices towards zero, as a share of the step size.
    batch_size : int or "auto", default=32
        Cells per step; ``"auto"`` is an eighth of them, from 16 to 256. Also how many are computed
        at once later, which changes rounding only.
    max_epochs : int, default=40
        Most passes over the cells.
    early_stopping : bool or "auto", default="auto"
        Whether to hold out a share of the cells and keep the weights that do best on it. ``"auto"``
        does so from 500 cells on.
    validation_fraction : float, default=0.1
        The share that is held out.
    n_iter_no_change : int, default=10
        Passes without a lower loss of the cells held out after which training ends.
    random_state : int, RandomState or None, default=None
        For everything that is drawn; on a CPU an int gives the same bits in every fit.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the network is computed; ``"auto"`` is a CUDA GPU where there is one.
    n_jobs : int, default=None
        Threads that read cells, and threads of torch; None is 1, -1 all CPUs.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell, or one with other channels than most, ends the pass or becomes
        a missing one, with a warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.

    Attributes
    ----------
    n_channels_ : int or None
        Number of channels of the frames; None for words.
    channels_ : tuple of str or None
        Names of the channels, for series that have them.
    mean_ : ndarray of shape (n_channels,) or None
        Mean of each channel over all training frames; None for words.
    std_ : ndarray of shape (n_channels,) or None
        Standard deviation likewise; frames are standardized by both.
    words_ : ndarray of str or None
        The vocabulary; None for frames.
    state_ : dict of str to ndarray
        The weights.
    history_ : dict of str to list of float
        ``"loss"`` of each epoch, and ``"validation_loss"`` where cells are held out.
    n_epochs_ : int
        Number of epochs.
    classes_ : ndarray or None
        The labels, sorted; None for a real target.
    target_mean_ : float
        Mean of a real target, 0 for labels.
    target_deviation_ : float
        Standard deviation of a real target, 1 for labels.

    Raises
    ------
    ReadError
        If a cell cannot be read, holds an infinite value or a channel without any value, or has
        other channels than fit saw; it names the row.
    ValueError
        If a parameter is not accepted, y does not fit, or the loss does not stay finite.

    See Also
    --------
    RecurrentEncoder : Remembers without a limit of time.

    Notes
    -----
    Sequences of unequal length are computed side by side, padded at their end; nothing of a row
    comes from its padding, so that it does not depend on the other rows of its batch beyond
    rounding (1e-6).

    A missing cell gives a NaN row. A ``FeatureUnion`` of two encoders puts their rows side by
    side: parallel branches over the same sequence.

    References
    ----------
    .. [1] S. Bai, J. Z. Kolter, V. Koltun, "An empirical evaluation of generic convolutional and
       recurrent networks for sequence modeling", arXiv:1803.01271, 2018.

    Examples
    --------
    A pulse somewhere, or none:

    >>> import numpy as np
    >>> from mmsk import TemporalConvEncoder
    >>> noise = 0.1 * np.random.default_rng(0).normal(size=(40, 30))
    >>> pulses = noise + (np.arange(30) == np.arange(40)[:, None] % 30)
    >>> encoder = TemporalConvEncoder(
    ...     8, n_blocks=2, hidden_size=8, output="scores", random_state=0
    ... )
    >>> encoder.fit([*noise, *pulses], ["flat"] * 40 + ["pulse"] * 40).classes_.tolist()
    ['flat', 'pulse']
    >>> encoder.transform([np.eye(1, 50, 31)[0], None]).round()
    array([[ 0.,  1.],
           [nan, nan]], dtype=float32)
    """

    def __init__(
        self,
        n_components: int = 64,
        *,
        sequence: Any = "series",
        n_blocks: int = 3,
        hidden_size: int = 64,
        kernel_size: int = 5,
        pooling: str = "max",
        embedding_size: int = 64,
        dropout: float = 0.1,
        max_length: int = 1000,
        output: str = "features",
        learning_rate: float = 0.003,
        weight_decay: float = 0.01,
        batch_size: int | str = 32,
        max_epochs: int = 40,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        random_state: int | np.random.RandomState | None = None,
        device: str = "auto",
        n_jobs: int | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
    ) -> None:
        self.n_components = n_components
        self.sequence = sequence
        self.n_blocks = n_blocks
        self.hidden_size = hidden_size
        self.kernel_size = kernel_size
        self.pooling = pooling
        self.embedding_size = embedding_size
        self.dropout = dropout
        self.max_length = max_length
        self.output = output
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.device = device
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction

    def _check_leaf_parameters(self) -> None:
        super()._check_leaf_parameters()
        check_number("n_blocks", self.n_blocks, low=1, integer=True)
        check_number("kernel_size", self.kernel_size, low=2, integer=True)

    def _layers(self, width_in: int) -> nn.Module:
        from mmsk._nets.temporal_convolution import TemporalConvolutions

        widths = [self.hidden_size] * self.n_blocks
        return TemporalConvolutions(
            width_in, widths, kernel_size=self.kernel_size, dropout=self.dropout
        )
