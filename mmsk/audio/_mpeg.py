"""The length of MP3 files whose header does not tell it, counted frame by frame.

libsndfile takes it from the size of the file and the bit rate of the first frame, and ends there:
of a file whose bit rate varies, half may be lost.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from mmsk.exceptions import ReadError

_MPEG_1 = 3  # other versions: 2 is MPEG-2, 0 is MPEG-2.5
_LAYER_3 = 1
_MONO = 3
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KILOBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
_TAGS_AT_THE_END = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")
_BYTES_BEFORE_SYNC = 2**16
_LONGEST_FRAME = 2881


@dataclass(frozen=True)
class _Frame:
    """What the 4 bytes at the start of a frame of Layer 3 say."""

    head: bytes
    is_mpeg_1: bool
    sample_rate: int
    n_bytes: int

    @property
    def n_samples(self) -> int:
        return 1152 if self.is_mpeg_1 else 576

    @property
    def bytes_before_tag(self) -> int:
        """Bytes of a frame before the tag that tells the length: head and side information."""
        is_mono = self.head[3] >> 6 == _MONO
        return 4 + ((17 if is_mono else 32) if self.is_mpeg_1 else (9 if is_mono else 17))


@dataclass(frozen=True)
class CountedSound:
    """An MP3 file of which the frames were counted.

    Attributes
    ----------
    start : int
        Place of the first frame.
    first : _Frame
        The first frame.
    n_frames : int
        Number of whole frames.
    """

    start: int
    first: _Frame
    n_frames: int

    @property
    def n_samples(self) -> int:
        """Samples of each channel."""
        return self.n_frames * self.first.n_samples

    def with_length(self, file: BinaryIO) -> io.BytesIO:
        """Return the content with a frame in front that tells the number of frames."""
        head = bytearray(self.first.head)
        head[1] |= 1  # no checksum follows
        head[2] = head[2] & 0x0D | 0x90  # a bit rate for which the frame is long enough
        tag = b"Xing" + (1).to_bytes(4, "big") + self.n_frames.to_bytes(4, "big")
        front = bytes(head).ljust(self.first.bytes_before_tag, b"\0") + tag
        file.seek(self.start)
        return io.BytesIO(front.ljust(_n_bytes(bytes(head)), b"\0") + file.read())


def count_frames(file: BinaryIO) -> CountedSound | None:
    """Count the frames of an MP3 file; None where its header tells the length, or it is none.

    Parameters
    ----------
    file : binary file object
        Its position changes.

    Raises
    ------
    ReadError
        If something else than a frame, or than what may stand at the end, follows a frame.
    """
    start = _first_frame(file)
    first = None if start is None else _frame_at(file, start)
    if start is None or first is None:
        return None
    file.seek(start)
    content = file.read(first.n_bytes)
    if any(tag in content for tag in _LENGTH_TAGS):
        return None
    size = file.seek(0, io.SEEK_END)
    place, n_frames = start, 0
    while (frame := _frame_at(file, place)) is not None and place + frame.n_bytes <= size:
        place += frame.n_bytes
        n_frames += 1
    _check_end(file, place, size, n_frames)
    return CountedSound(start, first, n_frames)


def _check_end(file: BinaryIO, place: int, size: int, n_frames: int) -> None:
    file.seek(place)
    rest = file.read(_LONGEST_FRAME)
    if _frame(rest[:4]) is None and rest.strip(b"\0") and not rest.startswith(_TAGS_AT_THE_END):
        raise ReadError(
            f"damaged: sync is lost after {n_frames} MPEG frames, at byte {place:,} of {size:,}",
            "decode",
        )


def _first_frame(file: BinaryIO) -> int | None:
    """Return where a frame begins that another one follows."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head.startswith(b"ID3") and len(head) == 10:  # its size is written in 7 bits of each byte
        start = 10 + sum(
            (byte & 127) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
    file.seek(start)
    content = file.read(_BYTES_BEFORE_SYNC)
    place = content.find(b"\xff")
    while place >= 0:
        frame = _frame(content[place : place + 4])
        if frame is not None and _frame_at(file, start + place + frame.n_bytes) is not None:
            return start + place
        place = content.find(b"\xff", place + 1)
    return None


def _frame_at(file: BinaryIO, place: int) -> _Frame | None:
    file.seek(place)
    return _frame(file.read(4))


def _frame(head: bytes) -> _Frame | None:
    """Read the start of a frame of Layer 3, None where there is none of a known length."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    kilobits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version not in _RATES or layer != _LAYER_3 or kilobits in (0, 15) or rate == 3:
        return None
    return _Frame(head, version == _MPEG_1, _RATES[version][rate], _n_bytes(head))


def _n_bytes(head: bytes) -> int:
    """Length of a frame by its head, which was checked."""
    version = head[1] >> 3 & 3
    bits = 1000 * _KILOBITS[version == _MPEG_1][head[2] >> 4]
    padding = head[2] >> 1 & 1
    return (144 if version == _MPEG_1 else 72) * bits // _RATES[version][head[2] >> 2 & 3] + padding
