"""What it costs to read cells in processes: rows per second with threads and with processes.

Both ways take turns within one run over the same files: photographs (500 x 375, JPEG), sounds (one
second at 16 kHz, WAV) and large pictures (2000 x 1500, PNG); once only read, once through an
extractor. The clock counts, and the processor, of this process and of those that decode for it,
which other work on the machine disturbs less. Then the time from nothing to the first row, and
from a killed process to the next row, with what that takes to import; and the memory of a process.

    python benchmarks/isolation.py            # 3 turns
    python benchmarks/isolation.py --quick    # 1 turn
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import PIL.Image
import soundfile

from mmsk import MFCC, CNNEmbedder, HOGEmbedder, config_context, set_config
from mmsk._decoding.pool import decoders
from mmsk._validation import raw_column
from mmsk.audio import AudioReader
from mmsk.extraction._reading import read_batches
from mmsk.image import ImageReader

WAYS = ("thread", "process")


def photographs(folder: Path, count: int, height: int, width: int, suffix: str) -> list[str]:
    """Write pictures with structure at several scales, as photographs have."""
    generator = np.random.default_rng(0)
    paths = []
    for number in range(count):
        parts = [
            PIL.Image.fromarray(generator.integers(0, 256, (3 * n, 4 * n, 3), dtype=np.uint8))
            for n in (2, 8, 32, 90)
        ]
        layers = [
            np.asarray(part.resize((width, height), PIL.Image.Resampling.BICUBIC), dtype=np.float32)
            for part in parts
        ]
        picture = sum(layer / 2 ** (place + 1) for place, layer in enumerate(layers))
        paths.append(str(folder / f"{height}-{number}.{suffix}"))
        PIL.Image.fromarray(picture.astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def sounds(folder: Path, count: int) -> list[str]:
    """Write a second of noise each."""
    generator = np.random.default_rng(0)
    paths = [str(folder / f"{number}.wav") for number in range(count)]
    for path in paths:
        soundfile.write(path, 0.1 * generator.standard_normal(16_000), 16_000)
    return paths


def reading(reader: object, cells: list[str], n_threads: int) -> Callable[[], object]:
    """Return what reads all cells and computes nothing."""
    options = {"on_error": "raise", "max_bad_fraction": 0.0, "batch_size": 32}
    column = raw_column(cells)
    return lambda: [
        len(rows) for rows, _ in read_batches(reader.read, column, n_threads=n_threads, **options)
    ]


def works(folder: Path) -> dict[str, tuple[int, Callable[[], object]]]:
    """Return, by name, how many rows something takes and what it does."""
    small = photographs(folder, 200, 375, 500, "jpg")
    large = photographs(folder, 10, 1500, 2000, "png")
    clips = sounds(folder, 400)
    hog, mfcc = HOGEmbedder(128), MFCC(sample_rate=16_000)
    found: dict[str, tuple[int, Callable[[], object]]] = {}
    for n in (1, 2):
        threads = f"{n} thread" + "s" * (n > 1)
        found |= {
            f"photographs, read, {threads}": (len(small), reading(ImageReader(), small, n)),
            f"large pictures, read, {threads}": (len(large), reading(ImageReader(), large, n)),
            f"sounds, read, {threads}": (len(clips), reading(AudioReader(), clips, n)),
        }
        hog, mfcc = HOGEmbedder(128, n_jobs=n), MFCC(sample_rate=16_000, n_jobs=n)
        found |= {
            f"photographs, HOGEmbedder, {threads}": (len(small), lambda e=hog: e.transform(small)),
            f"sounds, MFCC, {threads}": (len(clips), lambda e=mfcc: e.transform(clips)),
        }
    return found


def seconds_of(work: Callable[[], object], way: str) -> tuple[float, float]:
    """Return the seconds that something takes, by the clock and of all processors."""
    with config_context(decode_workers=way):
        started, used = time.perf_counter(), processor_seconds()
        work()
        return time.perf_counter() - started, processor_seconds() - used


def processor_seconds() -> float:
    """Return what this process has used, and the processes that decode for it."""
    ticks = 0
    for decoder, _ in decoders._idle:
        fields = Path(f"/proc/{decoder.process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def compare(folder: Path, turns: int) -> None:
    """Print rows per second of both ways."""
    print(f"{'':40}{'rows per second':>20}{'':>8}{'processor ms a row':>22}")
    print(f"{'':40}{'thread':>10}{'process':>10}{'share':>8}{'thread':>11}{'process':>11}")
    for name, (n_rows, work) in works(folder).items():
        for way in WAYS:
            seconds_of(work, way)  # processes start, modules are imported
        seconds = np.array([[seconds_of(work, way) for way in WAYS] for _ in range(turns)])
        thread, process = n_rows / np.median(seconds[:, :, 0], axis=0)
        share = median(seconds[:, 0, 0] / seconds[:, 1, 0])
        print(f"{name:40}{thread:10.1f}{process:10.1f}{share:8.2f}", end="")
        used = 1000 * np.median(seconds[:, :, 1], axis=0) / n_rows
        print("".join(f"{each:11.2f}" for each in used), flush=True)


def starts(folder: Path, turns: int) -> None:
    """Print how long the first row takes, and the first after a killed process."""
    (path,) = photographs(folder, 1, 375, 500, "jpg")
    print(f"{'seconds':40}{'first row':>10}{'replaced':>10}{'MB each':>10}")
    for extractor in (HOGEmbedder(128), CNNEmbedder("squeezenet1_0", weights=None)):
        first, replaced, size = [], [], 0.0
        for _ in range(turns):
            decoders.close()
            first.append(seconds_of(lambda e=extractor: e.transform([path]), "process")[0])
            decoder, _ = decoders._idle[-1]
            size = memory_megabytes(decoder.process.pid)
            os.kill(decoder.process.pid, signal.SIGKILL)
            replaced.append(seconds_of(lambda e=extractor: e.transform([path]), "process")[0])
        name = type(extractor).__name__
        print(f"{name:40}{median(first):10.2f}{median(replaced):10.2f}{size:10.0f}", flush=True)


def memory_megabytes(process: int) -> float:
    """Return what a process holds that it shares with no other file's readers."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1 turn instead of 3")
    turns = 1 if parser.parse_args().quick else 3
    set_config(cache=False)
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), turns)
        starts(Path(folder), turns)


if __name__ == "__main__":
    main()
