import io
import os
import threading
from pathlib import Path

import pytest

from mmsk._files import is_source, open_cell
from mmsk.exceptions import ReadError

CONTENT = b"0123456789"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "cell").write_bytes(CONTENT)
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "root"


def read(cell, root=None, max_bytes=100):
    with open_cell(cell, root=root, max_bytes=max_bytes) as file:
        return file.read()


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("kind", [str, Path])
def test_path(folder, kind):
    assert read(kind(folder / "cell")) == CONTENT


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_content(kind):
    assert read(kind(CONTENT)) == CONTENT


def test_file_object_is_read_from_its_start_and_stays_open(folder):
    with open(folder / "cell", "rb") as file:
        file.read(4)
        assert read(file) == CONTENT
        assert read(file) == CONTENT


def test_root_is_where_relative_paths_start(folder):
    assert read("cell", root=folder) == CONTENT
    assert read(str(folder / "cell"), root=folder) == CONTENT
    assert read("../root/cell", root=str(folder)) == CONTENT


@pytest.mark.parametrize("path", ["../secret", "link", "folder_link/secret"])
def test_nothing_leaves_root(folder, path):
    (folder / "link").symlink_to(folder.parent / "secret")
    (folder / "folder_link").symlink_to(folder.parent)
    with pytest.raises(ReadError, match="the path leaves root="):
        read(path, root=folder)
    with pytest.raises(ReadError, match="the path leaves root="):
        read(str(folder.parent / "secret"), root=folder)


def test_link_inside_root_is_followed(folder):
    (folder / "link").symlink_to(folder / "cell")
    assert read("link", root=folder) == CONTENT


def test_loop_of_links(folder):
    (folder / "loop").symlink_to(folder / "loop")
    for root in (None, folder):
        with pytest.raises(ReadError, match=r"cannot be opened|leaves root"):
            read(folder / "loop", root=root)


@pytest.mark.parametrize(
    "url", ["http://host/a.png", "HTTPS://host/a", "file:///etc/passwd", "s3://b/k", "file:/etc"]
)
@pytest.mark.parametrize("kind", [str, Path])
def test_urls_are_refused(url, kind):
    with pytest.raises(ReadError, match="remote input is off"):
        read(kind(url))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "the path is empty; use None for a missing cell"),
        ("a\0b", "NUL character"),
        ("a\ud800b", "not valid UTF-8"),
        ("x" * 5000, "cannot be opened: File name too long"),
        ("nowhere/cell", "no such file .relative paths start from"),
        ("/nowhere/cell", "no such file$"),
    ],
    ids=["empty", "nul", "surrogate", "long", "relative", "absolute"],
)
def test_paths_that_name_nothing(path, message):
    with pytest.raises(ReadError, match=message) as caught:
        read(path)
    assert caught.value.stage == "check"


def test_path_of_bytes_is_refused():
    class BytesPath:
        def __fspath__(self):
            return b"cell"

    with pytest.raises(ReadError, match="a path must be text"):
        read(BytesPath())


def test_file_as_folder(folder):
    with pytest.raises(ReadError, match="cannot be opened: Not a directory"):
        read(folder / "cell" / "cell")


def test_what_is_no_regular_file_is_refused_at_once(folder):
    os.mkfifo(folder / "fifo")
    before = descriptors()
    for path in (folder, folder / "fifo", "/dev/zero"):
        with pytest.raises(ReadError, match="not a regular file"):
            read(path)
    assert descriptors() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_no_permission(folder):
    (folder / "cell").chmod(0)
    with pytest.raises(ReadError, match="cannot be opened: Permission denied"):
        read(folder / "cell")


@pytest.mark.parametrize("form", ["path", "bytes", "object"])
def test_size_limits(folder, form):
    def cell(content):
        (folder / "sized").write_bytes(content)
        return {"path": folder / "sized", "bytes": content, "object": io.BytesIO(content)}[form]

    assert read(cell(CONTENT), max_bytes=10) == CONTENT
    with pytest.raises(ReadError, match="10 bytes, over max_bytes=9"):
        read(cell(CONTENT), max_bytes=9)
    with pytest.raises(ReadError, match=r"empty file \(0 bytes\)"):
        read(cell(b""))


def test_refused_files_are_closed(folder):
    before = descriptors()
    with pytest.raises(ReadError, match="over max_bytes"):
        read(folder / "cell", max_bytes=1)
    assert descriptors() == before


def test_file_objects_that_cannot_be_read():
    closed = io.BytesIO(CONTENT)
    closed.close()
    with pytest.raises(ReadError, match="the file object cannot be read: I/O operation on closed"):
        read(closed)
    with pytest.raises(ReadError, match="not binary: open it with mode 'rb'"):
        read(io.StringIO("text"))


class Endless:
    """A file object without end, which gives a few bytes at a time."""

    def seek(self, place):
        return place

    def read(self, n_bytes):
        return bytes(min(n_bytes, 3))


def test_endless_file_objects_are_bounded(monkeypatch):
    with pytest.raises(ReadError, match="1,001 bytes, over max_bytes=1,000"):
        read(Endless(), max_bytes=1000)
    monkeypatch.setattr("mmsk._files.MOST_SECONDS", 0.01)
    with pytest.raises(ReadError, match=r"gave [\d,]+ bytes within 0.01 seconds, and no end"):
        read(Endless(), max_bytes=10**12)


def test_file_objects_of_what_is_no_regular_file_are_refused(folder):
    reason = "not a file object of a regular file"
    with open("/dev/zero", "rb") as endless, pytest.raises(ReadError, match=reason):
        read(endless)
    os.mkfifo(folder / "fifo")
    pipe = os.open(folder / "fifo", os.O_RDWR)  # reading it would wait for ever
    with os.fdopen(pipe, "rb", buffering=0) as waiting, pytest.raises(ReadError, match=reason):
        read(waiting)


class SlowFile(io.BytesIO):
    """A file object that lets other threads in between seeking and reading."""

    def seek(self, *args):
        position = super().seek(*args)
        threading.Event().wait(0.005)
        return position


def test_one_file_object_in_two_threads():
    shared = SlowFile(CONTENT)
    contents = []
    threads = [threading.Thread(target=lambda: contents.append(read(shared))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents == [CONTENT] * 4


@pytest.mark.parametrize("cell", ["path", Path("path"), b"", bytearray(), io.BytesIO()])
def test_is_source(cell):
    assert is_source(cell)


@pytest.mark.parametrize("cell", [7, None, ["path"], object()])
def test_is_no_source(cell):
    assert not is_source(cell)
