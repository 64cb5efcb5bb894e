import io
import os
import threading
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from byte_counts import ByteCounts, computed, plain_rows, write_files
from letter_counts import LetterCounts

from mmsk import config_context
from mmsk.exceptions import BadCellWarning, ReadError
from mmsk.image import HOGEmbedder

pytestmark = pytest.mark.usefixtures("store")


def test_every_row_is_computed_once_and_found_bit_for_bit(tmp_path):
    paths = write_files(tmp_path / "cells", 23)
    cells = [paths[0], None, *paths, float("nan"), paths[3]]
    extractor = ByteCounts(str(tmp_path / "log"))
    first, second = extractor.transform(cells), extractor.transform(cells[::-1])
    assert computed(tmp_path / "log") == 23
    expected = plain_rows([cell if isinstance(cell, str) else None for cell in cells])
    np.testing.assert_array_equal(first, expected)
    assert second.tobytes() == first[::-1].tobytes()
    with config_context(cache=False):
        assert extractor.transform(cells).tobytes() == first.tobytes()
    assert computed(tmp_path / "log") == 23 + 25


def test_a_new_item_is_computed_beside_those_that_are_known(tmp_path):
    paths = write_files(tmp_path / "cells", 30)
    extractor = ByteCounts(str(tmp_path / "log"))
    extractor.transform(paths[::2])
    np.testing.assert_array_equal(extractor.transform(paths), plain_rows(paths))
    assert computed(tmp_path / "log") == 30


def test_a_column_without_cells(tmp_path):
    assert ByteCounts(str(tmp_path / "log")).transform([]).shape == (0, 4)
    assert np.isnan(ByteCounts(str(tmp_path / "log")).transform([None])).all()


def test_path_bytes_and_file_object_of_one_content_are_one_item(tmp_path):
    (path,) = write_files(tmp_path / "cells", 1)
    content = Path(path).read_bytes()
    cells = [path, Path(path), content, bytearray(content), memoryview(content)]
    extractor = ByteCounts(str(tmp_path / "log"))
    rows = extractor.transform([*cells, io.BytesIO(content)])
    with open(path, "rb") as file:
        rows = np.vstack([rows, extractor.transform([file])])
    assert computed(tmp_path / "log") == 1
    np.testing.assert_array_equal(rows, plain_rows([path] * 7))


def test_equal_pictures_are_one_item_and_near_ones_are_not():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    picture = PIL.Image.fromarray(pixels)
    turned = PIL.Image.fromarray(pixels)
    turned.getexif()[0x0112] = 6
    other = pixels.copy()
    other[3, 3, 0] ^= 64
    cells = [picture, picture.copy(), turned, pixels, other, pixels.transpose(1, 0, 2)]
    found = [HOGEmbedder(32).fit_transform([cell]) for cell in cells for _ in range(2)]
    with config_context(cache=False):
        expected = [HOGEmbedder(32).fit_transform([cell]) for cell in cells for _ in range(2)]
    np.testing.assert_array_equal(found, expected)


def test_a_file_edited_afterwards_is_computed_anew(tmp_path):
    (path,) = write_files(tmp_path / "cells", 1)
    extractor = ByteCounts(str(tmp_path / "log"))
    extractor.transform([path])
    old = os.stat(path)
    Path(path).write_bytes(bytes(64))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    np.testing.assert_array_equal(extractor.transform([path]), plain_rows([path]))
    assert computed(tmp_path / "log") == 2


def test_a_file_edited_between_digest_and_reading_is_not_kept_under_the_old_content(tmp_path):
    (path,) = write_files(tmp_path / "cells", 1)
    before, log = Path(path).read_bytes(), str(tmp_path / "log")

    class Edited(ByteCounts):
        def _prepare(self, cell):
            Path(path).write_bytes(bytes(64))
            return super()._prepare(cell)

    Edited(log).transform([path])
    row = Edited(log).transform([before])
    Path(path).write_bytes(before)
    np.testing.assert_array_equal(row, plain_rows([path]))


@pytest.mark.parametrize("batch_size", [1, 2, 50])
def test_bad_cells_and_their_duplicates_become_missing(tmp_path, batch_size):
    paths = write_files(tmp_path / "cells", 20)
    bad = tmp_path / "bad.bin"
    bad.write_bytes(b"bad file")
    cells = [str(bad), *paths, str(bad), str(tmp_path / "absent"), bad.read_bytes()]
    extractor = ByteCounts(
        str(tmp_path / "log"), on_error="missing", max_bad_fraction=0.5, batch_size=batch_size
    )
    for _ in range(2):
        with pytest.warns(BadCellWarning, match="4 unreadable cells .*: rows 0, 21, 22, 23. The"):
            rows = extractor.transform(cells)
        np.testing.assert_array_equal(rows, plain_rows([None, *paths, None, None, None]))
    assert computed(tmp_path / "log") == 20


def test_bad_cells_and_their_duplicates_are_reported_together(tmp_path):
    paths = write_files(tmp_path / "cells", 6)
    bad = tmp_path / "bad.bin"
    bad.write_bytes(b"bad file")
    with pytest.raises(ReadError, match=r"^row 2 .*: the file is bad") as caught:
        ByteCounts(str(tmp_path / "log")).transform([*paths[:2], str(bad), *paths[2:], str(bad)])
    assert [error.row for error in caught.value.others] == [7]


def test_rows_of_a_pass_that_fails_are_kept(tmp_path):
    paths = write_files(tmp_path / "cells", 12)
    extractor = ByteCounts(str(tmp_path / "log"))
    with pytest.raises(ReadError, match=r"^row 12 .*: no such file"):
        extractor.transform([*paths, str(tmp_path / "absent")])
    extractor.transform(paths[:8])
    assert computed(tmp_path / "log") == 12


def test_threads_share_a_table_and_compute_every_item_once(tmp_path):
    paths = write_files(tmp_path / "cells", 40)
    extractor = ByteCounts(str(tmp_path / "log"), seconds_a_row=0.001)
    results = [None] * 4

    def work(number):
        results[number] = extractor.transform(paths[::-1] if number % 2 else paths)

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, rows in enumerate(results):
        np.testing.assert_array_equal(rows, plain_rows(paths[::-1] if number % 2 else paths))
    assert computed(tmp_path / "log") == 40


def test_strings_that_are_not_declared_are_computed_every_time(store):
    assert LetterCounts().transform(["a", "a"]).tolist() == [[1, 0, 0], [1, 0, 0]]
    assert not list(store.glob("*/keys.bin"))


def test_texts_are_kept_under_their_characters(tmp_path):
    class Texts(LetterCounts):
        _strings_are = "text"

        def _extract(self, samples):
            texts.extend(samples)
            return super()._extract(samples)

    texts = []
    for _ in range(2):
        rows = Texts().transform(["ab", "c", "ab", "", "\ud800"])
    assert texts == ["ab", "c", "", "\ud800"]
    np.testing.assert_array_equal(rows, [[1, 1, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0], [0, 0, 0]])
