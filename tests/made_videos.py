"""Small videos with and without sound, and files of them, made with PyAV."""

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


def write_sound_track(path, samples, rate, codec, layout="stereo", pictures=None):
    """Write int16 samples (n, channels) as the sound of a file, beside frames where given."""
    with av.open(str(path), "w") as file:
        if pictures is not None:
            video = file.add_stream("libvpx" if path.suffix == ".webm" else "mpeg4", rate=RATE)
            video.height, video.width = pictures[0].shape[:2]
            video.pix_fmt = "yuv420p"
        stream = file.add_stream(codec, rate=rate)
        stream.layout = layout
        kind = stream.codec_context.format.name if stream.codec_context.format else "s16"
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", layout)
        frame.sample_rate, frame.pts = rate, 0
        for part in av.AudioResampler(kind, layout, rate).resample(frame):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
        for number, picture in enumerate([] if pictures is None else pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            file.mux(video.encode(frame))
        if pictures is not None:
            file.mux(video.encode(None))
    return path
