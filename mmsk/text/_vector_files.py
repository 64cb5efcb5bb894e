"""Files of word vectors, memory-mapped: of a big one, only the lines of the words in use are read.

::

    GloVe, .txt        word2vec, .txt/.vec    word2vec, .bin
    the 0.4 0.2 ...    400000 50              400000 50
    of 0.7 0.5 ...     the 0.4 0.2 ...        the <50 x float32>of <50 x float32>...
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from mmsk._files import CHUNK_BYTES

SUFFIXES = (".txt", ".vec", ".bin", ".npz")
LONGEST_WORD = 10_000  # bytes; beyond it a .bin file is something else
FILES_KEPT = 2
MOST_TIMES_LARGER = 200  # than its compressed self: words padded to the longest come near
_FLOAT = np.dtype("<f4")

Parse = Callable[[int], np.ndarray]


class WordVectors:
    """The vectors of a file, by word.

    Parameters
    ----------
    places : dict of str to int
        Where `parse` finds the vector of each word; of a word that comes twice, the first.
    width : int
        Numbers in a vector.
    parse : callable
        Returns the vector at a place.
    digest : str
        SHA-256 of the file.
    """

    def __init__(self, places: dict[str, int], width: int, parse: Parse, digest: str) -> None:
        self.places = places
        self.width = width
        self.digest = digest
        self._parse = parse
        self._parsed: dict[str, np.ndarray] = {}

    def __contains__(self, word: str) -> bool:
        return word in self.places

    def __len__(self) -> int:
        return len(self.places)

    def look_up(self, words: Sequence[str]) -> np.ndarray:
        """Return the vectors of words that are there, shape (n_words, width), dtype float32."""
        vectors = np.empty((len(words), self.width), dtype=np.float32)
        for row, word in enumerate(words):
            vector = self._parsed.get(word)
            if vector is None:
                vector = self._parsed[word] = self._parse(self.places[word])
            vectors[row] = vector
        return vectors


def open_vectors(path: str | os.PathLike) -> WordVectors:
    """Open a file of word vectors; an unchanged file is read once per process.

    Parameters
    ----------
    path : str or path
        GloVe or word2vec text (.txt, .vec), word2vec binary (.bin), or arrays ``words`` and
        ``vectors`` (.npz).

    Returns
    -------
    vectors : WordVectors
        The vectors, by word.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the name or the content is not that of a file of word vectors.
    """
    file = Path(path)
    if file.suffix not in SUFFIXES:
        raise ValueError(f"vectors={str(path)!r} does not end in {', '.join(SUFFIXES)}.")
    if not file.is_file():
        raise FileNotFoundError(f"vectors={str(path)!r}: no such file.")
    status = file.stat()
    return _opened(str(file.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=FILES_KEPT)
def _opened(path: str, *status: int) -> WordVectors:
    try:
        with open(path, "rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        places, width, parse = _readers()[Path(path).suffix](content)
    except Exception as error:
        raise ValueError(
            f"vectors={path!r} cannot be read as word vectors ({error}). Text files hold a word "
            "and its numbers a line; .bin is the format of word2vec; .npz holds arrays 'words' "
            "and 'vectors'."
        ) from error
    return WordVectors(places, width, parse, _digest(content))


def _readers() -> dict[str, Callable[[Any], tuple[dict[str, int], int, Parse]]]:
    return {".txt": _read_text, ".vec": _read_text, ".bin": _read_binary, ".npz": _read_arrays}


def _digest(content: mmap.mmap) -> str:
    state = sha256()
    for start in range(0, len(content), CHUNK_BYTES):
        state.update(content[start : start + CHUNK_BYTES])
    return state.hexdigest()


def _read_text(content: mmap.mmap) -> tuple[dict[str, int], int, Parse]:
    first = content.readline()
    has_header = len(first.split()) == 2
    width = int(first.split()[1]) if has_header else len(first.split()) - 1
    if width < 1:
        raise ValueError(f"the first line, {first[:40]!r}, has no numbers")
    place = content.tell() if has_header else 0
    content.seek(place)
    second = content.readline()
    if has_header and len(second.split()) - 1 != width:
        raise ValueError(f"{width} numbers a line by the first line, other than {second[:40]!r}")
    content.seek(place)
    places: dict[str, int] = {}
    while line := content.readline():
        places.setdefault(_decoded(line.partition(b" ")[0]), place)
        place += len(line)

    def parse(place: int) -> np.ndarray:
        end = content.find(b"\n", place)
        line = content[place : len(content) if end < 0 else end]
        numbers = line.split()[1:]
        if len(numbers) != width:
            raise ValueError(
                f"A line of word vectors holds {len(numbers)} numbers instead of {width}: "
                f"{line[:60]!r}. Leave the line out, or write the file again."
            )
        return np.array(numbers, dtype=np.float32)

    return places, width, parse


def _read_binary(content: mmap.mmap) -> tuple[dict[str, int], int, Parse]:
    n_words, width = map(int, content.readline().split())
    if width < 1:  # it would lead backwards, and so round in circles
        raise ValueError(f"{width} numbers a word")
    n_bytes = width * _FLOAT.itemsize
    place = content.tell()
    places: dict[str, int] = {}
    for _ in range(n_words):
        end = content.find(b" ", place, place + LONGEST_WORD)
        if end < 0 or end + 1 + n_bytes > len(content):
            raise ValueError(f"it ends after {len(places):,} of {n_words:,} words")
        places.setdefault(_decoded(content[place:end].lstrip(b"\n")), end + 1)
        place = end + 1 + n_bytes

    def parse(place: int) -> np.ndarray:
        return np.frombuffer(content[place : place + n_bytes], dtype=_FLOAT)

    return places, width, parse


def _read_arrays(content: mmap.mmap) -> tuple[dict[str, int], int, Parse]:
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        for member in arrays.zip.infolist():
            if member.file_size > MOST_TIMES_LARGER * max(1, member.compress_size):
                raise ValueError(f"{member.filename!r} unpacks to {member.file_size:,} bytes")
        words, vectors = arrays["words"], arrays["vectors"]
    if vectors.ndim != 2 or words.shape != (len(vectors),) or vectors.dtype.kind != "f":
        raise ValueError(f"shapes {words.shape} of words and {vectors.shape} of vectors")
    places: dict[str, int] = {}
    for row, word in enumerate(words.tolist()):
        places.setdefault(_decoded(word) if isinstance(word, bytes) else word, row)
    return places, vectors.shape[1], lambda row: vectors[row]


def _decoded(word: bytes) -> str:
    return word.decode("utf-8", "replace")
