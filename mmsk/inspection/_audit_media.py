"""What an audit looks for in pictures, sounds, videos and series, once they can be read."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from typing import Any

import numpy as np
import PIL.Image

from mmsk._files import is_source, open_cell
from mmsk.audio import AudioReader
from mmsk.extraction._digest import digest_cell
from mmsk.image import ImageReader
from mmsk.image._formats import open_picture
from mmsk.inspection._audit_look import Look
from mmsk.inspection._audit_names import HEAD_BYTES, wrong_suffix
from mmsk.samples import Series
from mmsk.series import SeriesReader
from mmsk.video import VideoReader

SIDE_LOOKED_AT = 64  # pixels along the shorter side are enough to see that there is nothing
LEAST_SIDE = 8
LEAST_RANGE = 10  # grey levels; noise of a camera in the dark is about this
SHARE_OVERLOOKED = 1e-3  # of the pixels, dark ones and bright ones each
LEAST_MOVEMENT = 0.5  # grey levels, from frame to frame on average
LEAST_SECONDS = 0.025  # one frame of a spectrum
SILENCE = 1e-3  # of full scale: -60 dB
FULL_SCALE = 0.999
LARGEST_SHARE_AT_FULL_SCALE = 1e-3
FAR_BEYOND_FULL_SCALE = 2.0
CANCELLING = "The channels of a sound cancel each other"


def look_at_picture(reader: ImageReader, cell: Any) -> Look:
    """Read a picture; tell its pixels, and whether there is anything to see."""
    pixels = reader.read(cell, SIDE_LOOKED_AT).pixels
    width, height = _picture_size(reader, cell, pixels)
    odd = _odd_name(reader, cell)
    if min(width, height) < LEAST_SIDE:
        odd.append(f"only {width} x {height} pixels")
    elif _range(pixels) < LEAST_RANGE:
        odd.append("nearly one colour all over")
    return Look(_digest(reader, cell, pixels), float(width * height), odd=tuple(odd))


@contextmanager
def cancelling_is_an_error() -> Iterator[None]:
    """Make the reader's warning an error, which tells the cell that it is about.

    Filters hold for the whole process, and contexts of several threads would leave those of each
    other behind: enter it once, where the threads are started.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=CANCELLING)
        yield


def look_at_sound(reader: AudioReader, cell: Any) -> Look:
    """Read a sound; tell its length, and whether it is silent, constant or clipped."""
    # The main thread reads alone, also that of a process in which cells are decoded.
    is_alone = threading.current_thread() is threading.main_thread()
    try:
        with cancelling_is_an_error() if is_alone else nullcontext():
            clip = reader.read(cell)
    except UserWarning as warning:
        if not str(warning).startswith(CANCELLING):
            raise
        return Look(_digest(reader, cell), odd=(*_odd_name(reader, cell), CANCELLING.lower()))
    odd = _odd_name(reader, cell) + _odd_samples(clip.samples)
    if clip.duration_seconds < LEAST_SECONDS:
        odd.append(f"only {1000 * clip.duration_seconds:.3g} ms long")
    digest = _digest(reader, cell, clip.samples, clip.sample_rate)
    return Look(digest, clip.duration_seconds, odd=tuple(odd))


def look_at_video(reader: VideoReader, cell: Any) -> Look:
    """Read frames of a video; tell its length, and whether anything moves."""
    clip = reader.read(cell, target_size=SIDE_LOOKED_AT)
    odd = _odd_name(reader, cell)
    frames = clip.frames.astype(np.float32)
    if len(np.unique(clip.times_seconds)) == 1:
        odd.append("a single frame")
    elif max(np.abs(new - old).mean() for old, new in pairwise(frames)) < LEAST_MOVEMENT:
        odd.append("nothing moves")
    if all(_range(frame) < LEAST_RANGE for frame in clip.frames):
        odd.append("nearly one colour all over")
    digest = _digest(reader, cell, clip.frames, clip.times_seconds.tolist())
    return Look(digest, clip.duration_seconds, odd=tuple(odd))


def look_at_series(reader: SeriesReader, cell: Any) -> Look:
    """Read a series; tell its points and channels, and which of these never change."""
    series = reader.read(cell)
    odd = _odd_name(reader, cell)
    still = np.flatnonzero(np.ptp(series.values, axis=0) == 0).tolist()
    if len(still) == series.n_channels:
        odd.append("constant")
    elif still:
        odd.append(f"constant in {', '.join(_channel(series, place) for place in still)}")
    digest = _digest(reader, cell, series.values, (series.sample_rate, series.channels))
    return Look(digest, float(series.n_points), _channels(series), tuple(odd))


def _picture_size(reader: ImageReader, cell: Any, pixels: np.ndarray) -> tuple[int, int]:
    """Width and height as the file says: a large JPEG was decoded at a part of its size."""
    if not is_source(cell):
        return pixels.shape[1], pixels.shape[0]
    with open_cell(cell, root=reader.root, max_bytes=reader.max_bytes) as file:
        return open_picture(file)[0].size


def _range(pixels: np.ndarray) -> int:
    """Return the grey levels between almost all of the pixels, in the channel with most."""
    counts = np.array(PIL.Image.fromarray(pixels).histogram()).reshape(3, 256)
    shares = np.cumsum(counts, axis=1) / counts.sum(axis=1, keepdims=True)
    low = np.argmax(shares > SHARE_OVERLOOKED, axis=1)
    high = np.argmax(shares >= 1 - SHARE_OVERLOOKED, axis=1)
    return int((high - low).max())


def _odd_samples(samples: np.ndarray) -> list[str]:
    low, high = float(samples.min()), float(samples.max())
    peak = max(-low, high)
    if peak < SILENCE:
        return ["silent"]
    if high - low < SILENCE:
        return ["constant"]
    if peak > FAR_BEYOND_FULL_SCALE:
        return [f"samples up to {peak:.3g}, where full scale is 1"]
    share = float(np.mean(np.abs(samples) >= FULL_SCALE))
    if share > LARGEST_SHARE_AT_FULL_SCALE:
        return [f"clipped: {share:.1%} of the samples are at full scale"]
    return []


def _channel(series: Series, place: int) -> str:
    return f"channel {place}" if series.channels is None else repr(series.channels[place])


def _channels(series: Series) -> str:
    if series.channels is None:
        return f"{series.n_channels} channel{'s' if series.n_channels > 1 else ''}"
    return f"channels {', '.join(map(repr, series.channels))}"


def _odd_name(reader: Any, cell: Any) -> list[str]:
    """Tell of a file whose name ends like that of another format."""
    if not isinstance(cell, str | os.PathLike):
        return []
    with open_cell(cell, root=reader.root, max_bytes=reader.max_bytes) as file:
        reason = wrong_suffix(os.fspath(cell), file.read(HEAD_BYTES))
    return [] if reason is None else [reason]


def _digest(
    reader: Any, cell: Any, values: np.ndarray | None = None, about: Any = None
) -> bytes | None:
    """Digest of the cell as the feature store has it, else of what was read from it."""
    digest = digest_cell(cell, reader.root, reader.max_bytes)
    if digest is None and values is not None:
        digest = digest_cell((values, about), None, 0)
    return digest
