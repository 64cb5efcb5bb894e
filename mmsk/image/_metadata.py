"""A limit to what a picture may carry beside its pixels, which Pillow reads whole."""

from __future__ import annotations

from typing import Any, BinaryIO

from PIL.PngImagePlugin import PngImageFile

from mmsk.exceptions import ReadError

# Profiles take up to 4 MB, extended XMP of phones about 10 MB. Pillow holds up to four copies of
# what it reads here, and adds up segments of EXIF in a time that grows with their square.
MOST_BYTES = 2**24
MOST_READS = 100_000


class LimitedFile:
    """A file that refuses to give too much while its metadata are read, then all of it.

    Parameters
    ----------
    file : binary file object
        Where it reads from; what is asked of it beside `read` is passed on.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.limit()

    def limit(self) -> None:
        """Count from here."""
        self._n_bytes = self._n_reads = 0
        self._limited = True

    def unlimit(self) -> None:
        """Give what is asked for from here on."""
        self._limited = False

    def read(self, n_bytes: int = -1) -> bytes:
        """Read, or raise ReadError where that exceeds the limit."""
        content = self._file.read(n_bytes)
        if self._limited:
            self._n_bytes += len(content)
            self._n_reads += 1
            if self._n_bytes > MOST_BYTES or self._n_reads > MOST_READS:
                raise ReadError(
                    f"more than {MOST_BYTES:,} bytes or {MOST_READS:,} pieces of metadata beside "
                    "the pixels: save the picture without them",
                    "check",
                )
        return content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class LimitedPng(PngImageFile):
    """A PNG whose metadata behind the pixels are limited, too."""

    def load_end(self) -> None:
        """Read what follows the pixels."""
        if isinstance(self.fp, LimitedFile):
            self.fp.limit()
        super().load_end()
