"""Descriptors of movement: where and how much a video changes, and in which directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from mmsk._validation import check_choice, check_number
from mmsk.extraction import CellExtractor
from mmsk.image._base import resized
from mmsk.video._base import TakesFrames
from mmsk.video._pooling import Pooling, check_pooling, pooled, pooled_names
from mmsk.video._reader import VideoReader

N_DIRECTIONS = 8
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# Half the side of the window in which one flow is assumed, in pixels, and rounds of refinement.
_RADIUS, _N_WARPS = 3, 3
# On plain areas the equations of the flow have no solution; longer flows come from there.
_LONGEST_FLOW = 0.25


def _difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Absolute change of each pixel, shape (height, width, 1)."""
    return np.abs(second - first)[..., np.newaxis]


def _flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Length of the flow of each pixel in the bin of its direction, in heights of the frame.

    ::

            6
          5 | 7
        4 - + - 0      0 is to the right, 2 down
          3 | 1
            2
    """
    from skimage.registration import optical_flow_ilk

    with np.errstate(all="ignore"):
        down, right = optical_flow_ilk(
            first, second, radius=_RADIUS, num_warp=_N_WARPS, dtype=np.float32
        )
    length = np.nan_to_num(np.hypot(down, right) / len(first), posinf=0.0)
    angle = np.nan_to_num(np.arctan2(down, right)) / (2 * np.pi)
    bins = np.round(N_DIRECTIONS * angle).astype(int) % N_DIRECTIONS
    of_direction = bins[..., np.newaxis] == np.arange(N_DIRECTIONS)
    return np.minimum(length, _LONGEST_FLOW)[..., np.newaxis] * of_direction


_DESCRIPTORS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "difference": _difference,
    "flow": _flow,
}
_WIDTHS = {"difference": 1, "flow": N_DIRECTIONS}
_SHORTEST = 1e-9


class MotionDescriptors(TakesFrames, CellExtractor):
    """Describe the movement in videos without a network.

    From each frame to the next, two things are measured in each cell of a grid over the picture:
    ``"difference"``, the mean absolute change of brightness on the scale 0..1, and ``"flow"``, the
    mean length of the optical flow in each of 8 directions, in heights of the frame
    (scikit-image's iterative Lucas-Kanade method). Both are pooled over successive parts of the
    time, so that what happens first is told from what happens last.

    The measures are of one step: with ``sampling="uniform"`` a step is a share of the video, so
    that a slow movement and the same one done quickly give nearly the same row; with ``"stride"``
    it is a fixed time. A camera that moves is movement, too.

    Parameters
    ----------
    descriptors : sequence of str or None, default=None
        Which of ``"difference"`` and ``"flow"``, in this order; None is both. The flow takes nearly
        all of the time.
    n_frames : int, default=16
        Frames taken from each video; the steps between them are one fewer.
    sampling : {"uniform", "stride", "keyframes"}, default="uniform"
        Which frames: ``"uniform"`` those in the middle of `n_frames` equal parts of the video;
        ``"stride"`` one every `step_seconds` from the start; ``"keyframes"`` those that the file
        stores whole.
    step_seconds : float, default=None
        Time from one frame to the next with ``sampling="stride"``.
    frame_size : int, default=48
        Shorter side in pixels to which frames are resized. The time taken grows with its square;
        small values blur small movements, large ones lose fast ones.
    grid : int, default=8
        Rows and columns of the grid.
    n_parts : int, default=6
        Successive parts of the time that are pooled on their own; 1 pools all together.
    pooling : str, sequence of str or None, default="mean"
        Statistics over the steps of a part: ``"mean"``, ``"std"``, ``"min"``, ``"max"``,
        ``"change"`` and ``"trend"``. None keeps all steps, ``n_frames - 1`` of them, the last
        repeated where the video has fewer, and `n_parts` has no effect.
    normalize : bool, default=True
        Whether the root of each value is taken and each of the descriptors scaled to length 1, as
        is usual for histograms: it then counts where and when a video moves, and not how much.
        Such rows are best left as they are (``ConcatFusion("block")``): to scale each feature by
        its deviation would blow up the cells in which hardly anything ever moves.
    reader : VideoReader, default=None
        Reads the cells, with limits. None is ``VideoReader()``.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell ends the pass or becomes a missing one, with a warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.
    batch_size : int, default=16
        Videos held ready. It cannot change a row.
    n_jobs : int, default=None
        Threads that read and compute; None is 1, -1 all CPUs.

    See Also
    --------
    FrameEmbedder : What is seen in the frames.

    References
    ----------
    Le Besnerais, G. and Champagnat, F. (2005). Dense optical flow by iterative local window
    registration. ICIP.

    Chaudhry, R. et al. (2009). Histograms of oriented optical flow and Binet-Cauchy kernels on
    nonlinear dynamical systems for the recognition of human actions. CVPR.

    Arandjelovic, R. and Zisserman, A. (2012). Three things everyone should know to improve object
    retrieval. CVPR. (Roots of histograms.)

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.video import MotionDescriptors
    >>> frames = np.zeros((24, 48, 48), dtype=np.uint8)
    >>> for number, frame in enumerate(frames):
    ...     frame[16:28, number : number + 12] = 255  # a square that moves to the right
    >>> motion = MotionDescriptors(["flow"], grid=1, n_parts=1)
    >>> row = motion.fit_transform([(frames, 24)])[0]
    >>> str(motion.get_feature_names_out()[row.argmax()])
    'flow_cell0_0_direction0_mean_part0'
    """

    _strings_are = "paths"

    def __init__(
        self,
        descriptors: Sequence[str] | None = None,
        n_frames: int = 16,
        *,
        sampling: str = "uniform",
        step_seconds: float | None = None,
        frame_size: int = 48,
        grid: int = 8,
        n_parts: int = 6,
        pooling: Pooling = "mean",
        normalize: bool = True,
        reader: VideoReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 16,
        n_jobs: int | None = None,
    ) -> None:
        self.descriptors = descriptors
        self.n_frames = n_frames
        self.sampling = sampling
        self.step_seconds = step_seconds
        self.frame_size = frame_size
        self.grid = grid
        self.n_parts = n_parts
        self.pooling = pooling
        self.normalize = normalize
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def frames(self, cell: Any) -> np.ndarray:
        """Measure every step from frame to frame of one video, not pooled.

        Parameters
        ----------
        cell : path, bytes, binary file object, VideoClip, (frames, frames_per_second) or frames
            The video.

        Returns
        -------
        values : ndarray of shape (n_values, n_steps), dtype float32
            One column per step; one of zeros where the video has a single frame.

        Raises
        ------
        ReadError
            If the cell cannot be read.
        ValueError
            If a parameter is not accepted.
        """
        self._check_all_parameters()
        return np.ascontiguousarray(self._steps(cell).T)

    def _check_parameters(self) -> None:
        self._check_reading()
        check_number("n_frames", self.n_frames, low=2, integer=True)
        check_number("grid", self.grid, low=1, integer=True)
        check_number("frame_size", self.frame_size, low=max(8, self.grid), integer=True)
        check_number("n_parts", self.n_parts, low=1, integer=True)
        check_pooling(self.pooling)
        check_choice("normalize", self.normalize, [True, False])
        if isinstance(self.descriptors, str) or not self._names():
            raise ValueError(f"descriptors={self.descriptors!r} is not a list of names or None.")
        for name in self._names():
            check_choice("descriptors", name, list(_DESCRIPTORS))

    def _feature_names(self) -> list[str]:
        if self.pooling is None:
            return pooled_names(self._value_names(), None, self.n_frames - 1)
        names = pooled_names(self._value_names(), self.pooling, 0)
        return [f"{name}_part{part}" for part in range(self.n_parts) for name in names]

    def _n_features(self) -> int:
        values = self.grid**2 * sum(_WIDTHS[name] for name in self._names())
        rows = len(pooled_names(["value"], self.pooling, self.n_frames - 1))
        return values * rows * (1 if self.pooling is None else self.n_parts)

    def _value_names(self) -> Iterator[str]:
        for name in self._names():
            for row, column in np.ndindex(self.grid, self.grid):
                cell = f"{name}_cell{row}_{column}"
                if name == "flow":
                    yield from (f"{cell}_direction{number}" for number in range(N_DIRECTIONS))
                else:
                    yield cell

    def _target_size(self) -> int:
        return self.frame_size

    def _prepare(self, cell: Any) -> np.ndarray:
        steps = self._steps(cell)
        if self.pooling is None:
            row = pooled(steps, None, self.n_frames - 1)
        else:
            parts = _parts(steps, self.n_parts)
            row = np.concatenate([pooled(part, self.pooling, 0) for part in parts])
        return self._normalized(row) if self.normalize else row

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        return np.stack(samples)

    def _names(self) -> list[str]:
        return list(_DESCRIPTORS) if self.descriptors is None else list(self.descriptors)

    def _steps(self, cell: Any) -> np.ndarray:
        """Measure the steps, shape (n_steps, n_values)."""
        clip = self._read_clip(cell)
        is_new = np.diff(clip.times_seconds, prepend=-1.0) > 0
        greys = [_grey(frame, self.frame_size) for frame in clip.frames[is_new]]
        pairs = list(pairwise(greys)) or [(greys[0], greys[0])]
        return np.stack([self._step(*pair) for pair in pairs])

    def _normalized(self, row: np.ndarray) -> np.ndarray:
        table = row.reshape(-1, self.grid**2 * sum(_WIDTHS[name] for name in self._names()))
        table = np.sign(table) * np.sqrt(np.abs(table))
        ends = np.cumsum([self.grid**2 * _WIDTHS[name] for name in self._names()])
        for part in np.split(table, ends[:-1], axis=1):
            part /= max(float(np.linalg.norm(part)), _SHORTEST)
        return table.ravel()

    def _step(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        maps = (_DESCRIPTORS[name](first, second) for name in self._names())
        return np.concatenate([_cell_means(each, self.grid).ravel() for each in maps])


def _grey(frame: np.ndarray, size: int) -> np.ndarray:
    height, width = frame.shape[:2]
    share = size / min(height, width)
    frame = resized(frame, round(height * share), round(width * share))
    return frame.astype(np.float32) @ (_LUMA / 255)


def _cell_means(values: np.ndarray, grid: int) -> np.ndarray:
    """Average a map (height, width, n_values) over the cells of a grid."""
    for axis in (0, 1):
        edges = np.linspace(0, values.shape[axis], grid + 1).astype(int)
        sums = np.add.reduceat(values, edges[:-1], axis=axis)
        lengths = np.diff(edges).reshape([-1 if each == axis else 1 for each in range(3)])
        values = sums / lengths.astype(np.float32)
    return values.astype(np.float32)


def _parts(steps: np.ndarray, n_parts: int) -> list[np.ndarray]:
    """Cut steps into successive parts; of fewer steps than parts, some stand in several."""
    edges = np.arange(n_parts + 1) * len(steps) / n_parts
    starts = np.floor(edges[:-1]).astype(int)
    ends = np.maximum(np.floor(edges[1:]).astype(int), starts + 1)
    return [steps[start:end] for start, end in zip(starts, ends, strict=True)]
