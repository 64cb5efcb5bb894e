"""Auditing a table beside reading it: cells a second of each modality.

Files of `make_multimodal`, and photographs of 500x375 as JPEG, none of them bad. "Reading" gives
every cell to the reader that an extractor takes, in the same threads, and keeps nothing. Both take
turns; the fastest of the repeats counts. Texts have no reader: there the audit stands alone.

    python benchmarks/audit.py            # 5 repeats
    python benchmarks/audit.py --quick    # 1 repeat, fewer cells
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
from skimage.data import astronaut

import mmsk
from mmsk._validation import raw_column
from mmsk.datasets import make_multimodal
from mmsk.extraction._reading import attempt_all

READERS = {
    "image": mmsk.ImageReader(),
    "audio": mmsk.AudioReader(),
    "video": mmsk.VideoReader(),
    "series": mmsk.SeriesReader(),
}
CELLS_A_BATCH = 64


def tables(folder: Path, n_cells: int) -> dict[str, tuple[str, list[str]]]:
    """Modality and cells, by name."""
    made, _ = make_multimodal(
        n_cells, folder=folder / "made", modalities=["text", *READERS], random_state=0
    )
    found = {name: (name, made[name].tolist()) for name in made}
    return {**found, "photographs": ("image", photographs(folder, n_cells))}


def photographs(folder: Path, n_cells: int) -> list[str]:
    """Different photographs, cut from one and turned."""
    picture = PIL.Image.fromarray(astronaut()).resize((1000, 1000))
    paths = []
    for number in range(n_cells):
        left, top = number * 7 % 500, number * 13 % 600
        paths.append(str(folder / f"{number}.jpg"))
        picture.crop((left, top, left + 500, top + 375)).save(paths[-1], quality=90)
    return paths


def read(modality: str, cells: list[str], n_threads: int) -> None:
    reader = READERS[modality]
    for _ in attempt_all(reader.read, raw_column(cells), CELLS_A_BATCH, n_threads):
        pass


def audit(modality: str, cells: list[str], n_threads: int) -> None:
    found = mmsk.audit(pd.DataFrame({"cell": cells}), {"cell": modality}, n_jobs=n_threads)
    assert not (found["kind"] == "bad").any()


def fastest(calls: list[Callable[[], None]], repeats: int) -> list[float]:
    """Seconds of each call, the calls taking turns."""
    best = [np.inf] * len(calls)
    for _ in range(repeats):
        for place, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    n_cells, repeats = (50, 1) if quick else (300, 5)
    print(f"{'cells':12}  threads  reading  audit  audit/reading   (cells a second)")
    with tempfile.TemporaryDirectory() as folder:
        for name, (modality, cells) in tables(Path(folder), n_cells).items():
            for n_threads in (1, 2):
                calls = [lambda: audit(modality, cells, n_threads)]  # noqa: B023
                if modality in READERS:
                    calls.insert(0, lambda: read(modality, cells, n_threads))  # noqa: B023
                speeds = [n_cells / seconds for seconds in fastest(calls, repeats)]
                beside = f"{speeds[0]:7.0f}" if len(speeds) > 1 else f"{'-':>7}"
                share = f"{speeds[1] / speeds[0]:13.2f}" if len(speeds) > 1 else f"{'-':>13}"
                print(f"{name:12}  {n_threads:7}  {beside}  {speeds[-1]:5.0f}  {share}")


if __name__ == "__main__":
    main()
