"""Tiny archives on a file:// mirror, in the place of the real ones."""

import hashlib
import io
import tarfile
from dataclasses import replace

import pytest


@pytest.fixture
def make_mirror(tmp_path):
    """Write an archive of {name: content} and return (archive with its checksum, mirror URL)."""

    def make(archive, members):
        mirror = tmp_path / "mirror"
        mirror.mkdir()
        file = mirror / archive.file_name
        with tarfile.open(file, "w:gz") as tar:
            for name, content in members.items():
                header = tarfile.TarInfo(name)
                header.size = len(content)
                tar.addfile(header, io.BytesIO(content))
        checksum = hashlib.sha256(file.read_bytes()).hexdigest()
        return replace(archive, sha256=checksum), mirror.as_uri()

    return make
