"""From an open sound file to one channel of float32 samples, within limits."""

from __future__ import annotations

import io
import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any, BinaryIO

import numpy as np
import soundfile

from mmsk.audio._completeness import check_complete
from mmsk.audio._mono import MOST_CHANNELS, Mixer
from mmsk.audio._stderr import quiet_mpeg
from mmsk.exceptions import ReadError

LOWEST_RATE, HIGHEST_RATE = 100, 768_000
FORMATS = ("WAV", "WAVEX", "RF64", "AIFF", "AU", "FLAC", "OGG", "MP3")
# An MP3 header counts the encoder's padding, so a few frames may be missing at the end.
_LEAST_OF_MP3 = 0.95
_VALUES_AT_ONCE = 2**18
_NOT_MPEG = (b"RIFF", b"RF64", b"FORM", b".snd", b"fLaC", b"OggS")


def decode(file: BinaryIO, max_seconds: float) -> tuple[np.ndarray, int]:
    """Decode a sound file and mix its channels.

    Memory is bounded by the limit, not by what the header says: 4 bytes per sample of one
    channel, and one block of 2**18 values.

    Parameters
    ----------
    file : binary file object
        A file on disk, or a BytesIO; positioned at its start.
    max_seconds : float
        Longest accepted sound.

    Returns
    -------
    samples : ndarray of shape (n_samples,), dtype float32
        The mean over the channels.
    sample_rate : int
        In Hz.

    Raises
    ------
    ReadError
        If the file is no accepted sound, is damaged or truncated, or is over the limit.
    """
    head = file.read(4)
    check_complete(file)
    with nullcontext() if head in _NOT_MPEG else quiet_mpeg, _opened(file) as sound:
        check_length(sound.frames, sound.samplerate, sound.channels, max_seconds)
        mixer = Mixer()
        _read_into(mixer, sound, int(max_seconds * sound.samplerate))
        samples, rate = mixer.mixed(), sound.samplerate
        least = sound.frames * (_LEAST_OF_MP3 if sound.format == "MP3" else 1)
    if len(samples) < least:
        raise ReadError(f"truncated: {len(samples)} of {sound.frames} frames", "decode")
    return samples, rate


def check_length(frames: int, rate: int, channels: int, max_seconds: float) -> None:
    """Raise ReadError for a length, rate or number of channels that is not accepted."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ReadError(f"sample rate of {rate} Hz, not in {LOWEST_RATE}..{HIGHEST_RATE}", "check")
    if not 1 <= channels <= MOST_CHANNELS:
        raise ReadError(f"{channels} channels, not in 1..{MOST_CHANNELS}", "check")
    if frames == 0:
        raise ReadError("empty audio: 0 frames", "check")
    if frames > max_seconds * rate:
        raise ReadError(f"{frames / rate:,.1f} seconds, over max_seconds={max_seconds:g}", "check")


class _Content(io.BytesIO):
    """Bytes whose `seek` never raises: an error inside libsndfile's callback is printed."""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


def _opened(file: BinaryIO) -> AbstractContextManager[Any]:
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


def _read_into(mixer: Mixer, sound: Any, most_frames: int) -> None:
    at_once = _VALUES_AT_ONCE // sound.channels
    read = 0
    while True:
        try:
            block = sound.read(at_once, dtype="float32", always_2d=True)
        except Exception as error:
            raise ReadError(
                f"damaged after {read} of {sound.frames} frames: {_reason(error)}",
                "decode",
                cause=error,
            ) from error
        if not len(block):
            return
        read += len(block)
        if read > most_frames:
            check_length(read, sound.samplerate, sound.channels, most_frames / sound.samplerate)
        mixer.add(block)


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).rstrip(". ")
