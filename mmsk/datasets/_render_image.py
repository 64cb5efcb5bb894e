"""Picture of a made-up row: a coloured shape for the class, a striped ground for the piece."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mmsk.datasets._evidence import Evidence

SIZE = 64
OVERSAMPLING = 4
GRAIN = 5.0
STRIPE_CONTRAST = 38.0


def render_image(evidence: Evidence, rng: np.random.Generator, path: Path) -> None:
    """Draw a picture of 64 x 64 pixels and write it as PNG.

    Parameters
    ----------
    evidence : Evidence
        `shown` chooses the form and hue of a shape, `piece` the direction and tint of stripes
        on the ground behind it.
    rng : Generator
        Chooses place, size, turn, shades, litter and grain.
    path : Path
        File to write.
    """
    picture = Image.fromarray(_ground(evidence, rng))
    overlay = Image.new("RGBA", (SIZE * OVERSAMPLING, SIZE * OVERSAMPLING), (0, 0, 0, 0))
    pen = ImageDraw.Draw(overlay)
    _draw_litter(pen, rng)
    if evidence.shown is not None:
        _draw_shape(pen, evidence.shown, evidence.n_classes, rng)
    overlay = overlay.resize((SIZE, SIZE), Image.Resampling.BOX)
    picture.paste(overlay, mask=overlay)
    pixels = np.asarray(picture, dtype=np.float64)
    pixels = pixels + rng.normal(0, GRAIN, pixels.shape)
    Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(path, compress_level=1)


def _ground(evidence: Evidence, rng: np.random.Generator) -> np.ndarray:
    """Plain pale ground, lit from one side; striped and tinted where there is a piece."""
    x, y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    turn = rng.uniform(0, 2 * np.pi)
    light = rng.uniform(195, 215) + 12 * (x * np.cos(turn) + y * np.sin(turn)) / SIZE
    tint = np.ones(3)
    if evidence.piece is not None:
        angle = np.pi * evidence.piece / evidence.n_classes + rng.normal(0, 0.05)
        along = x * np.cos(angle) + y * np.sin(angle)
        wave = np.sin(2 * np.pi * along / rng.uniform(8, 11) + rng.uniform(0, 2 * np.pi))
        light = light + STRIPE_CONTRAST * (wave - 1)
        tint = _colour(evidence.piece / evidence.n_classes, 0.12, 1.0)
    return np.clip(light[..., None] * tint, 0, 255).astype(np.uint8)


def _colour(hue: float, saturation: float, value: float) -> np.ndarray:
    return np.asarray(colorsys.hsv_to_rgb(hue % 1.0, saturation, value))


def _draw_litter(pen: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    """Grey dots that mean nothing."""
    for _ in range(rng.integers(3, 7)):
        x, y = rng.uniform(0, SIZE * OVERSAMPLING, 2)
        radius = OVERSAMPLING * rng.uniform(1, 2.5)
        grey = int(rng.integers(90, 170))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(grey, grey, grey, 255))


def _draw_shape(
    pen: ImageDraw.ImageDraw, shown: int, n_classes: int, rng: np.random.Generator
) -> None:
    hue = shown / n_classes + rng.normal(0, 0.015)
    colour = _colour(hue, rng.uniform(0.65, 0.9), rng.uniform(0.6, 0.9))
    centre = OVERSAMPLING * rng.uniform(0.36 * SIZE, 0.64 * SIZE, 2)
    radius = OVERSAMPLING * SIZE * rng.uniform(0.22, 0.32)
    outline = _turned(OUTLINES[shown], rng.normal(0, 0.12)) * radius + centre
    fill = (*np.rint(255 * colour).astype(int).tolist(), 255)
    pen.polygon([tuple(point) for point in outline.tolist()], fill=fill)


def _turned(points: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])


def _on_circle(n_points: int, radii: tuple[float, ...] = (1.0,), stop: float = 2.0) -> np.ndarray:
    """Points around the origin, from the top, over `stop` half turns, radii in turn."""
    angle = np.pi * (np.linspace(0, stop, n_points, endpoint=stop < 2) - 0.5)
    radius = np.resize(radii, n_points)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _cross(width: float = 0.32) -> np.ndarray:
    arm = np.array([[-width, -width], [-width, -1], [width, -1]])
    return np.concatenate([_turned(arm, quarter * np.pi / 2) for quarter in range(4)])


def _arrow() -> np.ndarray:
    return np.array([[0, -1], [0.8, 0], [0.3, 0], [0.3, 1], [-0.3, 1], [-0.3, 0], [-0.8, 0]])


OUTLINES = (
    _on_circle(60) * 0.85,
    _on_circle(3),
    _on_circle(10, (1.0, 0.42)),
    _cross(),
    _turned(_on_circle(4), np.pi / 4),
    _on_circle(40, stop=1.0) - [0.4, 0.0],
    _on_circle(60) * [0.4, 1.0],
    _arrow(),
)
