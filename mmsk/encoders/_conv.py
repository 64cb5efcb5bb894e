"""Pictures by a network that learns from them: from scratch, or where a trained one goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk._device import resolve_device
from mmsk._validation import check_number
from mmsk.encoders._pictures import ReadsPictures, channel_statistics
from mmsk.encoders._supervised import SupervisedEncoder
from mmsk.image import ImageAugmenter, ImageReader
from mmsk.image._base import channel_values, read_pixels

if TYPE_CHECKING:
    from torch import nn

    from mmsk._nets.backbones import Preset
    from mmsk._nets.fine_tuned import FineTuning
    from mmsk._nets.training import Training

SIDE_FROM_SCRATCH = 64


class ConvEncoder(ReadsPictures, SupervisedEncoder):
    """Encode pictures by a convolutional network that learns with the target.

    Without `backbone`, a small network learns from scratch: one convolution of 3 x 3, batch
    normalization and rectifier per stage, each stage on half the size of the one before, and at
    the end the mean over the map. It takes some hundred pictures or more, small ones above all.
    With `backbone`, a trained network of torchvision learns further: its last stages, slowly, and
    the rest stays as it is. It takes fewer pictures, of the kind that one takes with a camera.

    Either ends in a dense layer, whose output is the row, and in training in a linear model of
    the target behind it.

    Parameters
    ----------
    n_components : int, default=128
        Number of features.
    output : {"features", "scores"}, default="features"
        Whether rows are the layer before the linear model, or what this makes of it: the
        probability of each class, or the real target.
    backbone : str, default=None
        Name of a classification network of torchvision, as for `CNNEmbedder`. None learns from
        scratch.
    weights : str, path or None, default="DEFAULT"
        With `backbone`, the weights that it begins with, as for `CNNEmbedder`. After fit they
        are no longer needed: all weights are kept.
    n_stages_trained : int, default=1
        With `backbone`, how many of its last stages learn further; 0 trains only what comes
        behind. Stages are the blocks that follow one another, such as ``layer1`` to ``layer4``
        of a ResNet, or the 19 parts of ``features`` of MobileNetV2. Each costs time, and more of
        them fit more closely to what is there.
    backbone_learning_rate : float, default=1e-4
        With `backbone`, the step size of its stages that learn further.
    channels : sequence of int, default=(32, 64, 128)
        Without `backbone`, the channels of each stage. The time of training grows with the
        square; each stage more sees twice as far.
    image_size : int or pair of int, default=None
        Size of what the network sees in pixels: the side of a square, or (height, width). Whole
        pictures are resized to it. With `backbone` it is a square, and the middle is cut out, as
        for `CNNEmbedder`. None is 64, or what belongs to the weights. The time grows with the
        square.
    color_space : {"rgb", "grey"}, default="rgb"
        Whether the network sees colours. With `backbone` only ``"rgb"``, to which grey pictures
        are converted.
    mean, std : float or sequence of float, default=None
        Normalization of each channel, on the scale 0..1. None takes what the training pictures
        have; with `backbone`, what belongs to the weights.
    augmenter : ImageAugmenter, default=None
        How pictures are changed in training, each anew in every epoch. None leaves them, which
        suits where each training picture is one that will be seen again.
    dropout : float, default=0.2
        Share of the features that are left out in training.
    learning_rate : float, default=1e-3
        Step size. It falls to zero over `max_epochs` by half a cosine, and the other one with it.
    weight_decay : float, default=0.01
        Decay of the weights that learn, as a share of the step size.
    batch_size : int or "auto", default=32
        Pictures per step. ``"auto"`` is an eighth of them, from 16 to 256.
    max_epochs : int, default=30
        Most passes over the pictures.
    early_stopping : {"auto", True, False}, default="auto"
        Whether rows are held out, training ends when their loss falls no longer, and the best
        weights are kept. ``"auto"`` does with 500 pictures or more.
    validation_fraction : float, default=0.1
        Share of the rows to hold out.
    n_iter_no_change : int, default=10
        Passes without a lower loss after which training ends.
    random_state : int, RandomState or None, default=None
        Of the weights, the order, dropout and augmentation. On a CPU, an int gives the same bits
        in every fit.
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
    classes_ : ndarray of shape (n_classes,) or None
        The labels; None for a real target.
    target_mean_ : float
        Mean of a real target, 0 for labels.
    target_deviation_ : float
        Standard deviation of a real target, 1 for labels.
    mean_ : tuple of float
        Mean of each channel, which is normalized by it.
    std_ : tuple of float
        Standard deviation likewise.
    state_ : dict of str to ndarray
        All weights, also those that did not learn.
    history_ : dict of str to list of float
        ``"loss"`` of each epoch, and ``"validation_loss"`` where rows are held out.
    n_epochs_ : int
        Number of passes over the pictures.

    See Also
    --------
    CNNEmbedder : The trained network as it is, whose rows are computed once and kept.
    ImageAutoEncoder : Learns without a target.
    ImageAugmenter : The changes, and how strong they are.

    Notes
    -----
    Batch normalization uses the statistics of a batch in training only. Later, those collected in
    training serve, and a row depends on its picture alone. All stages of a `backbone` keep the
    statistics that they came with; of those that learn, scale and shift change.

    The training pictures are held in memory at the size that the network sees, one byte a channel.

    References
    ----------
    LeCun, Y. et al. (1998). Gradient-based learning applied to document recognition. Proc. IEEE.

    Ioffe, S. and Szegedy, C. (2015). Batch normalization: accelerating deep network training by
    reducing internal covariate shift. ICML.

    Yosinski, J. et al. (2014). How transferable are features in deep neural networks? NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.encoders import ConvEncoder
    >>> random = np.random.default_rng(0)
    >>> lying = [np.tile(random.uniform(size=(12, 1)), (1, 12)) for _ in range(20)]
    >>> upright = [stripes.T for stripes in lying]
    >>> y = ["lying"] * 20 + ["upright"] * 20
    >>> encoder = ConvEncoder(
    ...     8, output="scores", channels=(8, 16), image_size=12, color_space="grey",
    ...     learning_rate=0.01, batch_size=8, max_epochs=10, random_state=0,
    ... ).fit(lying + upright, y)
    >>> more = np.tile(random.uniform(size=(12, 1)), (1, 12))
    >>> scores = encoder.transform([more, more.T, None])
    >>> encoder.classes_[scores[:2].argmax(axis=1)].tolist()
    ['lying', 'upright']
    >>> bool(np.isnan(scores[2]).all())
    True
    """

    def __init__(
        self,
        n_components: int = 128,
        *,
        output: str = "features",
        backbone: str | None = None,
        weights: str | os.PathLike | None = "DEFAULT",
        n_stages_trained: int = 1,
        backbone_learning_rate: float = 1e-4,
        channels: Sequence[int] = (32, 64, 128),
        image_size: int | Sequence[int] | None = None,
        color_space: str = "rgb",
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        augmenter: ImageAugmenter | None = None,
        dropout: float = 0.2,
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
        self.output = output
        self.backbone = backbone
        self.weights = weights
        self.n_stages_trained = n_stages_trained
        self.backbone_learning_rate = backbone_learning_rate
        self.channels = channels
        self.image_size = image_size
        self.color_space = color_space
        self.mean = mean
        self.std = std
        self.augmenter = augmenter
        self.dropout = dropout
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
        if self.backbone is None:
            check_channels(self.channels)
        else:
            self._check_backbone()
        self._check_pictures()
        check_number("dropout", self.dropout, low=0, high=0.99)
        channel_values("mean", self.mean, self._n_channels())
        channel_values("std", self.std, self._n_channels(), low=0, low_open=True)
        if self.augmenter is not None:
            if not isinstance(self.augmenter, ImageAugmenter):
                raise ValueError(f"augmenter={self.augmenter!r} is not an ImageAugmenter or None.")
            self.augmenter.check_parameters()
        resolve_device(self.device)

    def _check_backbone(self) -> None:
        from mmsk._nets.backbones import check_backbone
        from mmsk._nets.weights import check_weights

        check_backbone(self.backbone)
        check_weights(str(self.backbone), self.weights)
        if self.color_space == "grey":
            raise ValueError(
                f"color_space='grey' cannot be used with backbone={self.backbone!r}, which takes "
                "three channels. Use color_space='rgb', to which grey pictures are converted."
            )
        if self.image_size is not None:
            check_number("image_size", self.image_size, low=1, integer=True)
        check_number("n_stages_trained", self.n_stages_trained, low=0, integer=True)
        rate = self.backbone_learning_rate
        check_number("backbone_learning_rate", rate, low=0, low_open=True)
        self._fine_tuning().check()

    def _fine_tuning(self) -> FineTuning:
        from mmsk._nets.fine_tuned import FineTuning

        size = self._preset().crop_size
        return FineTuning(str(self.backbone), self.weights, size, self.n_stages_trained)

    def _preset(self) -> Preset:
        from mmsk._nets.cnn import image_preset

        mean, std = channel_values("mean", self.mean), channel_values("std", self.std)
        size: Any = self.image_size
        return image_preset(str(self.backbone), self.weights, size, mean, std)

    def _size(self) -> tuple[int, int]:
        if self.backbone is not None:
            return (self._preset().crop_size,) * 2
        return (SIDE_FROM_SCRATCH,) * 2 if self.image_size is None else super()._size()

    def _read(self, cell: Any) -> np.ndarray:
        if self.backbone is None:
            return super()._read(cell)
        from mmsk._nets.preprocessing import resize_and_crop

        preset = self._preset()
        pixels = read_pixels(self.reader, cell, preset.resize_size)
        return resize_and_crop(pixels, preset.resize_size, preset.crop_size, preset.interpolation)

    def _learn_from(self, samples: list[np.ndarray]) -> None:
        if self.backbone is None:
            mean, std = channel_statistics(samples)
        else:
            preset = self._preset()
            mean, std = preset.mean, preset.std
        n_channels = self._n_channels()
        self.mean_ = channel_values("mean", self.mean, n_channels) or mean
        self.std_ = channel_values("std", self.std, n_channels) or std

    def _how(self, n_rows: int, **other: Any) -> Training:
        return super()._how(n_rows, schedule="cosine", **other)

    def _augment(self) -> Callable[[Any, Any], Any] | None:
        from mmsk._nets.augmentation import PictureAugmentation

        augmenter = self.augmenter
        if augmenter is None:
            return None
        return PictureAugmentation(
            rotate=augmenter.rotate,
            scale=augmenter.scale,
            crop=augmenter.crop,
            shift=augmenter.both_ways("shift"),
            flip=augmenter.flip,
            color=augmenter.color,
            noise=augmenter.noise,
            mask=augmenter.both_ways("mask"),
        )

    def _rates(self) -> Mapping[str, float]:
        if self.backbone is None:
            return {}
        return self._fine_tuning().rates(self.backbone_learning_rate / self.learning_rate)

    def _make_network(self) -> nn.Module:
        from mmsk._nets.conv import ConvNet

        if self.backbone is not None:
            return self._fine_tuning().build_hollow(**self._parts())
        return ConvNet(self.channels, **self._parts())

    def _make_start(self) -> nn.Module:
        if self.backbone is not None:
            return self._fine_tuning().build(**self._parts())
        return self._make_network()

    def _parts(self) -> dict[str, Any]:
        return {
            "n_components": self.n_components,
            "dropout": self.dropout,
            "mean": self.mean_,
            "std": self.std_,
        }


def check_channels(channels: Any) -> None:
    """Raise ValueError unless these are the channels of one stage or more."""
    if not isinstance(channels, Sequence) or isinstance(channels, str) or not channels:
        raise ValueError(f"channels={channels!r} is not a sequence of one integer or more.")
    for number in channels:
        check_number("channels", number, low=1, integer=True)
