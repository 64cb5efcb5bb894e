"""Pictures by a network that learns to draw them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._device import resolve_device
from mmsk.encoders._auto_encoder import AutoEncoder
from mmsk.encoders._conv import check_channels
from mmsk.encoders._pictures import ReadsPictures, channel_statistics
from mmsk.image import ImageReader

if TYPE_CHECKING:
    from torch import nn

    from mmsk._nets.training import Training


class ImageAutoEncoder(ReadsPictures, AutoEncoder):
    """Encode pictures by few numbers from which a second network can draw them again.

    It learns without a target, from the pictures alone: a convolutional network makes each a
    code, another one makes the code a picture, and both learn to lessen the squared error. A
    class that shows in a few bold strokes shows in the code; one that hangs on a small detail may
    be lost.

    Parameters
    ----------
    n_components : int, default=64
        Length of the code. Fewer numbers hold coarser pictures.
    channels : sequence of int, default=(32, 64, 128)
        Channels of each stage of the first network, each on half the size of the one before; the
        second one takes them in reverse. The time of training grows with the square.
    image_size : int or pair of int, default=64
        Size of what the network sees in pixels: the side of a square, or (height, width). Whole
        pictures are resized to it.
    color_space : {"rgb", "grey"}, default="rgb"
        Whether the network sees colours.
    learning_rate : float, default=1e-3
        Step size. It falls to zero over `max_epochs` by half a cosine.
    weight_decay : float, default=0.01
        Decay of the weights, as a share of the step size.
    batch_size : int or "auto", default=32
        Pictures per step. ``"auto"`` is an eighth of them, from 16 to 256.
    max_epochs : int, default=30
        Most passes over the pictures.
    early_stopping : {"auto", True, False}, default="auto"
        Whether rows are held out, training ends when their error falls no longer, and the best
        weights are kept. ``"auto"`` does with 500 pictures or more.
    validation_fraction : float, default=0.1
        Share of the rows to hold out.
    n_iter_no_change : int, default=10
        Passes without a lower error after which training ends.
    random_state : int, RandomState or None, default=None
        Of the weights and the order. On a CPU, an int gives the same bits in every fit.
    reader : ImageReader, default=None
        Reads the cells, with limits and a background colour. None is ``ImageReader()``.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell ends the pass or becomes a missing one, with a warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.
    n_jobs : int, default=None
        Threads that read, and that torch computes with; None is 1, -1 all CPUs. Another number
        may change the last bits.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the network learns and runs. ``"auto"`` is a CUDA GPU where there is one.

    Attributes
    ----------
    mean_ : tuple of float
        Mean of each channel of the training pictures, on the scale 0..1.
    std_ : tuple of float
        Standard deviation likewise.
    state_ : dict of str to ndarray
        The weights of both networks.
    history_ : dict of str to list of float
        ``"loss"`` of each epoch, and ``"validation_loss"`` where rows are held out: the squared
        error as a share of the variance of all pixels.
    n_epochs_ : int
        Number of passes over the pictures.

    See Also
    --------
    ConvEncoder : Learns with a target.

    References
    ----------
    Masci, J. et al. (2011). Stacked convolutional auto-encoders for hierarchical feature
    extraction. ICANN.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.encoders import ImageAutoEncoder
    >>> random = np.random.default_rng(0)
    >>> ramps = [np.outer(np.linspace(*random.uniform(size=2), 8), np.ones(8)) for _ in range(40)]
    >>> encoder = ImageAutoEncoder(
    ...     2, channels=(8, 16), image_size=8, color_space="grey",
    ...     learning_rate=0.01, batch_size=8, max_epochs=20, random_state=0,
    ... )
    >>> encoder.fit_transform([*ramps, None]).shape
    (41, 2)
    >>> encoder.history_["loss"][-1] < 0.2 * encoder.history_["loss"][0]
    True
    """

    def __init__(
        self,
        n_components: int = 64,
        *,
        channels: Sequence[int] = (32, 64, 128),
        image_size: int | Sequence[int] = 64,
        color_space: str = "rgb",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.01,
        batch_size: int | str = 32,
        max_epochs: int = 30,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        random_state: int | np.random.RandomState | None = None,
        reader: ImageReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        n_jobs: int | None = None,
        device: str = "auto",
    ) -> None:
        self.n_components = n_components
        self.channels = channels
        self.image_size = image_size
        self.color_space = color_space
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.n_jobs = n_jobs
        self.device = device

    def _check_leaf_parameters(self) -> None:
        check_channels(self.channels)
        self._check_pictures()
        resolve_device(self.device)

    def _learn_from(self, samples: list[np.ndarray]) -> None:
        self.mean_, self.std_ = channel_statistics(samples)

    def _how(self, n_rows: int, **other: Any) -> Training:
        return super()._how(n_rows, schedule="cosine", **other)

    def _make_whole(self) -> nn.Module:
        from mmsk._nets.conv import ConvAutoEncoder

        size = self._size()
        return ConvAutoEncoder(self.channels, self.n_components, *size, self.mean_, self.std_)
