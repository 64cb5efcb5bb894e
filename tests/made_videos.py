"""Small videos, and files of them, made with PyAV."""

from fractions import Fraction

import av
import numpy as np

RATE = 30


def moving_square(n_frames=60, height=48, width=64):
    """A bright square that moves right by one pixel a frame, on a ground that gets brighter."""
    frames = np.zeros((n_frames, height, width, 3), dtype=np.uint8)
    for number, frame in enumerate(frames):
        frame[:] = [40 + 2 * number, 60, 90]
        left = number % (width - 10)
        frame[10:20, left : left + 10] = [250, 240, 200]
    return frames


def write_video(
    path,
    frames,
    rate=RATE,
    codec="libx264",
    pixels="yuv420p",
    options=None,
    container=None,
    start=0,
):
    """Write frames (n, height, width, 3) as a file; the format follows the suffix.

    `start` is the number of the first frame, from which its time follows.
    """
    with av.open(str(path), "w", options=container or {}) as file:
        stream = file.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        for number, frame in enumerate(frames, start):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            picture.pts, picture.time_base = number, Fraction(1, rate)
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    return path
