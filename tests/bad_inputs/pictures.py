"""What reads bad pictures, and short ways to write cases of them."""

from functools import cache, partial

from bad_inputs.harness import Case, Subject, file, given
from made_pictures import encoded, noise

from mmsk import ColorHistogramEmbedder, HOGEmbedder, LocalBinaryPatternEmbedder
from mmsk.image._base import DescriptorExtractor

FORMATS = "accepted are JPEG, PNG, GIF, WebP, TIFF, BMP, PPM"
PIXELS = noise()
LARGE = noise(64, 64)


class Pixels(DescriptorExtractor):
    """The pixels themselves: nothing that a reader does to them can hide, and it takes no time."""

    def __init__(
        self,
        image_size=8,
        reader=None,
        on_error="raise",
        max_bad_fraction=0.1,
        batch_size=16,
        n_jobs=None,
    ):
        self.image_size = image_size
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _feature_names(self):
        return [f"pixel{number}" for number in range(3 * self.image_size**2)]

    def _describe(self, pixels):
        return pixels.ravel() / 255


@cache
def good_pictures():
    arrays = [noise(seed=seed) for seed in range(1, 7)]  # quicker than files
    return [*arrays, encoded(noise(seed=7)), encoded(noise(seed=8), "JPEG")]


PICTURES = Subject("pixels", Pixels, good_pictures)
EXTRACTORS = {
    "ColorHistogramEmbedder": partial(ColorHistogramEmbedder, 8, bins=4, grid=1),
    "HOGEmbedder": partial(HOGEmbedder, 8, pixels_per_cell=4, cells_per_block=1),
    "LocalBinaryPatternEmbedder": partial(LocalBinaryPatternEmbedder, 8, grid=1),
}
case = partial(Case, subject=PICTURES)
accepted = partial(case, outcome="accepted")


def broken(name, content, title, number, message, **options):
    options = {"stage": "decode", "cause": Exception, **options}
    return case(number, title, make=file(name, content), message=message, **options)


def flipped(content, place):
    content = bytearray(content)
    content[place] ^= 1
    return bytes(content)


def odd(number, title, cell, same, note=""):
    return accepted(number, title, make=given(cell), same_as=given(same), note=note)
