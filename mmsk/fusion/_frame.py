"""Fusion of sequences, frame by frame on a common time grid."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import Tags

from mmsk._by_block import by_block
from mmsk._validation import check_choice, check_number
from mmsk.compose import FeatureBlocks
from mmsk.compose._stack import present_chunks
from mmsk.fusion._base import BaseFusion
from mmsk.fusion._scaling import SCALES, learn_scale
from mmsk.fusion._sequences import frames_told, stretched, without_frame


class FrameFusion(BaseFusion):
    """Put sequences side by side, frame by frame on a common time grid.

    Fusion at the level of the data: where the modalities of a row are recorded at the same time,
    each frame of the result holds what all of them say at that moment. The rows of a block are
    flattened sequences, all values of the first frame, then all of the second, as ``MFCC`` and
    its like give them with ``pooling=None``. Each sequence is stretched to `n_frames_out` frames
    by linear interpolation, first frame on first and last on last::

        audio, 5 frames     a0   a1   a2   a3   a4
        video, 3 frames     v0 (v0+v1)/2 v1 (v1+v2)/2 v2
        age, 1 frame        g    g    g    g    g

    A missing block becomes zeros in every frame: after standardizing, that is the mean frame of
    the training rows. A block that no training row has stays zeros.

    Parameters
    ----------
    n_frames : int or mapping of str to int, default=None
        Number of frames in the rows of all blocks, or of each; a block that a mapping leaves out
        has one frame, which holds at all times. None counts them in the names of the features,
        which end in ``_frame0``, ``_frame1``, ... where an extractor keeps frames.
    n_frames_out : int, default=None
        Frames of the common grid; None is the most that a block has. A single one is the middle.
    scale : {"standard", "block"} or None, default="standard"
        ``"standard"``: each feature of a frame gets mean 0 and variance 1 over all training
        frames, then the frames of every block get unit mean squared norm, so that no block
        drowns another. ``"block"``: only the latter. None: frames are left as they are.

    Attributes
    ----------
    n_frames_ : dict of str to int
        Number of frames in the rows of each block.
    n_frames_out_ : int
        Number of frames in the rows of the result.
    scales_ : dict of str to BlockScale
        Offset and factors of a frame of each block.
    block_widths_ : dict of str to int
        The blocks seen in fit and their numbers of columns.
    n_features_in_ : int
        Number of columns over all blocks.
    feature_names_in_ : ndarray of str
        Names of the columns, where `X` is a DataFrame.

    Raises
    ------
    ValueError
        If the columns of a block are no whole number of frames, its names are in no order of
        time, it is sparse, or a parameter is not accepted.

    See Also
    --------
    ConcatFusion : Rows side by side, whatever their columns are.

    Notes
    -----
    Time and memory are those of the result: rows x frames of the grid x features of a frame over
    all blocks, in 4 bytes each. ``fused.reshape(len(fused), fusion.n_frames_out_, -1)`` gives
    back the time axis. Interpolation to fewer frames leaves out what is between them.

    References
    ----------
    Baltrusaitis, T., Ahuja, C., Morency, L.-P. (2019). Multimodal machine learning: A survey
    and taxonomy. IEEE Transactions on Pattern Analysis and Machine Intelligence 41(2).

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import FeatureBlocks, FrameFusion
    >>> blocks = FeatureBlocks({
    ...     "audio": np.array([[0.0, 1.0, 2.0, 3.0, 4.0]]),
    ...     "video": np.array([[0.0, 10.0, 20.0]]),
    ...     "age": np.array([[7.0]]),
    ... })
    >>> fusion = FrameFusion({"audio": 5, "video": 3}, scale=None)
    >>> fusion.fit_transform(blocks).reshape(5, -1)
    array([[ 0.,  0.,  7.],
           [ 1.,  5.,  7.],
           [ 2., 10.,  7.],
           [ 3., 15.,  7.],
           [ 4., 20.,  7.]], dtype=float32)
    >>> fusion.get_feature_names_out()[:4]
    array(['audio__0_frame0', 'video__0_frame0', 'age__0_frame0',
           'audio__0_frame1'], dtype=object)
    """

    def __init__(
        self,
        n_frames: int | Mapping[str, int] | None = None,
        *,
        n_frames_out: int | None = None,
        scale: str | None = "standard",
    ) -> None:
        self.n_frames = n_frames
        self.n_frames_out = n_frames_out
        self.scale = scale

    def _fit(self, blocks: FeatureBlocks, y: Any) -> None:
        check_choice("scale", self.scale, SCALES)
        if self.n_frames_out is not None:
            check_number("n_frames_out", self.n_frames_out, low=1, integer=True)
        _check_dense(blocks)
        self.n_frames_ = self._count_frames(blocks)
        self.n_frames_out_ = self.n_frames_out or max(self.n_frames_.values())
        self.scales_ = {}
        for name, n_frames in self.n_frames_.items():
            width = blocks.widths[name] // n_frames
            frames = blocks[name].reshape(len(blocks) * n_frames, width)
            present = np.repeat(blocks.present_in(name), n_frames)
            self.scales_[name] = learn_scale(frames, present, self.scale)

    def _count_frames(self, blocks: FeatureBlocks) -> dict[str, int]:
        if self.n_frames is None:
            return {name: frames_told(name, names) for name, names in blocks.feature_names.items()}
        check = partial(check_number, low=1, integer=True)
        counts = by_block("n_frames", self.n_frames, blocks.names, 1, check)
        for name, n_frames in counts.items():
            width = blocks.widths[name]
            if width % n_frames:
                raise ValueError(
                    f"Block {name!r} has {width} columns, which are no {n_frames} frames of equal "
                    f"width: n_frames must divide {width}."
                )
        return counts

    def _fuse(self, blocks: FeatureBlocks) -> Any:
        _check_dense(blocks)
        width = sum(blocks.widths[name] // n for name, n in self.n_frames_.items())
        fused = np.zeros((len(blocks), self.n_frames_out_, width), dtype=np.float32)
        start = 0
        for name, block in blocks.items():
            n_frames, scale = self.n_frames_[name], self.scales_[name]
            stop = start + block.shape[1] // n_frames
            for rows, chunk in present_chunks(block, blocks.present_in(name)):
                frames = scale.apply(chunk.reshape(len(chunk) * n_frames, stop - start))
                sequences = frames.reshape(len(chunk), n_frames, stop - start)
                for place, frame in enumerate(stretched(sequences, self.n_frames_out_)):
                    fused[rows, place, start:stop] = frame
            start = stop
        return fused.reshape(len(blocks), self.n_frames_out_ * width)

    def _feature_names(self, blocks: FeatureBlocks) -> np.ndarray:
        values = [
            f"{name}__{without_frame(feature)}"
            for name, n_frames in self.n_frames_.items()
            for feature in blocks.feature_names[name][: blocks.widths[name] // n_frames]
        ]
        frames = range(self.n_frames_out_)
        return np.array([f"{v}_frame{frame}" for frame in frames for v in values], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def _check_dense(blocks: FeatureBlocks) -> None:
    for name, block in blocks.items():
        if sparse.issparse(block):
            raise ValueError(
                f"Block {name!r} is sparse, and FrameFusion repeats every value in time. Make it "
                "dense, as TfidfEmbedder(n_components=100) does, or leave it out."
            )
