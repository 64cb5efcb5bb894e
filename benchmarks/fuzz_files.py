"""Small files of every format that is read, and changed copies of them."""

from __future__ import annotations

import io
import tempfile
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import PIL.Image
import soundfile

_BITS_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF)


def _picture(kind: str, **options: object) -> bytes:
    steps = np.linspace(0, 255, 48, dtype=np.uint8)
    pixels = np.stack([np.add.outer(steps, steps), np.outer(steps, steps), np.tile(steps, (48, 1))])
    pixels = np.ascontiguousarray(pixels.transpose(1, 2, 0)[:36])
    picture = PIL.Image.fromarray(pixels.astype(np.uint8))
    if kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        exif = PIL.Image.Exif()
        exif[0x0112], exif[0x010E] = 6, "a description"
        options = {**options, "exif": exif}
    if kind == "GIF":
        options = {**options, "save_all": True, "append_images": [picture.rotate(90)]}
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _sound(kind: str, subtype: str | None = None) -> bytes:
    times = np.arange(4000) / 8000
    samples = 0.4 * np.sin(2 * np.pi * 440 * times) * np.linspace(1, 0.2, len(times))
    file = io.BytesIO()
    soundfile.write(file, np.stack([samples, 0.5 * samples], axis=1), 8000, subtype, format=kind)
    return file.getvalue()


def _video(suffix: str, codec: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video.{suffix}"
        with av.open(str(path), "w") as file:
            stream = file.add_stream(codec, rate=25)
            stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
            for number in range(12):
                pixels = np.full((32, 48, 3), 10 * number, dtype=np.uint8)
                pixels[8:20, 2 * number : 2 * number + 10] = [250, 200, 100]
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        return path.read_bytes()


def _table() -> pd.DataFrame:
    values = np.random.default_rng(0).normal(size=(60, 3))
    return pd.DataFrame(values, columns=["x", "y", "z"])


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, _table().to_numpy())
    return file.getvalue()


def _parquet() -> bytes:
    file = io.BytesIO()
    _table().to_parquet(file)
    return file.getvalue()


# By format: what it is read as, and a whole file.
FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "JPEG": ("picture", lambda: _picture("JPEG", quality=85)),
    "PNG": ("picture", lambda: _picture("PNG")),
    "GIF": ("picture", lambda: _picture("GIF")),
    "WebP": ("picture", lambda: _picture("WEBP")),
    "TIFF": ("picture", lambda: _picture("TIFF", compression="tiff_lzw")),
    "BMP": ("picture", lambda: _picture("BMP")),
    "WAV": ("sound", lambda: _sound("WAV")),
    "FLAC": ("sound", lambda: _sound("FLAC")),
    "OGG": ("sound", lambda: _sound("OGG", "VORBIS")),
    "MP3": ("sound", lambda: _sound("MP3")),
    "MP4": ("video", lambda: _video("mp4", "libx264")),
    "MKV": ("video", lambda: _video("mkv", "libx264")),
    "AVI": ("video", lambda: _video("avi", "mpeg4")),
    "WebM": ("video", lambda: _video("webm", "libvpx-vp9")),
    "NPY": ("series", _npy),
    "CSV": ("series", lambda: _table().to_csv(index=False).encode()),
    "parquet": ("series", _parquet),
}


def mutations(name: str, content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield changed copies of a file, each by one to three changes.

    Half of those that have checksums get new ones, so that decoders see what else is wrong.

    Parameters
    ----------
    name : str
        Its format.
    content : bytes
        The whole file.
    count : int
        How many.
    seed : int
        The same seed gives the same copies.

    Yields
    ------
    changed : bytes
        Never equal to the whole file, never empty.
    """
    generator = np.random.default_rng(seed)
    found = 0
    while found < count:
        changed = bytearray(content)
        for _ in range(generator.choice([1, 1, 2, 3])):
            if changed:
                _CHANGES[generator.integers(len(_CHANGES))](changed, generator)
        if name in _REPAIRS and generator.random() < 0.5:
            _REPAIRS[name](changed)
        if changed and changed != content:
            found += 1
            yield bytes(changed)


def _flip_bits(changed: bytearray, generator: np.random.Generator) -> None:
    for place in generator.integers(len(changed), size=generator.integers(1, 20)):
        changed[place] ^= 1 << generator.integers(8)


def _write_run(changed: bytearray, generator: np.random.Generator) -> None:
    start, length = generator.integers(len(changed)), generator.integers(1, 65)
    run = generator.choice([bytes(length), b"\xff" * length, generator.bytes(length)])
    changed[start : start + length] = run[: len(changed) - start]


def _truncate(changed: bytearray, generator: np.random.Generator) -> None:
    del changed[generator.integers(1, len(changed) + 1) :]


def _splice(changed: bytearray, generator: np.random.Generator) -> None:
    """Write one part of the file over another."""
    start, end = sorted(generator.integers(len(changed) + 1, size=2))
    part = changed[start:end]
    place = generator.integers(len(changed))
    changed[place : place + len(part)] = part


def _change_header(changed: bytearray, generator: np.random.Generator) -> None:
    """Put an extreme number into one of the first bytes, or of the last, where some formats end."""
    size = int(generator.choice([1, 2, 4, 8]))
    place = int(generator.integers(min(96, len(changed))))
    if generator.random() < 0.2:
        place = len(changed) - 1 - place
    number = bytes([generator.choice(_EXTREMES)]) * size
    if generator.random() < 0.5:
        number = generator.choice([number[:1] + bytes(size - 1), bytes(size - 1) + number[:1]])
    changed[place : place + size] = number[: len(changed) - place]


def _double_part(changed: bytearray, generator: np.random.Generator) -> None:
    start = generator.integers(len(changed))
    part = changed[start : start + int(generator.integers(1, 2000))]
    changed[start:start] = part * int(generator.choice([1, 1, 20]))


def _cut_out(changed: bytearray, generator: np.random.Generator) -> None:
    start = generator.integers(len(changed))
    del changed[start : start + int(generator.integers(1, 64))]


def _repair_png(changed: bytearray) -> None:
    start = 8
    while start + 12 <= len(changed):
        end = start + 8 + int.from_bytes(changed[start : start + 4], "big")
        changed[end : end + 4] = zlib.crc32(changed[start + 4 : end]).to_bytes(4, "big")
        start = end + 4


def _repair_ogg(changed: bytearray) -> None:
    start = changed.find(b"OggS")
    while start >= 0 and start + 27 <= len(changed):
        lengths = changed[start + 27 : start + 27 + changed[start + 26]]
        end = start + 27 + len(lengths) + sum(lengths)
        changed[start + 22 : start + 26] = bytes(4)
        # The checksum of zlib, but bits the other way round and begun at 0.
        page = changed[start:end].translate(_BITS_REVERSED)
        checksum = zlib.crc32(page, 0xFFFFFFFF) ^ 0xFFFFFFFF
        changed[start + 22 : start + 26] = int(f"{checksum:032b}"[::-1], 2).to_bytes(4, "little")
        start = changed.find(b"OggS", end)


_REPAIRS = {"PNG": _repair_png, "OGG": _repair_ogg}
_CHANGES = (
    _flip_bits,
    _write_run,
    _truncate,
    _splice,
    _change_header,
    _double_part,
    _cut_out,
)
