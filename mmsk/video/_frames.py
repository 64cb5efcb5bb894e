"""Embeddings of the frames of videos by pretrained networks for pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmsk._validation import check_choice
from mmsk.image._network import NetworkEmbedder
from mmsk.video._base import TakesFrames
from mmsk.video._pooling import Pooling, check_pooling, pooled, pooled_names
from mmsk.video._reader import VideoReader


class FrameEmbedder(TakesFrames, NetworkEmbedder):
    """Embed frames of videos with a network for pictures, and pool the embeddings over time.

    Each frame passes through a classification network of torchvision, cut before its last layer,
    as in :class:`~mmsk.image.CNNEmbedder`. What happens in a video is then told by statistics of
    each feature over the frames, or by the sequence of the frames for a network that takes
    sequences. The network is frozen: nothing is learned from the videos.

    Parameters
    ----------
    backbone : str, default="resnet18"
        Name of the network, as in CNNEmbedder.
    n_frames : int, default=16
        Frames taken from each video. The time taken grows with it.
    sampling : {"uniform", "stride", "keyframes"}, default="uniform"
        Which frames: ``"uniform"`` those in the middle of `n_frames` equal parts of the video;
        ``"stride"`` one every `step_seconds` from the start, `n_frames` at most; ``"keyframes"``
        those that the file stores whole, spread over the video, which reads long files fastest.
    step_seconds : float, default=None
        Time from one frame to the next with ``sampling="stride"``.
    pooling : str, sequence of str or None, default=("mean", "std")
        Statistics of each feature over the frames: ``"mean"``, ``"std"``, ``"min"``, ``"max"``,
        ``"change"`` (mean absolute difference from frame to frame) and ``"trend"`` (mean of the
        second half less that of the first), of which only the last two know the order. None keeps
        all frames, one after the other, the last repeated where the video has fewer.
    subtract_mean : bool, default=False
        Whether each frame is embedded as its difference from the mean over the video's frames.
        What stays the same throughout, such as the place and who acts there, then drops out, and
        what changes is left; ``"mean"`` is then 0.
    weights : str, path or None, default="DEFAULT"
        Name of trained weights of torchvision, a file of tensors, or None for random weights, as
        in CNNEmbedder.
    layer : str, default=None
        Dotted name of the module whose output is taken; None takes the input of the last layer.
    grid : int, default=1
        Rows and columns of parts in which a map is averaged: with 1 it is lost where something
        stands in the picture, with 2 there are four times as many features. More than 1 needs a
        `layer` that gives a map, such as ``"layer3"``.
    image_size : int, default=None
        Side in pixels of the square that the network sees, cut from the centre of each frame;
        None takes the size that belongs to the weights, mostly 224.
    mean, std : float or sequence of 3 float, default=None
        Normalization of each channel, on the scale 0..1; None takes what belongs to the weights.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type in which the network computes.
    random_state : int, default=0
        Seed of the weights where ``weights=None``; without effect otherwise.
    reader : VideoReader, default=None
        Reads the cells, with limits. None is ``VideoReader()``.
    on_error : {"raise", "missing"}, default="raise"
        What an unreadable cell does: end the pass with a ReadError, or become a row of NaN
        with one warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``on_error="missing"`` raises all the same.
    batch_size : int, default=4
        Videos that are gathered at a time, on a GPU also embedded at a time. It cannot change a
        row beyond rounding, on a CPU not at all.
    n_jobs : int, default=None
        Threads, as joblib counts: on a CPU each reads and embeds videos of its own, with GPUs
        they read ahead. None is as many as torch would use.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the network runs; ``"auto"`` is every CUDA GPU where there is one, else the CPU.

    See Also
    --------
    VideoEmbedder : A network that sees frames together, and so also movement.
    MotionDescriptors : Describes movement without a network.

    References
    ----------
    Karpathy, A. et al. (2014). Large-scale video classification with convolutional neural
    networks. CVPR. (Fusion of the frames' features over time.)

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.video import FrameEmbedder
    >>> clip = (np.tri(64)[None] * np.linspace(0, 1, 50)[:, None, None], 25)
    >>> embedder = FrameEmbedder("squeezenet1_0", 4, weights=None, image_size=64)
    >>> features = embedder.fit_transform([clip, None])
    >>> features.shape, bool(np.isnan(features[1]).all())
    ((2, 1024), True)
    >>> embedder.get_feature_names_out()[[0, -1]]
    array(['squeezenet1_0_0_mean', 'squeezenet1_0_511_std'], dtype=object)
    >>> embedder.frames(clip).shape
    (512, 4)
    """

    def __init__(
        self,
        backbone: str = "resnet18",
        n_frames: int = 16,
        *,
        sampling: str = "uniform",
        step_seconds: float | None = None,
        pooling: Pooling = ("mean", "std"),
        subtract_mean: bool = False,
        weights: str | os.PathLike | None = "DEFAULT",
        layer: str | None = None,
        grid: int = 1,
        image_size: int | None = None,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        precision: str = "float32",
        random_state: int = 0,
        reader: VideoReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 4,
        n_jobs: int | None = None,
        device: str = "auto",
    ) -> None:
        self.backbone = backbone
        self.n_frames = n_frames
        self.sampling = sampling
        self.step_seconds = step_seconds
        self.pooling = pooling
        self.subtract_mean = subtract_mean
        self.weights = weights
        self.layer = layer
        self.grid = grid
        self.image_size = image_size
        self.mean = mean
        self.std = std
        self.precision = precision
        self.random_state = random_state
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.device = device

    def frames(self, cell: Any) -> np.ndarray:
        """Embed every frame of one video, not pooled.

        Parameters
        ----------
        cell : path, bytes, binary file object, VideoClip, (frames, frames_per_second) or frames
            The video.

        Returns
        -------
        values : ndarray of shape (n_values, n_frames), dtype float32
            One column per frame.

        Raises
        ------
        ReadError
            If the cell cannot be read.
        ValueError
            If a parameter is not accepted.
        """
        self._check_all_parameters()
        return np.ascontiguousarray(self._relative(self._embed(self._prepare(cell))).T)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_reading()
        check_pooling(self.pooling)
        check_choice("subtract_mean", self.subtract_mean, [True, False])

    def _feature_names(self) -> list[str]:
        return pooled_names(super()._feature_names(), self.pooling, self.n_frames)

    def _most_rows(self) -> int:
        return 1  # a video has frames enough for a pass

    def _target_size(self) -> int:
        return self._preset().resize_size

    def _prepare(self, cell: Any) -> np.ndarray:
        return self._read_squares(cell, self._preset())

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        rows = self._embed(np.concatenate(samples))
        ends = np.cumsum([len(frames) for frames in samples])[:-1]
        matrices = map(self._relative, np.split(rows, ends))
        return np.stack([pooled(matrix, self.pooling, self.n_frames) for matrix in matrices])

    def _relative(self, matrix: np.ndarray) -> np.ndarray:
        return matrix - matrix.mean(axis=0) if self.subtract_mean else matrix
