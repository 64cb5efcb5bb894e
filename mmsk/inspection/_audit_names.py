"""What the names of files say: another format than the content, or the target."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

HEAD_BYTES = 16
FEWEST_NAMES = 20
LEAST_SHARE_TOLD = 0.8
PARTS_LOOKED_AT = 3

_NPY, _PARQUET, _CSV = "NPY", "Parquet", "CSV"
_MP4 = ".mp4 .m4v .mov"
# Name, first bytes as (offset, bytes), endings of names.
_FORMATS: list[tuple[str, list[tuple[int, bytes]], str]] = [
    ("JPEG", [(0, b"\xff\xd8\xff")], ".jpg .jpeg .jpe .jfif"),
    ("PNG", [(0, b"\x89PNG")], ".png"),
    ("GIF", [(0, b"GIF8")], ".gif"),
    ("WebP", [(8, b"WEBP")], ".webp"),
    ("BMP", [(0, b"BM")], ".bmp"),
    ("TIFF", [(0, b"II*\0"), (0, b"MM\0*"), (0, b"II+\0"), (0, b"MM\0+")], ".tif .tiff"),
    ("PPM", [(0, f"P{kind}".encode()) for kind in range(1, 7)], ".ppm .pgm .pbm .pnm"),
    ("WAV", [(8, b"WAVE")], ".wav .wave"),
    ("AIFF", [(8, b"AIFF"), (8, b"AIFC")], ".aif .aiff .aifc"),
    ("AU", [(0, b".snd")], ".au .snd"),
    ("FLAC", [(0, b"fLaC")], ".flac"),
    ("Ogg", [(0, b"OggS")], ".ogg .oga .opus"),
    ("MP3", [(0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2")], ".mp3"),
    ("AVI", [(8, b"AVI ")], ".avi"),
    ("MP4", [(4, atom) for atom in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")], _MP4),
    ("Matroska", [(0, b"\x1aE\xdf\xa3")], ".mkv .webm"),
    (_NPY, [(0, b"\x93NUMPY")], ".npy"),
    (_PARQUET, [(0, b"PAR1")], ".parquet"),
    (_CSV, [], ".csv"),
]
_NAMED = {suffix: name for name, _, suffixes in _FORMATS for suffix in suffixes.split()}
_PART = re.compile(r"[^\W\d_]+|\d+")


def is_name_of_file(text: str) -> bool:
    """Tell whether a text is nothing but the name of a file of pictures, sounds or the like."""
    return os.path.splitext(text)[1].lower() in _NAMED and len(text.split()) == 1


def wrong_suffix(path: str, head: bytes) -> str | None:
    """Return what is wrong with the ending of a path, for a file with these first bytes."""
    suffix = os.path.splitext(path)[1].lower()
    named, found = _NAMED.get(suffix), _format_of(head)
    if named is None or found == named:
        return None
    if found is None:  # MP3 may begin with anything, .csv with any text
        return None if named in ("MP3", _CSV) else f"named {suffix}, but does not begin like one"
    if named == _CSV and found not in (_NPY, _PARQUET):
        return None  # a text that happens to begin with these letters
    return f"named {suffix}, but holds {found}"


def _format_of(head: bytes) -> str | None:
    for name, beginnings, _ in _FORMATS:
        if any(head[at : at + len(magic)] == magic for at, magic in beginnings):
            return name
    return None


@dataclass(frozen=True)
class Leak:
    """A part of the names from which the target can be told.

    Attributes
    ----------
    part : str
        Which part, in words.
    share : float
        Share of the files whose target the other files with the same part tell.
    example : tuple of (str, object)
        The part of one file, and its target.
    """

    part: str
    share: float
    example: tuple[str, Any]


def find_leak(paths: Sequence[str], target: Sequence[Any]) -> Leak | None:
    """Find the part of paths that tells the target best, if any tells it.

    The folder and the first and last parts of the name are tried. A file counts as told if most
    of the *other* files with the same part have its target, so that names which differ from file
    to file tell nothing. The share must be large, and leave at most half of the mistakes of one
    who always says the most frequent target.

    Parameters
    ----------
    paths : sequence of str
        Paths of files.
    target : sequence
        Class of each.
    """
    base = max(Counter(target).values()) / len(target) if target else 1.0
    if len(paths) < FEWEST_NAMES or base == 1.0:
        return None
    best = max((_leak(part, keys, target) for part, keys in _parts(paths)), key=_share)
    return best if best.share >= max(LEAST_SHARE_TOLD, (1 + base) / 2) else None


def _share(leak: Leak) -> float:
    return leak.share


def _parts(paths: Sequence[str]) -> list[tuple[str, list[str]]]:
    names = [_PART.findall(os.path.splitext(os.path.basename(path))[0]) for path in paths]
    found = [("the folder", [os.path.dirname(path) for path in paths])]
    for place in range(PARTS_LOOKED_AT):
        keys = ["".join(parts[place : place + 1]).lower() for parts in names]
        found.append((f"part {place + 1} of the name", keys))
    last = ["".join(parts[-1:]).lower() for parts in names]
    return [*found, ("the last part of the name", last)]


def _leak(part: str, keys: list[str], target: Sequence[Any]) -> Leak:
    of_key: dict[str, Counter] = defaultdict(Counter)
    for key, value in zip(keys, target, strict=True):
        of_key[key][value] += 1
    told, example, most = 0, ("", None), 0
    for key, counts in of_key.items():
        (value, count), *others = counts.most_common(2)
        # Without the file itself there must still be more of its target than of any other.
        if count - 1 > (others[0][1] if others else 0):
            told += count
            if count > most:
                example, most = (os.path.basename(key), value), count
    return Leak(part, told / len(keys), example)
