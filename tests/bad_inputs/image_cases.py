"""Bad pictures."""

import io
import struct
import zlib
from functools import cache

import numpy as np
import PIL.Image
from bad_inputs.harness import Case, Subject

from mmsk import ColorHistogramEmbedder
from mmsk.image import ImageReader


def encoded(pixels, kind="PNG", **options):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def noise(height=8, width=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@cache
def _good():
    arrays = [noise(seed=seed) for seed in range(1, 7)]  # quicker than files
    return [*arrays, encoded(noise(seed=7)), encoded(noise(seed=8), "JPEG")]


def histogram(**parameters):
    return ColorHistogramEmbedder(8, color_space="rgb", bins=4, grid=1, batch_size=8, **parameters)


PICTURES = Subject("picture", histogram, _good)


def written(name, content):
    """Make a cell that is the path of a file with this content."""

    def make(folder):
        path = folder / name
        path.write_bytes(content)
        return str(path)

    return make


CASES = [
    Case(
        1,
        "path of no file",
        PICTURES,
        lambda folder: str(folder / "7.png"),
        message="no such file",
        cause=FileNotFoundError,
    ),
    Case(13, "upright", PICTURES, lambda folder: noise(), "accepted", same_as=lambda f: noise()),
]
ELSEWHERE = []
