import io
import pickle
import threading
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest
from sklearn.base import clone

from mmsk.exceptions import ReadError
from mmsk.image import ImageReader


def test_every_kind_of_cell_gives_the_same_picture(tmp_path, pixels, encode):
    content = encode(pixels, "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    opened = PIL.Image.open(io.BytesIO(content))
    with path.open("rb") as file:
        cells = [path, str(path), content, bytearray(content), io.BytesIO(content), file, opened]
        cells += [pixels, pixels.astype(int), pixels / 255, (pixels / 255).astype(np.float32)]
        for cell in cells:
            np.testing.assert_array_equal(ImageReader().read(cell).pixels, pixels)


def test_one_file_object_can_be_read_twice(pixels, encode):
    file = io.BytesIO(encode(pixels, "PNG"))
    ImageReader().read(file)
    assert ImageReader().read(file).pixels.shape == pixels.shape


@pytest.mark.parametrize("cell", [7, ["a.png"], {"path": "a.png"}, np.float32(1), object()])
def test_other_kinds_are_refused(cell):
    with pytest.raises(ReadError, match="accepted are a path, bytes"):
        ImageReader().read(cell)


def test_paths_that_name_no_file(tmp_path):
    empty = tmp_path / "empty.jpg"
    empty.touch()
    reasons = {
        tmp_path / "absent.jpg": "no such file",
        tmp_path: "not a regular file",
        empty: "empty file",
        "nul\0.jpg": "NUL",
        "x" * 5000: "too long",
        "\udcff.jpg": "not valid UTF-8",
        "https://example.org/a.jpg": "remote input is off",
        "file:///etc/passwd": "remote input is off",
        "s3://bucket/a.jpg": "remote input is off",
    }
    for cell, reason in reasons.items():
        with pytest.raises(ReadError, match=reason) as caught:
            ImageReader().read(cell)
        assert caught.value.stage == "check"


def test_root_confines_paths(tmp_path, pixels, encode):
    content = encode(pixels, "PNG")
    (tmp_path / "outside.png").write_bytes(content)
    root = tmp_path / "root"
    root.mkdir()
    (root / "inside.png").write_bytes(content)
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    reader = ImageReader(root=root)
    assert reader.read("inside.png").width == 64
    for cell in ["../outside.png", "link.png", tmp_path / "outside.png"]:
        with pytest.raises(ReadError, match="leaves root"):
            reader.read(cell)


def test_limits(pixels, encode):
    content = encode(pixels, "PNG")
    with pytest.raises(ReadError, match=r"64 x 48 = 3,072 pixels, over max_pixels=3,071"):
        ImageReader(max_pixels=3071).read(content)
    with pytest.raises(ReadError, match="over max_pixels"):
        ImageReader(max_pixels=3071).read(pixels)
    with pytest.raises(ReadError, match="over max_pixels"):
        ImageReader(max_pixels=3071).read(PIL.Image.fromarray(pixels))
    with pytest.raises(ReadError, match="over max_bytes=100"):
        ImageReader(max_bytes=100).read(content)
    assert ImageReader(max_pixels=3072, max_bytes=len(content)).read(content).height == 48


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 3), (7, 1, 3)])
def test_thin_pictures(shape, encode):
    cell = np.full(shape, 9, dtype=np.uint8)
    np.testing.assert_array_equal(ImageReader().read(encode(cell, "PNG"), 64).pixels, cell)
    np.testing.assert_array_equal(ImageReader().read(cell).pixels, cell)


def test_large_jpeg_is_decoded_small_and_stays_close(encode):
    ramp = np.linspace(0, 255, 800)
    large = np.stack(np.broadcast_arrays(ramp[:600, None], ramp, 255 - ramp), axis=-1)
    content = encode(large.astype(np.uint8), "JPEG", quality=95)
    whole = ImageReader().read(content)
    assert (whole.height, whole.width) == (600, 800)
    small = ImageReader().read(content, target_size=64)
    assert (small.height, small.width) == (150, 200)
    assert ImageReader().read(content, target_size=75).height == 150
    assert ImageReader().read(content, target_size=76).height == 300
    assert ImageReader().read(content, target_size=300).height == 600
    sides = (64, 64)
    whole, small = (PIL.Image.fromarray(image.pixels).resize(sides, 2) for image in (whole, small))
    assert np.abs(np.asarray(whole, dtype=float) - np.asarray(small)).mean() < 0.5


def test_pillow_pictures_keep_their_file_as_it_was(pixels, encode):
    picture = PIL.Image.open(io.BytesIO(encode(np.tile(pixels, (10, 10, 1)), "JPEG")))
    assert ImageReader().read(picture, target_size=8).height == 480
    assert picture.size == (640, 480)


def test_one_lazy_pillow_picture_in_many_threads(pixels, encode):
    picture = PIL.Image.open(io.BytesIO(encode(np.tile(pixels, (8, 8, 1)), "PNG")))
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(ImageReader().read(picture).pixels))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    for result in results:
        np.testing.assert_array_equal(result, np.tile(pixels, (8, 8, 1)))


def test_closed_pillow_picture_is_a_read_error(pixels, encode):
    picture = PIL.Image.open(io.BytesIO(encode(pixels, "PNG")))
    picture.close()
    with pytest.raises(ReadError, match="damaged PNG") as caught:
        ImageReader().read(picture)
    assert caught.value.cause is not None


def test_background_colours(encode):
    clear = np.zeros((2, 2, 4), dtype=np.uint8)
    for background, colour in [("white", 255), ("#000000", 0), ((10, 10, 10), 10)]:
        reader = ImageReader(background=background)
        for cell in (clear, encode(clear, "PNG"), PIL.Image.fromarray(clear)):
            assert (reader.read(cell).pixels == colour).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_pixels": 0}, "max_pixels=0 is not an integer of at least 1"),
        ({"max_bytes": 1.5}, "max_bytes=1.5 is not an integer"),
        ({"background": "whitish"}, "background='whitish' is not a colour name"),
        ({"background": "#ffffff80"}, "background='#ffffff80' is not"),
        ({"background": (0, 0, 256)}, r"background=\(0, 0, 256\) is not"),
        ({"background": 3}, "background=3 is not"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ImageReader(**parameters).check_parameters()


def test_reader_is_plain_state(pixels):
    reader = ImageReader(max_pixels=5000, root=Path("photos"), background="black")
    for copy in (clone(reader), pickle.loads(pickle.dumps(reader))):
        assert copy.get_params() == reader.get_params()
        assert copy.read(pixels).height == 48


def test_pillow_is_left_as_it_was(pixels, encode):
    before = PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES
    ImageReader(max_pixels=10**6).read(encode(pixels, "JPEG"), target_size=8)
    assert before == (PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES)
