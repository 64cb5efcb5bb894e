"""Sequences to codes by a recurrent network that learns to rebuild them, without a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._validation import check_choice, check_number
from mmsk.encoders._auto_encoder import AutoEncoder
from mmsk.encoders._sequences import SequenceEncoder

if TYPE_CHECKING:
    from torch import nn


class SequenceAutoEncoder(SequenceEncoder, AutoEncoder):
    """Encode sequences by a recurrent network that learns to rebuild them, without a target.

    An encoder reads the sequence and gives a code of few numbers; a decoder unrolls the code
    into a sequence of the same length, last frame first. Both are trained to make the difference
    small, so that the code says what the sequence was like. Cells without labels help to learn.

    Parameters
    ----------
    n_components : int, default=32
        Width of the codes.
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
        Number of layers of the encoder; the decoder has one.
    hidden_size : int, default=64
        Width of the state of the decoder, and of each direction of the encoder.
    bidirectional : bool, default=True
        Whether each layer of the encoder also runs from the end to the start.
    pooling : {"attention", "mean", "max", "last"}, default="last"
        How the states become one row before the code. ``"last"``: the state after the last
        frame, of the backward direction that after the first.
    embedding_size : int, default=64
        Width of the vectors of words; used for words only.
    dropout : float, default=0.0
        Chance in training that a value is left out: of word vectors, between layers, and of the
        pooled states.
    max_length : int, default=1000
        Longer sequences are cut to this many frames or words, the first ones. It bounds time and
        memory.
    learning_rate : float, default=0.003
        Step size of AdamW; it falls to zero over the epochs by half a cosine.
    weight_decay : float, default=0.01
        Decay of matrices towards zero, as a share of the step size.
    batch_size : int or "auto", default=32
        Cells per step; ``"auto"`` is an eighth of them, from 16 to 256. Also how many are computed
        at once later, which changes rounding only.
    max_epochs : int, default=100
        Most passes over the cells.
    early_stopping : bool or "auto", default=False
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

    Raises
    ------
    ReadError
        If a cell cannot be read, holds an infinite value or a channel without any value, or has
        other channels than fit saw; it names the row.
    ValueError
        If a parameter is not accepted or the loss does not stay finite.

    See Also
    --------
    RecurrentEncoder : Learns with a target, mostly better where there are labels.

    Notes
    -----
    The loss is the mean squared error of the standardized frames, where 1 is as good as knowing
    nothing, or the mean cross-entropy of the words.

    Sequences of unequal length are computed side by side, padded at their end; nothing of a row
    comes from its padding, so that it does not depend on the other rows of its batch beyond
    rounding (1e-6).

    References
    ----------
    .. [1] N. Srivastava, E. Mansimov, R. Salakhutdinov, "Unsupervised learning of video
       representations using LSTMs", ICML 2015.

    Examples
    --------
    The code of a sine tells how fast it is:

    >>> import numpy as np
    >>> from mmsk import SequenceAutoEncoder
    >>> speeds = np.linspace(0.1, 0.5, 40)
    >>> sines = [np.sin(speed * np.arange(20)) for speed in speeds]
    >>> encoder = SequenceAutoEncoder(2, hidden_size=16, random_state=0, learning_rate=0.01)
    >>> codes = encoder.fit_transform(sines)
    >>> codes.shape
    (40, 2)
    >>> from sklearn.linear_model import LinearRegression
    >>> bool(LinearRegression().fit(codes, speeds).score(codes, speeds) > 0.8)
    True
    """

    def __init__(
        self,
        n_components: int = 32,
        *,
        sequence: Any = "series",
        cell: str = "lstm",
        n_layers: int = 1,
        hidden_size: int = 64,
        bidirectional: bool = True,
        pooling: str = "last",
        embedding_size: int = 64,
        dropout: float = 0.0,
        max_length: int = 1000,
        learning_rate: float = 0.003,
        weight_decay: float = 0.01,
        batch_size: int | str = 32,
        max_epochs: int = 100,
        early_stopping: bool | str = False,
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

    def _make_whole(self) -> nn.Module:
        from mmsk._nets.sequence_networks import SequenceRebuilder

        width = self._n_words() if self._is_of_words else self.n_channels_
        # A code at its bounds hardly learns any more; no linear model behind it needs bounds.
        encode = self._make_network(bounded=False)
        return SequenceRebuilder(encode, self.n_components, self.hidden_size, width, self.cell)
