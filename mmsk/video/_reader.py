"""The reader of videos: any accepted cell to frames at chosen times, or a ReadError."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from mmsk._files import is_source, open_cell
from mmsk._validation import check_number
from mmsk.exceptions import ReadError
from mmsk.extraction._windows import check_windows
from mmsk.samples import VideoClip
from mmsk.video._arrays import check_bare, check_pair, to_rgb
from mmsk.video._container import check_pixels, opened
from mmsk.video._decode import decode_frames
from mmsk.video._index import check_duration, check_frames, read_index
from mmsk.video._sampling import Sampling
from mmsk.video._windows import Choice, clips_of, in_whole, in_windows


class VideoReader(BaseEstimator):
    """Read frames of videos from files, bytes and arrays, within limits.

    Accepted cells: a path (str or Path), bytes, a binary file object, a
    :class:`~mmsk.samples.VideoClip`, or a pair ``(frames, frames_per_second)`` where frames has
    shape (n_frames, height, width, 3) or (n_frames, height, width) and holds uint8 or floats in
    [0, 1]. An array of shape (n_frames, height, width, 3) alone is taken to have 25 frames a
    second, which makes no difference to ``sampling="uniform"``.

    Accepted files: MP4 and MOV, Matroska and WebM, AVI, MPEG-TS and MPEG-PS, with any
    codec that FFmpeg decodes; the content decides, not the name. Files need the package ``av``
    (``pip install 'mmsk[video]'``).

    Frames are chosen by time: a variable rate, or a clip saved at another rate, gives the frames
    that were on the screen at the same moments. They become 8-bit RGB, turned upright as the file
    says; 10 and 12 bits are reduced, transparency and the shape of pixels are ignored; where the
    size changes on the way, all get the size of the first. Only what the chosen frames need is
    decoded, and frames shrink as they are decoded, so that memory depends on what is returned.

    A file never leads anywhere else: playlists are refused, and what a container refers to is
    neither opened nor fetched.

    Parameters
    ----------
    max_seconds : float, default=3600
        Longest accepted video, by the times of its frames.
    max_bytes : int, default=2_000_000_000
        Largest file, in bytes. A file object is read into memory whole.
    max_pixels : int, default=40_000_000
        Largest width x height of a frame; 8K has 33 million. The decoder needs a few times 1.5
        bytes for each.
    root : str or path, default=None
        Folder from which relative paths start and which no path may leave. None reads any file.
    max_frames : int, default=500_000
        Most frames of a video, of which the times are read: an hour at 120 a second.
    max_decode_seconds : float, default=300
        Longest time of one processor that decoding from one wanted frame to the next may take,
        against files made to be decoded for ever.

    Notes
    -----
    A file that ends before its header says is refused: MP4, Matroska and AVI where a byte is
    missing, or 5 % of the frames or of the length that they declare. In MPEG streams, which
    declare nothing, it cannot be seen. Frames that the decoder marks as damaged, and those that it
    leaves out, are tolerated up to a tenth; more are refused. The frame before stands for them.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.video import VideoReader
    >>> reader = VideoReader(max_seconds=60)
    >>> clip = reader.read((np.zeros((50, 48, 64), dtype=np.uint8), 25), n_frames=4)
    >>> clip
    VideoClip(4 frames of 48 x 64 from 2.000 s)
    >>> clip.times_seconds
    array([0.24, 0.72, 1.24, 1.72])
    >>> reader.read(b"#EXTM3U")
    Traceback (most recent call last):
        ...
    mmsk.exceptions.ReadError: not a video file; accepted are MP4, MOV, Matroska, WebM, AVI,
    MPEG-TS, MPEG-PS
    """

    window_unit = "seconds"

    def __init__(
        self,
        max_seconds: float = 3600,
        max_bytes: int = 2_000_000_000,
        max_pixels: int = 40_000_000,
        root: str | os.PathLike | None = None,
        max_frames: int = 500_000,
        max_decode_seconds: float = 300,
    ) -> None:
        self.max_seconds = max_seconds
        self.max_bytes = max_bytes
        self.max_pixels = max_pixels
        self.root = root
        self.max_frames = max_frames
        self.max_decode_seconds = max_decode_seconds

    def check_parameters(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""
        check_number("max_seconds", self.max_seconds, low=0, low_open=True)
        check_number("max_bytes", self.max_bytes, low=1, integer=True)
        check_number("max_pixels", self.max_pixels, low=1, integer=True)
        check_number("max_frames", self.max_frames, low=1, integer=True)
        check_number("max_decode_seconds", self.max_decode_seconds, low=0, low_open=True)

    def read(
        self,
        cell: Any,
        n_frames: int = 16,
        *,
        sampling: str = "uniform",
        step_seconds: float | None = None,
        target_size: int | None = None,
    ) -> VideoClip:
        """Read one cell.

        Parameters
        ----------
        cell : path, bytes, binary file object, VideoClip, (frames, frames_per_second) or frames
            The video.
        n_frames : int, default=16
            Number of frames, at most.
        sampling : {"uniform", "stride", "keyframes"}, default="uniform"
            Which frames: ``"uniform"`` takes those in the middle of `n_frames` equal parts of the
            video, some of them twice where it has fewer; ``"stride"`` one every `step_seconds`
            from the start; ``"keyframes"`` those that the file stores whole, spread over the
            video, which is by far the fastest in long files. The last two give fewer frames where
            the video has fewer.
        step_seconds : float, default=None
            Time from one frame to the next with ``sampling="stride"``.
        target_size : int, default=None
            Pixels along the shorter side to which larger frames of files are shrunk as they are
            decoded. None keeps the size. Frames of arrays keep theirs.

        Returns
        -------
        clip : VideoClip
            The frames, with their times.

        Raises
        ------
        ReadError
            If the cell is no accepted video, is damaged, or is over a limit.
        ValueError
            If a parameter is not accepted.
        MissingDependencyError
            If a file is to be read and PyAV is not installed.
        """
        sampled = Sampling(n_frames, sampling, step_seconds)
        (clip,) = self._clips(cell, sampled, in_whole(sampled), target_size)
        return clip

    def read_windows(
        self,
        cell: Any,
        window_length: float,
        hop_length: float | None = None,
        *,
        n_frames: int = 16,
        sampling: str = "uniform",
        step_seconds: float | None = None,
        target_size: int | None = None,
    ) -> Iterator[VideoClip]:
        """Read frames of each window of one cell, in one pass over it.

        Parameters
        ----------
        cell : path, bytes, binary file object, VideoClip, (frames, frames_per_second) or frames
            The video.
        window_length : float
            Seconds in a window. A shorter video is one window.
        hop_length : float, default=None
            Seconds from the start of one window to the start of the next; None is half of
            `window_length`. The last window ends with the video.
        n_frames : int, default=16
            As in :meth:`read`, for each window.
        sampling : {"uniform", "stride", "keyframes"}, default="uniform"
            As in :meth:`read`, for each window.
        step_seconds : float, default=None
            As in :meth:`read`.
        target_size : int, default=None
            As in :meth:`read`.

        Yields
        ------
        clip : VideoClip
            The frames of a window, with times from its start. One that was on the screen
            already has the time 0.

        Raises
        ------
        ReadError
            As in :meth:`read`, but perhaps only after the windows that could be read.
        ValueError
            If a parameter is not accepted.
        MissingDependencyError
            If a file is to be read and PyAV is not installed.
        """
        check_windows(window_length, hop_length, self.window_unit)
        sampled = Sampling(n_frames, sampling, step_seconds)
        choice = in_windows(sampled, window_length, hop_length)
        yield from self._clips(cell, sampled, choice, target_size)

    def _clips(
        self, cell: Any, sampling: Sampling, choice: Choice, target_size: int | None
    ) -> Iterator[VideoClip]:
        self.check_parameters()
        sampling.check()
        if isinstance(cell, VideoClip):
            yield from self._from_clip(cell, choice)
        elif isinstance(cell, tuple):
            yield from self._from_array(*check_pair(cell), choice)
        elif isinstance(cell, np.ndarray):
            yield from self._from_array(*check_bare(cell), choice)
        elif is_source(cell):
            yield from self._from_file(cell, choice, target_size)
        else:
            raise ReadError(
                f"not a video: {type(cell).__name__}; accepted are a path, bytes, a binary file "
                "object, (frames, frames_per_second) or frames",
                "check",
            )

    def _from_file(self, cell: Any, choice: Choice, target_size: int | None) -> Iterator[VideoClip]:
        with open_cell(cell, root=self.root, max_bytes=self.max_bytes) as file:
            with opened(file, self.max_pixels) as (container, stream):
                index = read_index(container, stream, file, self.max_seconds, self.max_frames)
            windows = choice(index.times_seconds, index.duration_seconds, index.is_key)
            wanted = np.unique(np.concatenate([window.numbers for window in windows]))
            with opened(file, self.max_pixels) as (container, stream):
                frames = decode_frames(
                    container, stream, index, wanted, target_size, self.max_decode_seconds
                )
                yield from clips_of(windows, wanted, frames)

    def _from_array(self, frames: np.ndarray, rate: float, choice: Choice) -> Iterator[VideoClip]:
        check_pixels(frames.shape[2], frames.shape[1], self.max_pixels)
        duration = len(frames) / rate
        check_duration(duration, self.max_seconds)
        check_frames(len(frames), self.max_frames)
        for window in choice(np.arange(len(frames)) / rate, duration, None):
            chosen = to_rgb(frames[window.numbers])
            yield VideoClip(chosen, window.times_seconds, window.duration_seconds)

    def _from_clip(self, clip: VideoClip, choice: Choice) -> Iterator[VideoClip]:
        check_pixels(clip.width, clip.height, self.max_pixels)
        check_duration(clip.duration_seconds, self.max_seconds)
        for window in choice(clip.times_seconds, clip.duration_seconds, None):
            chosen = clip.frames[window.numbers]
            yield VideoClip(chosen, window.times_seconds, window.duration_seconds)
