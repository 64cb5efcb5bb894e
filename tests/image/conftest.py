"""Pictures for the tests of the image room."""

import io

import numpy as np
import PIL.Image
import pytest


@pytest.fixture
def pixels():
    """A picture with corners of four colours and some texture, 48 x 64."""
    rng = np.random.default_rng(0)
    corners = np.array([[[220, 30, 30], [30, 220, 30]], [[30, 30, 220], [200, 200, 60]]])
    plain = np.kron(corners, np.ones((24, 32, 1), dtype=int))
    return (plain + rng.integers(-20, 20, size=plain.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def encode():
    """Encode pixels or a Pillow picture: encode(pixels, "PNG", **options) -> bytes."""

    def encoded(picture, kind, **options):
        if isinstance(picture, np.ndarray):
            picture = PIL.Image.fromarray(picture)
        file = io.BytesIO()
        picture.save(file, kind, **options)
        return file.getvalue()

    return encoded
