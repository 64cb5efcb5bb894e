"""Sequences to rows by a recurrent network that is trained with the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._validation import check_choice, check_number
from mmsk.encoders._sequences import SequenceEncoder
from mmsk.encoders._supervised import SupervisedEncoder

if TYPE_CHECKING:
    from torch import nn


class RecurrentEncoder(SequenceEncoder, SupervisedEncoder):
    """Encode sequences by an LSTM or GRU that is trained with the target.

    For texts, sounds, sensor series and frames of video: the network reads a sequence in the
    order of time, in one direction or both, and its states are pooled to one row. Training puts
    a linear model of the target behind that row; what `transform` gives is the row, for any
    head, or the scores of that linear model.

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
    cell : {"lstm", "gru"}, default="lstm"
        Kind of layer. A GRU has a quarter fewer weights; on a CPU the LSTM is faster.
    n_layers : int, default=1
        Number of layers.
    hidden_size : int, default=64
        Width of the state of each direction.
    bidirectional : bool, default=True
        Whether each layer also runs from the end to the start.
    pooling : {"attention", "mean", "max", "last"}, default="attention"
        How the states become one row. ``"attention"``: weighted by learned scores; ``"last"``: the
        state after the last frame, of the backward direction that after the first.
    embedding_size : int, default=64
        Width of the vectors of words; used for words only.
    dropout : float, default=0.2
        Chance in training that a value is left out: of word vectors, between layers, and of the
        pooled states.
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
    TemporalConvEncoder : Convolutions over time, which do not wait for the frame before.
    SequenceAutoEncoder : Learns without a target.

    Notes
    -----
    Sequences of unequal length are computed side by side, padded at their end; nothing of a row
    comes from its padding, so that it does not depend on the other rows of its batch beyond
    rounding (1e-6).

    A missing cell gives a NaN row. A ``FeatureUnion`` of two encoders puts their rows side by
    side: parallel branches over the same sequence.

    References
    ----------
    .. [1] S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation, 1997.
    .. [2] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", EMNLP 2014.
    .. [3] Z. Yang et al., "Hierarchical attention networks for document classification",
       NAACL 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import RecurrentEncoder
    >>> generator = np.random.default_rng(0)
    >>> steps = [generator.normal(size=length) for length in [9, 20, 14, 30] * 5]
    >>> rising = [np.cumsum(step + 1) for step in steps]
    >>> falling = [np.cumsum(step - 1) for step in steps]
    >>> encoder = RecurrentEncoder(8, hidden_size=8, output="scores", random_state=0)
    >>> encoder.fit(rising + falling, ["up"] * 20 + ["down"] * 20).classes_.tolist()
    ['down', 'up']
    >>> encoder.transform([np.arange(25.0), None]).round()
    array([[ 0.,  1.],
           [nan, nan]], dtype=float32)
    """

    def __init__(
        self,
        n_components: int = 64,
        *,
        sequence: Any = "series",
        cell: str = "lstm",
        n_layers: int = 1,
        hidden_size: int = 64,
        bidirectional: bool = True,
        pooling: str = "attention",
        embedding_size: int = 64,
        dropout: float = 0.2,
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
        self.cell = cell
        self.n_layers = n_layers
        self.hidden_size = hidden_size
        self.bidirectional = bidirectional
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
        check_choice("cell", self.cell, ["lstm", "gru"])
        check_number("n_layers", self.n_layers, low=1, integer=True)
        check_choice("bidirectional", self.bidirectional, [True, False])

    def _layers(self, width_in: int) -> nn.Module:
        from mmsk._nets.recurrent import Recurrent

        return Recurrent(
            width_in,
            self.hidden_size,
            n_layers=self.n_layers,
            cell=self.cell,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
        )
