"""The reader of the sound of videos, for the extractors of sounds."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO

from mmsk.audio import AudioReader
from mmsk.video._track import opened_track

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np


class SoundTrackReader(AudioReader):
    """Read the sound of videos, so that every extractor of sounds takes a column of videos.

    Accepted files are those of :class:`~mmsk.video.VideoReader`: MP4 and MOV, Matroska and WebM,
    AVI, MPEG-TS and MPEG-PS, as a path, bytes or a binary file object; the content decides, not
    the name. They need the package ``av`` (``pip install 'mmsk[video]'``). Of several sounds the
    one that FFmpeg takes for the main one is read, with whatever decoder belongs to it. Then all
    is as in :class:`~mmsk.audio.AudioReader`: channels are mixed, values scaled, rates changed by
    the same code, and an :class:`~mmsk.samples.AudioClip` or a pair ``(samples, sample_rate)`` is
    accepted, too.

    A video without sound is refused as "no audio stream"; with ``on_error="missing"`` and a
    `max_bad_fraction` that allows for their number, the extractor takes them as missing.

    Parameters
    ----------
    max_seconds : float, default=600
        Longest accepted sound, checked against the header where it tells, and while decoding. Of
        what is read in windows only one is held.
    min_seconds : float, default=0
        Shortest accepted sound.
    max_bytes : int, default=2_000_000_000
        Largest file, in bytes. A file object is read into memory whole.
    root : str or path, default=None
        Folder from which relative paths start and which no path may leave. None reads any file.
    max_values : int, default=60_000_000
        Most samples of one channel that are held at once, as in AudioReader.

    See Also
    --------
    VideoReader : Reads frames of the same files.

    Notes
    -----
    The sound counts from its own start, which may differ a little from that of the pictures, and
    pauses that only time stamps tell of are left out. Packets that cannot be decoded are left out
    up to a tenth; more are refused. A file that ends before its header says is refused, as far as
    VideoReader sees it. As there, playlists are refused, and what a container refers to is neither
    opened nor fetched.

    Examples
    --------
    >>> from mmsk import MFCC, SoundTrackReader
    >>> sounds_of_videos = MFCC(reader=SoundTrackReader(max_seconds=60))
    >>> SoundTrackReader().read(b"RIFF    WAVE")
    Traceback (most recent call last):
        ...
    mmsk.exceptions.ReadError: not a video file; accepted are MP4, MOV, Matroska, WebM, AVI,
    MPEG-TS, MPEG-PS
    """

    def __init__(
        self,
        max_seconds: float = 600,
        min_seconds: float = 0,
        max_bytes: int = 2_000_000_000,
        root: str | os.PathLike | None = None,
        max_values: int = 60_000_000,
    ) -> None:
        super().__init__(max_seconds, min_seconds, max_bytes, root, max_values)

    def _opened_file(
        self, file: BinaryIO, max_values: int | None
    ) -> AbstractContextManager[tuple[int, Iterator[np.ndarray]]]:
        return opened_track(file, self.max_seconds, max_values)
