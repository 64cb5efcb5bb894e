"""Video of a made-up row: a ball that rolls for the class, flashes for the piece, grain."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from mmsk._optional import import_optional
from mmsk.datasets._evidence import Evidence

WIDTH, HEIGHT = 64, 48
RATE = 12
N_FRAMES = 16
RADIUS = 6.0
PIXELS_A_FRAME = 2.0
GRAIN = 4.0


def render_video(evidence: Evidence, rng: np.random.Generator, path: Path) -> None:
    """Film 16 frames of 64 x 48 pixels at 12 a second and write them as MPEG-4 in .mp4.

    Parameters
    ----------
    evidence : Evidence
        `shown` chooses the direction in which a ball rolls, `piece` how often the light flashes.
    rng : Generator
        Chooses shades, place, speed, moments and grain.
    path : Path
        File to write. Needs PyAV.
    """
    frames = np.full((N_FRAMES, HEIGHT, WIDTH, 3), rng.uniform(60, 90, 3))
    frames += rng.normal(0, GRAIN, frames.shape)
    if evidence.shown is not None:
        _roll_a_ball(frames, 2 * np.pi * evidence.shown / evidence.n_classes, rng)
    if evidence.piece is not None:
        frames[_flashes(evidence.piece + 1, rng)] += rng.uniform(50, 70)
    _write(path, np.clip(np.rint(frames), 0, 255).astype(np.uint8))


def _roll_a_ball(frames: np.ndarray, direction: float, rng: np.random.Generator) -> None:
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    step = PIXELS_A_FRAME * rng.uniform(0.8, 1.2) * np.array([np.cos(direction), np.sin(direction)])
    centre = np.array([WIDTH, HEIGHT]) / 2 + rng.uniform(-4, 4, 2)
    shade = rng.uniform(180, 230, 3)
    for number, frame in enumerate(frames):
        across, down = centre + step * (number - N_FRAMES / 2)
        frame[np.hypot(x - across, y - down) < RADIUS] = shade


def _flashes(n_flashes: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of the bright frames, one at some place in each of so many equal stretches."""
    places = np.arange(n_flashes) + rng.uniform(0.2, 0.8, n_flashes)
    return np.unique((places * N_FRAMES / n_flashes).astype(int))


def _write(path: Path, frames: np.ndarray) -> None:
    av = import_optional("av", needed_for="make_multimodal with videos", extra="video")
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=RATE, options={"qscale": "3", "flags": "+bitexact"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, "rgb24")
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
