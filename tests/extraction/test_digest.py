import io
import os
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mmsk.exceptions import ReadError
from mmsk.extraction import _digest
from mmsk.extraction._digest import digest_cell, digest_text

ANY = (None, 2**20)


def aged(path, content=b"content", seconds=10.0):
    """Write a file and let it look old; the change of its state cannot be dated back."""
    path.write_bytes(content)
    then = time.time_ns() - int(seconds * 1e9)
    os.utime(path, ns=(then, then))
    return path


@pytest.fixture
def read(monkeypatch):
    """Count the files that are read, where any file counts as settled."""
    opened = []

    def counting(cell, **limits):
        opened.append(cell)
        return open_cell(cell, **limits)

    open_cell = _digest.open_cell
    monkeypatch.setattr(_digest, "open_cell", counting)
    monkeypatch.setattr(_digest, "SETTLED_NS", -(10**18))
    monkeypatch.setattr(_digest, "_digests_of_files", {})
    return opened


def test_sources_of_one_content_have_one_digest(tmp_path):
    path = aged(tmp_path / "file")
    cells = [path, str(path), b"content", bytearray(b"content"), io.BytesIO(b"content")]
    with path.open("rb") as file:
        assert len({digest_cell(cell, *ANY) for cell in [*cells, file]}) == 1
    assert digest_cell(b"contents", *ANY) != digest_cell(b"content", *ANY)


def test_an_unchanged_file_is_read_once(tmp_path, read):
    path = aged(tmp_path / "file")
    first = [digest_cell(str(path), *ANY) for _ in range(3)]
    assert len(set(first)) == 1
    assert len(read) == 1


@pytest.mark.parametrize("change", ["size", "same size", "mtime kept", "replaced", "link"])
def test_a_changed_file_is_read_again(tmp_path, read, change):
    path = aged(tmp_path / "file")
    first = digest_cell(str(path), *ANY)
    old = path.stat()
    if change == "size":
        path.write_bytes(b"content and more")
    elif change == "same size":
        path.write_bytes(b"CONTENT")
    elif change == "mtime kept":
        path.write_bytes(b"CONTENT")
        os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    else:
        other = aged(tmp_path / "other", b"CONTENT")
        path.unlink()
        other.rename(path) if change == "replaced" else path.symlink_to(other)
    assert digest_cell(str(path), *ANY) != first


def test_a_file_written_to_a_moment_ago_is_read_every_time(tmp_path, read, monkeypatch):
    monkeypatch.setattr(_digest, "SETTLED_NS", 2 * 10**9)
    path = aged(tmp_path / "file")
    for _ in range(2):
        digest_cell(str(path), *ANY)
    assert len(read) == 2


def test_the_memory_of_files_is_bounded(tmp_path, read, monkeypatch):
    monkeypatch.setattr(_digest, "MOST_FILES_REMEMBERED", 2)
    for number in range(5):
        digest_cell(str(aged(tmp_path / str(number))), *ANY)
    assert len(_digest._digests_of_files) <= 2


def test_a_file_that_is_gone_is_an_error(tmp_path, read):
    path = aged(tmp_path / "file")
    digest_cell(str(path), *ANY)
    path.unlink()
    with pytest.raises(ReadError, match="no such file"):
        digest_cell(str(path), *ANY)


@pytest.mark.parametrize("max_bytes", [3, 6])
def test_a_known_file_is_refused_by_a_stricter_limit(tmp_path, read, max_bytes):
    path = aged(tmp_path / "file")
    digest_cell(str(path), None, 7)
    with pytest.raises(ReadError, match=f"7 bytes, over max_bytes={max_bytes}"):
        digest_cell(str(path), None, max_bytes)


def test_a_known_file_is_refused_outside_root(tmp_path, read):
    path = aged(tmp_path / "file")
    (tmp_path / "root").mkdir()
    digest_cell(str(path), str(tmp_path), 7)
    for cell in (str(path), "../file"):
        with pytest.raises(ReadError, match="leaves root"):
            digest_cell(cell, str(tmp_path / "root"), 7)


def test_relative_paths_follow_the_working_folder(tmp_path, read, monkeypatch):
    found = []
    for name in ("one", "two", "one"):
        (tmp_path / name).mkdir(exist_ok=True)
        if not (tmp_path / name / "file").exists():
            aged(tmp_path / name / "file", name.encode())
        monkeypatch.chdir(tmp_path / name)
        found.append(digest_cell("file", *ANY))
    assert found[0] == found[2] != found[1]


def test_arrays_differ_by_values_shape_and_type():
    array = np.arange(12, dtype=np.uint8)
    arrays = [array, array[::-1], array.reshape(3, 4), array.reshape(4, 3), array.view(np.int8)]
    arrays += [array.astype(np.uint16), array[:0], array[:0].astype(bool)]
    assert len({digest_cell(cell, *ANY) for cell in arrays}) == len(arrays)
    for cell in (array.copy(), np.repeat(array, 2)[::2]):
        assert digest_cell(cell, *ANY) == digest_cell(array, *ANY)
    square = np.arange(9).reshape(3, 3)
    assert digest_cell(np.asfortranarray(square), *ANY) == digest_cell(square, *ANY)


def test_clips_differ_by_their_rate():
    samples = np.zeros(8, dtype=np.float32)
    assert digest_cell((samples, 8000), *ANY) != digest_cell((samples, 16000), *ANY)
    assert digest_cell((samples, 8000), *ANY) != digest_cell(samples, *ANY)


def test_pictures_differ_by_what_a_reader_sees():
    grey = PIL.Image.new("L", (4, 3), 1)
    turned = grey.copy()
    turned.getexif()[0x0112] = 3
    palettes = [grey.convert("P") for _ in range(3)]
    palettes[1].putpalette([9] * 768)
    palettes[2].info["transparency"] = 1
    pictures = [grey, turned, grey.convert("RGB"), PIL.Image.new("L", (3, 4), 1), *palettes]
    assert len({digest_cell(cell, *ANY) for cell in pictures}) == len(pictures)
    assert digest_cell(grey.copy(), *ANY) == digest_cell(grey, *ANY)


@pytest.mark.parametrize("cell", [3, object(), np.array([object()]), {"a": 1}, (1, 2)])
def test_other_cells_have_no_digest(cell):
    assert digest_cell(cell, *ANY) is None


def test_texts_are_not_taken_for_bytes():
    assert digest_text("content") != digest_cell(b"content", *ANY)
    assert digest_text("é") != digest_text("e\u0301")
    assert digest_text(Path("a")) == digest_text("a")
