"""Embeddings of videos by pretrained networks that see frames together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk.extraction._network_threads import device_of_thread
from mmsk.image._base import channel_values
from mmsk.image._network import NetworkEmbedder
from mmsk.video._base import TakesFrames
from mmsk.video._reader import VideoReader

if TYPE_CHECKING:
    from mmsk._nets.backbones import Preset


class VideoEmbedder(TakesFrames, NetworkEmbedder):
    """Embed videos with a video network of torchvision, cut before its last layer.

    Three-dimensional convolutions and video transformers see several frames at once, and so the
    movement between them. Any of ``torchvision.models.list_models(module=models.video)`` can be
    named. The network is frozen: nothing is learned from the videos. It is built at the first
    transform, once per process, and shared by all clones.

    Parameters
    ----------
    backbone : {"r3d_18", "mc3_18", "r2plus1d_18", "s3d", "mvit_v1_b", "mvit_v2_s", "swin3d_t", \
            "swin3d_s", "swin3d_b"}, default="r3d_18"
        Name of the network. The first three give 512 features, S3D 1024, the transformers 768 (Swin
        B 1024).
    n_frames : int, default=16
        Frames in a clip. MViT is trained on 16, S3D takes 14 or more.
    sampling : {"uniform", "stride", "keyframes"}, default="uniform"
        Which frames: ``"uniform"`` those in the middle of `n_frames` equal parts of the video;
        ``"stride"`` one every `step_seconds` from the start; ``"keyframes"`` those that the file
        stores whole. Where there are fewer than `n_frames`, the last one is repeated.
    step_seconds : float, default=None
        Time from one frame to the next with ``sampling="stride"``. The networks were trained on
        frames 1/15 s apart (ResNets, S3D, Swin 1/15 s, MViT 4/30 s).
    weights : str, path or None, default="DEFAULT"
        Where the weights come from:

        - ``"DEFAULT"`` or another name that torchvision gives to trained weights of this network,
          such as ``"KINETICS400_V1"``. Torchvision downloads them at the first transform where
          they are not on disk.
        - A path that ends in .safetensors, .pth or .pt: a file of tensors under torchvision's
          own keys. The number of classes may differ. Files that hold anything but tensors are
          refused, because loading them could run code.
        - None: random weights, drawn from `random_state`. Of use for tests, hardly for features.
    image_size : int, default=None
        Side of the square that the network sees, in pixels. Frames are resized so that the shorter
        side is a little longer, keeping their proportions, and the centre is cut out. None takes
        the size that belongs to the weights, 112 or 224.
    mean, std : float or sequence of 3 float, default=None
        Normalization of each channel, on the scale 0..1: ``(value - mean) / std``. None takes
        what belongs to the weights; for a file, to the default weights of this network.
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
        Videos that are gathered at a time. They pass through a GPU together, halved where its
        memory does not suffice, and through a CPU one by one.
    n_jobs : int, default=None
        Threads, as joblib counts: on a CPU each reads and embeds videos of its own, with GPUs
        they read ahead. None is as many as torch would use.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the network runs; ``"auto"`` is every CUDA GPU where there is one, else the CPU.

    See Also
    --------
    FrameEmbedder : Networks for pictures, frame by frame: smaller and faster.
    MotionDescriptors : Describes movement without a network.

    References
    ----------
    Tran, D. et al. (2018). A closer look at spatiotemporal convolutions for action recognition.
    CVPR. (R3D, MC3, R(2+1)D.)

    Xie, S. et al. (2018). Rethinking spatiotemporal feature learning. ECCV. (S3D.)

    Fan, H. et al. (2021). Multiscale vision transformers. ICCV. Liu, Z. et al. (2022). Video Swin
    transformer. CVPR.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.video import VideoEmbedder
    >>> clip = (np.tri(64)[None] * np.linspace(0, 1, 50)[:, None, None], 25)
    >>> embedder = VideoEmbedder("mc3_18", 4, weights=None, image_size=32)
    >>> features = embedder.fit_transform([clip, None])
    >>> features.shape, bool(np.isnan(features[1]).all())
    ((2, 512), True)
    >>> VideoEmbedder("r3d_81").fit()
    Traceback (most recent call last):
        ...
    ValueError: backbone='r3d_81' is not a video network of torchvision. Did you mean 'r3d_18'?
    """

    def __init__(
        self,
        backbone: str = "r3d_18",
        n_frames: int = 16,
        *,
        sampling: str = "uniform",
        step_seconds: float | None = None,
        weights: str | os.PathLike | None = "DEFAULT",
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
        self.weights = weights
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

    def _check_network(self) -> None:
        self._check_reading()
        super()._check_network()

    def _check_backbone(self) -> None:
        from mmsk._nets.video import check_video_backbone

        check_video_backbone(self.backbone)

    def _plan(self) -> Any:
        from mmsk._nets.video import plan_video

        return plan_video(self.backbone, self.n_frames, self._preset().crop_size)

    def _preset(self) -> Preset:
        from mmsk._nets.video import video_preset

        mean, std = channel_values("mean", self.mean), channel_values("std", self.std)
        return video_preset(self.backbone, self.weights, self.image_size, mean, std)

    def _most_rows(self) -> int:
        return 1  # a video is work enough for a thread

    def _target_size(self) -> int:
        return self._preset().resize_size

    def _prepare(self, cell: Any) -> np.ndarray:
        squares = self._read_squares(cell, self._preset())
        return squares[np.minimum(np.arange(self.n_frames), len(squares) - 1)]

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        from mmsk._nets.video import get_video_network

        preset = self._preset()
        network = get_video_network(
            self.backbone,
            weights=self.weights,
            n_frames=self.n_frames,
            image_size=preset.crop_size,
            seed=self.random_state,
            precision=self.precision,
        )
        device = device_of_thread(self.device)
        return network.embed(np.stack(samples), preset.mean, preset.std, device)
