"""Embeddings of pictures by pretrained networks."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmsk._validation import check_choice
from mmsk.image._base import check_reader, read_pixels
from mmsk.image._network import NetworkEmbedder
from mmsk.image._reader import ImageReader


class CNNEmbedder(NetworkEmbedder):
    """Embed pictures with a classification network of torchvision, cut before its last layer.

    Any of the networks of ``torchvision.models.list_models(module=torchvision.models)`` can be
    named: ResNet, VGG, Inception, MobileNet, EfficientNet, ConvNeXt, ViT, Swin and the others.
    The network is frozen: nothing is learned from the pictures. It is built at the first
    transform, once per process, and shared by all clones.

    Parameters
    ----------
    backbone : str, default="resnet18"
        Name of the network. Larger ones describe better and take longer: ``"resnet18"`` gives
        512 features, ``"mobilenet_v3_small"`` 1024 in a fraction of the time, ``"resnet50"`` 2048.
    weights : str, path or None, default="DEFAULT"
        Where the weights come from:

        - ``"DEFAULT"`` or another name that torchvision gives to trained weights of this network,
          such as ``"IMAGENET1K_V1"``. Torchvision downloads them at the first transform where
          they are not on disk.
        - A path that ends in .safetensors, .pth or .pt: a file of tensors under torchvision's
          own keys, or one that `mmsk.compress` wrote. Half precision is cast to float32; the
          number of classes may differ. Files that hold anything but tensors are refused, because
          loading them could run code.
        - None: random weights, drawn from `random_state`. Of use for tests, hardly for features.
    layer : str, default=None
        Dotted name of the module whose output is taken, such as ``"layer3"`` or
        ``"features.4"``. None takes the input of the last layer, which gives the class scores.
        A map is averaged over height and width; of a sequence of tokens the class token is
        taken where the network has one (ViT), else the mean.
    grid : int, default=1
        Rows and columns of parts in which a map is averaged: with 1 it is lost where something
        stands in the picture, with 2 there are four times as many features. More than 1 needs a
        `layer` that gives a map, such as ``"layer3"``.
    image_size : int, default=None
        Side of the square that the network sees, in pixels. Pictures are resized so that the
        shorter side is a little longer (as with the trained weights), and the centre is cut out.
        None takes the size that belongs to the weights, mostly 224. Smaller is faster and
        coarser. Some networks, such as ViT, take only one size.
    mean, std : float or sequence of 3 float, default=None
        Normalization of each channel, on the scale 0..1: ``(value - mean) / std``. None takes
        what belongs to the weights; for a file, what belongs to the default weights of this
        network, so give them where the file was trained otherwise.
    augmentation : {"flip", "rotate"}, sequence of these or None, default=None
        Views of each picture whose embeddings are averaged: ``"flip"`` adds the mirror image (2
        passes), ``"rotate"`` the three quarter turns (4 passes), both all combinations (8).
        None embeds the picture as it is.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type in which the network computes. The half-precision types are up to twice as fast
        where the processor has them, with about 1 % relative error; on one that has not (in a
        CPU: AVX-512 BF16, FP16 or AMX) several times slower.
    random_state : int, default=0
        Seed of the weights where ``weights=None``; without effect otherwise.
    reader : ImageReader, default=None
        Reads the cells, with limits and a background colour. None is ``ImageReader()``.
    on_error : {"raise", "missing"}, default="raise"
        What an unreadable cell does: end the pass with a ReadError, or become a row of NaN
        with one warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``on_error="missing"`` raises all the same.
    batch_size : int, default=16
        Pictures that are gathered at a time. They pass through a GPU together, halved where its
        memory does not suffice; through a CPU in eights, so that a row never depends on it.
    n_jobs : int, default=None
        Threads, as joblib counts: -1 is all CPUs. On a CPU each reads and embeds pictures of its
        own, which is faster than a network spread over threads; with GPUs they read ahead of
        them. None is as many as torch would use: the CPUs, fewer in a worker of joblib.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the network runs. ``"cuda"`` is every CUDA GPU that torch sees, and they share the
        batches; ``"cuda:1"`` is one of them. ``"auto"`` is ``"cuda"`` where there is one, else
        the CPU.

    See Also
    --------
    HOGEmbedder : Describes shapes without a network.

    Notes
    -----
    A row depends on its picture alone: on a CPU, `batch_size` and the pictures beside it change
    no bit of it in float32. For that, fewer than four pictures take the time of four. Between a
    GPU and a CPU, and between batches on a GPU, rows may differ by rounding.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.image import CNNEmbedder
    >>> pictures = [np.tri(64), None]
    >>> embedder = CNNEmbedder("squeezenet1_0", weights=None, image_size=64)
    >>> features = embedder.fit_transform(pictures)
    >>> features.shape, bool(np.isnan(features[1]).all())
    ((2, 512), True)
    >>> embedder.get_feature_names_out()[:2]
    array(['squeezenet1_0_0', 'squeezenet1_0_1'], dtype=object)
    >>> CNNEmbedder("resnet19").fit()
    Traceback (most recent call last):
        ...
    ValueError: backbone='resnet19' is not a classification network of torchvision. Did you
    mean 'resnet18', 'resnet152', 'resnet101'?
    """

    _strings_are = "paths"

    def __init__(
        self,
        backbone: str = "resnet18",
        *,
        weights: str | os.PathLike | None = "DEFAULT",
        layer: str | None = None,
        grid: int = 1,
        image_size: int | None = None,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        augmentation: str | Sequence[str] | None = None,
        precision: str = "float32",
        random_state: int = 0,
        reader: ImageReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 16,
        n_jobs: int | None = None,
        device: str = "auto",
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.layer = layer
        self.grid = grid
        self.image_size = image_size
        self.mean = mean
        self.std = std
        self.augmentation = augmentation
        self.precision = precision
        self.random_state = random_state
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.device = device

    def _check_parameters(self) -> None:
        super()._check_parameters()
        for view in _names(self.augmentation):
            check_choice("augmentation", view, ["flip", "rotate"])
        check_reader(self.reader)

    def _prepare(self, cell: Any) -> np.ndarray:
        from mmsk._nets.preprocessing import resize_and_crop

        preset = self._preset()
        pixels = read_pixels(self.reader, cell, preset.resize_size)
        return resize_and_crop(pixels, preset.resize_size, preset.crop_size, preset.interpolation)

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        return self._embed(np.stack(samples), _views(_names(self.augmentation)))


def _names(augmentation: str | Sequence[str] | None) -> tuple[str, ...]:
    return (augmentation,) if isinstance(augmentation, str) else tuple(augmentation or ())


def _views(names: Sequence[str]) -> list[tuple[int, bool]]:
    """Quarter turns and mirroring of every view."""
    turns = range(4) if "rotate" in names else range(1)
    mirrored = (False, True) if "flip" in names else (False,)
    return list(itertools.product(turns, mirrored))
