"""Archives of public data sets: downloaded once, checked, unpacked whole or not at all."""

from __future__ import annotations

import logging
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname


@dataclass(frozen=True)
class Archive:
    """A tar archive on the web.

    Attributes
    ----------
    name : str
        Name of its folder under the data home.
    url : str
        Where it lies.
    file_name : str
        Name of the file, on a mirror and under the data home.
    sha256 : str
        Checksum of the file.
    """

    name: str
    url: str
    file_name: str
    sha256: str


def fetch_archive(
    archive: Archive,
    *,
    data_home: str | os.PathLike | None,
    download_if_missing: bool,
    mirror: str | None,
) -> Path:
    """Return the folder with an archive's content, which is fetched where it is not there yet.

    ::

        mirror or web --checked--> <data home>/<file name> --unpacked--> <data home>/<name>/

    Each step leaves its result whole or not at all, so that an interrupted one is done again. The
    archive is deleted once it is unpacked.

    Parameters
    ----------
    archive : Archive
        What to fetch.
    data_home : str, path or None
        Folder for data sets; None is `default_data_home`.
    download_if_missing : bool
        Whether the network, or the mirror, may be used.
    mirror : str or None
        URL of a folder that holds the file instead of `Archive.url`; ``file://`` works too.

    Returns
    -------
    folder : Path
        Folder with the unpacked files.

    Raises
    ------
    OSError
        If the archive is not there and may not be or cannot be downloaded, has another checksum,
        or is no archive that can be unpacked safely. Says which file to put where.
    """
    home = default_data_home() if data_home is None else Path(data_home).expanduser().absolute()
    folder = home / archive.name
    if folder.is_dir():
        return folder
    url = archive.url if mirror is None else f"{mirror.rstrip('/')}/{archive.file_name}"
    file = home / archive.file_name
    if download_if_missing:
        _download(archive, url, file)
    else:
        _check_on_disk(archive, file)
    _unpack(file, folder)
    file.unlink(missing_ok=True)
    return folder


def default_data_home() -> Path:
    """Folder for data sets: ``MMSK_DATA_HOME``, or ``mmsk/datasets`` in the user's cache."""
    import pooch

    named = os.environ.get("MMSK_DATA_HOME")
    return Path(named).expanduser().absolute() if named else pooch.os_cache("mmsk") / "datasets"


def _download(archive: Archive, url: str, file: Path) -> None:
    import pooch

    try:
        with _quiet(pooch.get_logger()):
            pooch.retrieve(
                url,
                known_hash=archive.sha256,
                fname=file.name,
                path=file.parent,
                downloader=_copy_file if url.startswith("file://") else None,
            )
    except (OSError, ValueError) as error:  # no network, no such file; another checksum
        raise OSError(
            f"The data set {archive.name!r} could not be fetched from {url}: {error} "
            f"{_by_hand(archive, file)}"
        ) from error


def _copy_file(url: str, output_file: str, pooch: Any) -> None:
    """Download a ``file://`` URL, which pooch itself does not."""
    shutil.copyfile(url2pathname(urlsplit(url).path), output_file)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Keep pooch from telling each download on stderr."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_on_disk(archive: Archive, file: Path) -> None:
    import pooch

    if not file.is_file():
        raise OSError(
            f"The data set {archive.name!r} is not on disk and download_if_missing=False. "
            f"{_by_hand(archive, file)}"
        )
    if pooch.file_hash(str(file)) != archive.sha256:
        raise OSError(
            f"{str(file)!r} does not have the expected checksum. {_by_hand(archive, file)}"
        )


def _by_hand(archive: Archive, file: Path) -> str:
    return (
        f"By hand: download {archive.url}, put it at {str(file)!r} "
        f"(SHA-256 {archive.sha256}) and call again."
    )


def _unpack(file: Path, folder: Path) -> None:
    """Unpack beside `folder`, then rename: another process sees all of it or nothing."""
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        content = Path(beside, "content")
        try:
            with tarfile.open(file) as archive:
                archive.extractall(content, filter="data")
        except tarfile.TarError as error:
            raise OSError(f"{str(file)!r} cannot be unpacked: {error}") from error
        try:
            content.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process was faster
                raise
