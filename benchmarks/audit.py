"""Auditing a table beside reading it: cells of each modality in a second of one processor.

Files of `make_multimodal`, and photographs of 500x375 as JPEG, none of them bad. "Reading" gives
every cell to the reader that an extractor takes, and keeps nothing. Both run in one thread and take
turns; the least processor time of the repeats counts, so that other work on the machine matters
little. Texts have no reader: there the audit stands alone. Last, the time that passes for a table
of all of them, with one thread and with two.

    python benchmarks/audit.py            # 5 repeats
    python benchmarks/audit.py --quick    # 1 repeat, fewer cells
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
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


def read(modality: str, cells: list[str]) -> None:
    for _ in attempt_all(READERS[modality].read, raw_column(cells), CELLS_A_BATCH, 1):
        pass


def audit(modality: str, cells: list[str]) -> None:
    found = mmsk.audit(pd.DataFrame({"cell": cells}), {"cell": modality})
    assert not (found["kind"] == "bad").any()


def least(calls: list[Callable[[], None]], repeats: int, clock: Callable[[], float]) -> list[float]:
    """Seconds of each call by the clock, the calls taking turns."""
    best = [np.inf] * len(calls)
    for _ in range(repeats):
        for place, call in enumerate(calls):
            start = clock()
            call()
            best[place] = min(best[place], clock() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    n_cells, repeats = (50, 1) if quick else (300, 5)
    print(f"{'cells':12}  reading  audit  audit/reading   (cells in a second of one processor)")
    with tempfile.TemporaryDirectory() as folder:
        columns = tables(Path(folder), n_cells)
        for name, (modality, cells) in columns.items():
            calls = [partial(audit, modality, cells)]
            if modality in READERS:
                calls.append(partial(read, modality, cells))
            speeds = [n_cells / seconds for seconds in least(calls, repeats, time.process_time)]
            reading = [f"{speeds[1]:.0f}", f"{speeds[0] / speeds[1]:.2f}"] if speeds[1:] else "--"
            print(f"{name:12}  {reading[0]:>7}  {speeds[0]:5.0f}  {reading[1]:>13}")
        table = pd.DataFrame({name: cells for name, (_, cells) in columns.items()})
        modalities = {name: modality for name, (modality, _) in columns.items()}
        calls = [partial(mmsk.audit, table, modalities, n_jobs=number) for number in (1, 2)]
        one, two = least(calls, repeats, time.perf_counter)
        print(f"all, {n_cells} rows: {one:.1f} s with one thread, {two:.1f} s with two")


if __name__ == "__main__":
    main()
