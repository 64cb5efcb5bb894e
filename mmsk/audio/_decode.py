"""From an open sound file to blocks of float32 samples, within limits."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, BinaryIO

import numpy as np
import soundfile

from mmsk.audio._completeness import check_complete
from mmsk.audio._mono import MOST_CHANNELS
from mmsk.audio._mpeg import count_frames
from mmsk.audio._stderr import quiet_mpeg
from mmsk.exceptions import ReadError

LOWEST_RATE, HIGHEST_RATE = 100, 768_000
FORMATS = ("WAV", "WAVEX", "RF64", "AIFF", "AU", "FLAC", "OGG", "MP3")
# An MP3 header counts the encoder's padding, so a few frames may be missing at the end.
_LEAST_OF_MP3 = 0.95
_VALUES_AT_ONCE = 2**18
_UNKNOWN_FRAMES = 2**63 - 1  # of FLAC from a pipe; soundfile fails at its end
_CLEARER = {"Internal error : SF_INFO struct incomplete": "its header has no sample rate"}
_NOT_MPEG = (b"RIFF", b"RF64", b"FORM", b".snd", b"fLaC", b"OggS")


@contextmanager
def opened_sound(
    file: BinaryIO, max_seconds: float, max_values: int | None = None
) -> Iterator[tuple[int, Iterator[np.ndarray]]]:
    """Open a sound file, to be decoded block by block.

    Memory is bounded by a block of 2**18 values, whatever the header says.

    Parameters
    ----------
    file : binary file object
        A file on disk, or a BytesIO; positioned at its start.
    max_seconds : float
        Longest accepted sound.
    max_values : int, default=None
        Most samples of one channel; None is no limit.

    Yields
    ------
    sample_rate : int
        In Hz.
    blocks : iterator of ndarray of shape (n_samples, n_channels), dtype float32
        The sound. It ends in a ReadError where the file is damaged, truncated or too long.

    Raises
    ------
    ReadError
        If the file is no accepted sound, is seen to be truncated, or is over the limit.
    """
    head = file.read(4)
    check_complete(file)
    # Not around the whole, since other parts of the process may write while blocks are used.
    quiet = nullcontext() if head in _NOT_MPEG else quiet_mpeg
    counted = None if head in _NOT_MPEG else count_frames(file)
    if counted is not None:
        check_length(counted.n_samples, counted.first.sample_rate, max_seconds, max_values)
        file = counted.with_length(file)
    with quiet:
        sound = _opened(file)
    try:
        check_sound(sound.samplerate, sound.channels)
        if sound.frames == _UNKNOWN_FRAMES:
            raise ReadError("a FLAC file whose header has no length: convert it anew", "check")
        check_length(sound.frames, sound.samplerate, max_seconds, max_values)
        yield sound.samplerate, _blocks(sound, max_seconds, max_values, quiet)
    finally:
        with quiet:
            sound.close()


def check_sound(rate: int, channels: int) -> None:
    """Raise ReadError for a rate or a number of channels that is not accepted."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ReadError(f"sample rate of {rate} Hz, not in {LOWEST_RATE}..{HIGHEST_RATE}", "check")
    if not 1 <= channels <= MOST_CHANNELS:
        raise ReadError(f"{channels} channels, not in 1..{MOST_CHANNELS}", "check")


def check_length(frames: int, rate: int, max_seconds: float, max_values: int | None) -> None:
    """Raise ReadError for a length that is not accepted."""
    if frames == 0:
        raise ReadError("empty audio: 0 frames", "check")
    if frames > max_seconds * rate:
        raise ReadError(f"{frames / rate:,.1f} seconds, over max_seconds={max_seconds:g}", "check")
    if max_values is not None and frames > max_values:
        raise ReadError(f"{frames:,} samples, over max_values={max_values:,}", "check")


class _Content(io.BytesIO):
    """Bytes whose `seek` never raises: an error inside libsndfile's callback is printed."""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


def _opened(file: BinaryIO) -> Any:
    # libsndfile reads a file on disk by itself, without a call back into Python per block. It
    # starts where the descriptor stands, which is behind what Python has buffered.
    source = _Content(file.getvalue()) if isinstance(file, io.BytesIO) else file.fileno()
    if isinstance(source, int):
        os.lseek(source, 0, os.SEEK_SET)
    try:
        sound = soundfile.SoundFile(source, closefd=False)
    except Exception as error:
        raise ReadError(
            f"not an audio file that libsndfile reads: {_reason(error)}", "decode", cause=error
        ) from error
    if sound.format not in FORMATS:
        sound.close()
        raise ReadError(
            f"format {sound.format} is not allowed; accepted are {', '.join(FORMATS)}", "check"
        )
    return sound


def _blocks(
    sound: Any, max_seconds: float, max_values: int | None, quiet: Any
) -> Iterator[np.ndarray]:
    at_once = _VALUES_AT_ONCE // sound.channels
    read = 0
    while True:
        try:
            with quiet:
                block = sound.read(at_once, dtype="float32", always_2d=True)
        except Exception as error:
            raise ReadError(
                f"damaged after {read} of {sound.frames} frames: {_reason(error)}",
                "decode",
                cause=error,
            ) from error
        if not len(block):
            break
        read += len(block)
        check_length(read, sound.samplerate, max_seconds, max_values)
        yield block
    if read < sound.frames * (_LEAST_OF_MP3 if sound.format == "MP3" else 1):
        raise ReadError(f"truncated: {read} of {sound.frames} frames", "decode")


def _reason(error: Exception) -> str:
    reason = str(getattr(error, "error_string", error)).rstrip(". ")
    return _CLEARER.get(reason, reason)
