"""Archives: from a mirror, checked, unpacked whole or not at all, with words that help."""

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from mmsk.datasets._download import Archive, default_data_home, fetch_archive

ARCHIVE = Archive("things", "http://127.0.0.1:9/things-1.tgz", "things-1.tgz", "0" * 64)
MEMBERS = {"things/a.txt": b"a", "things/deep/b.txt": b"b"}


def fetch(archive, home, mirror=None, download=True):
    return fetch_archive(archive, data_home=home, download_if_missing=download, mirror=mirror)


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_fetched_from_a_mirror_once(make_mirror, tmp_path, capfd):
    archive, mirror = make_mirror(ARCHIVE, MEMBERS)
    home = tmp_path / "home"
    folder = fetch(archive, home, mirror + "/")
    assert (folder / "things" / "deep" / "b.txt").read_bytes() == b"b"
    assert [path.name for path in home.iterdir()] == ["things"]
    (tmp_path / "mirror" / "things-1.tgz").unlink()
    assert fetch(archive, home, download=False) == folder
    assert capfd.readouterr() == ("", "")


def test_archive_put_there_by_hand_is_taken_without_a_network(make_mirror, tmp_path):
    archive, _ = make_mirror(ARCHIVE, MEMBERS)
    for download in (True, False):
        home = tmp_path / f"home-{download}"
        home.mkdir()
        (home / "things-1.tgz").write_bytes((tmp_path / "mirror" / "things-1.tgz").read_bytes())
        assert (fetch(archive, home, download=download) / "things" / "a.txt").is_file()


def test_not_on_disk_says_which_file_to_put_where(tmp_path):
    with pytest.raises(OSError, match=r"not on disk and download_if_missing=False") as caught:
        fetch(ARCHIVE, tmp_path, download=False)
    message = str(caught.value)
    assert ARCHIVE.url in message
    assert str(tmp_path / "things-1.tgz") in message
    assert ARCHIVE.sha256 in message


def test_no_network_says_which_file_to_put_where(tmp_path):
    with pytest.raises(OSError, match="could not be fetched from http://127") as caught:
        fetch(ARCHIVE, tmp_path / "home")
    assert f"put it at {str(tmp_path / 'home' / 'things-1.tgz')!r}" in str(caught.value)
    assert everything_in(tmp_path / "home") == []


def test_file_missing_on_the_mirror(tmp_path):
    with pytest.raises(OSError, match=r"could not be fetched from file://.*No such file"):
        fetch(ARCHIVE, tmp_path / "home", mirror=tmp_path.as_uri())


def test_wrong_checksum_from_the_mirror_leaves_nothing(make_mirror, tmp_path):
    _, mirror = make_mirror(ARCHIVE, MEMBERS)
    with pytest.raises(OSError, match=f"does not match the known hash: expected {'0' * 64}"):
        fetch(ARCHIVE, tmp_path / "home", mirror)
    assert everything_in(tmp_path / "home") == []


def test_wrong_checksum_on_disk_is_refused_and_kept(tmp_path):
    (tmp_path / "things-1.tgz").write_bytes(b"half of it")
    with pytest.raises(OSError, match="does not have the expected checksum"):
        fetch(ARCHIVE, tmp_path, download=False)
    assert everything_in(tmp_path) == ["things-1.tgz"]


def test_members_that_climb_out_are_refused(make_mirror, tmp_path):
    archive, mirror = make_mirror(ARCHIVE, {"things/a.txt": b"a", "../outside.txt": b"evil"})
    with pytest.raises(OSError, match=r"cannot be unpacked: .*outside"):
        fetch(archive, tmp_path / "home", mirror)
    assert everything_in(tmp_path / "home") == ["things-1.tgz"]
    assert not list(tmp_path.rglob("outside.txt"))


def test_links_that_lead_out_are_refused(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        link = tarfile.TarInfo("things/link")
        link.type, link.linkname = tarfile.SYMTYPE, "../../../etc"
        tar.addfile(link)
    (tmp_path / "things-1.tgz").write_bytes(buffer.getvalue())
    archive = replace(ARCHIVE, sha256=hashlib.sha256(buffer.getvalue()).hexdigest())
    with pytest.raises(OSError, match="cannot be unpacked"):
        fetch(archive, tmp_path)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / "things-1.tgz").write_bytes(b"<html>")
    archive = replace(ARCHIVE, sha256=hashlib.sha256(b"<html>").hexdigest())
    with pytest.raises(OSError, match="cannot be unpacked"):
        fetch(archive, tmp_path)
    assert everything_in(tmp_path) == ["things-1.tgz"]


def test_another_process_may_be_faster(make_mirror, tmp_path, monkeypatch):
    archive, mirror = make_mirror(ARCHIVE, MEMBERS)
    home = tmp_path / "home"
    extract = tarfile.TarFile.extractall

    def extract_while_another_finishes(self, *arguments, **keywords):
        extract(self, *arguments, **keywords)
        (home / "things" / "things").mkdir(parents=True)

    monkeypatch.setattr(tarfile.TarFile, "extractall", extract_while_another_finishes)
    assert fetch(archive, home, mirror) == home / "things"
    assert everything_in(home) == ["things", "things/things"]


def test_data_home_from_the_environment_or_the_user_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MMSK_DATA_HOME", str(tmp_path))
    assert default_data_home() == tmp_path
    monkeypatch.delenv("MMSK_DATA_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_data_home().parts[-2:] == ("mmsk", "datasets")
    with pytest.raises(OSError, match="not on disk"):
        fetch_archive(ARCHIVE, data_home=None, download_if_missing=False, mirror=None)
    assert not (Path(default_data_home()) / "things").exists()
