"""Changed files of every format, read by the public extractors, and what becomes of the process.

For each format a whole file is changed 300 times in seeded ways (flipped bits, runs of bytes, cut
ends, spliced and doubled parts, extreme numbers in headers). Each changed file stands between two
whole ones in a column, which an extractor transforms: it is accepted, or refused with a ReadError
that names its row; the rows beside it must stay bit for bit what they were, and what is accepted
must keep within the limits of its reader. Then the whole column once more, under
``on_error="missing"``: the same rows must be missing.

A process of its own reads each format, so that a death is counted; and again with
``decode_workers="process"``, where a death would be a row.

    python benchmarks/fuzz.py                                  # 300 of each, some minutes
    python benchmarks/fuzz.py --count 20 --formats PNG MP3     # few
"""

from __future__ import annotations

import argparse
import json
import queue
import resource
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzz_files import FORMATS, mutations

SEED = 20261130
SECONDS_A_FILE = 60.0
SECONDS_TO_START = 300.0
MOST_PIXELS, MOST_SECONDS, MOST_VALUES = 1_000_000, 60, 1_000_000
MIBIBYTE = 2**20


def subject(kind: str) -> tuple[Any, Any, Callable[[Any], bool]]:
    """Return an extractor, its reader with close limits, and whether a sample keeps to them."""
    from mmsk import HOGEmbedder, MotionDescriptors, SeriesStatistics, STFTEmbedder
    from mmsk.audio import AudioReader
    from mmsk.image import ImageReader
    from mmsk.series import SeriesReader
    from mmsk.video import VideoReader

    options = {"on_error": "raise", "max_bad_fraction": 1.0}
    if kind == "picture":
        reader = ImageReader(max_pixels=MOST_PIXELS)
        extractor = HOGEmbedder(32, reader=reader, **options)
        return extractor, reader, lambda image: image.height * image.width <= MOST_PIXELS
    if kind == "sound":
        reader = AudioReader(max_seconds=MOST_SECONDS)
        extractor = STFTEmbedder(16, sample_rate=8000, n_fft=256, reader=reader, **options)
        return extractor, reader, lambda clip: clip.duration_seconds <= MOST_SECONDS
    if kind == "video":
        reader = VideoReader(max_pixels=MOST_PIXELS, max_seconds=MOST_SECONDS)
        extractor = MotionDescriptors(n_frames=4, reader=reader, **options)
        return extractor, reader, lambda clip: clip.height * clip.width <= 2 * MOST_PIXELS
    reader = SeriesReader(max_values=MOST_VALUES)
    extractor = SeriesStatistics(reader=reader, **options)
    return extractor, reader, lambda series: series.values.size <= MOST_VALUES


def child(name: str, count: int, start: int, workers: str) -> None:
    """Read the changed files from `start` on; print a line of JSON for each, and one for all."""
    import mmsk

    warnings.simplefilter("ignore")
    mmsk.set_config(cache=False, decode_workers=workers, decode_seconds=SECONDS_A_FILE)
    kind, make = FORMATS[name]
    whole = make()
    extractor, reader, keeps_to_limits = subject(kind)
    good = extractor.fit_transform([whole, whole])
    whole_peak = peak_bytes()
    say(number=-1)
    cells, refused = [], []
    for number, changed in enumerate(mutations(name, whole, count, SEED)):
        if number < start:
            continue
        started = time.perf_counter()
        try:
            rows = extractor.transform([whole, changed, whole])
            outcome, reason = "accepted", ""
            if rows[::2].tobytes() != good.tobytes() or np.isnan(rows).any():
                outcome, reason = "wrong", "rows beside it changed"
            elif workers == "thread" and is_over_limits(reader, changed, keeps_to_limits):
                outcome, reason = "wrong", "over a limit"
        except mmsk.ReadError as error:
            is_its_row = error.row == 1 and not error.others
            outcome, reason = ("refused" if is_its_row else "wrong"), error.reason
        except Exception as error:
            outcome, reason = "wrong", repr(error)
        seconds = time.perf_counter() - started
        cells.append(changed)
        refused.append(outcome == "refused")
        say(number=number, outcome=outcome, reason=reason[:200], seconds=seconds)
    rows = extractor.set_params(on_error="missing").transform([whole, *cells, whole])
    kept = rows[[0, -1]].tobytes() == good.tobytes()
    kept &= np.isnan(rows[1:-1]).all(axis=1).tolist() == refused
    say(number=count, rows_kept=bool(kept), peak=peak_bytes() - whole_peak)


def is_over_limits(reader: Any, cell: bytes, keeps_to_limits: Callable[[Any], bool]) -> bool:
    from mmsk import ReadError

    try:
        return not keeps_to_limits(reader.read(cell))
    except ReadError:
        return False  # it reads other frames of a video than the extractor does


def peak_bytes() -> int:
    """Peak memory of this process and of the largest that it has ended."""
    from mmsk._decoding.pool import decoders

    decoders.close()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(own, others) * 1024


def say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def lines_of(process: subprocess.Popen) -> queue.Queue:
    """Return what a process prints as it comes, and None at its end."""
    lines: queue.Queue = queue.Queue()

    def pass_on() -> None:
        for line in process.stdout:
            lines.put(json.loads(line))
        lines.put(None)

    threading.Thread(target=pass_on, daemon=True).start()
    return lines


def fuzz(name: str, count: int, workers: str) -> dict[str, Any]:
    """Read all changed files of a format; go on behind one that ends or holds up its process."""
    outcomes: Counter = Counter()
    slowest, last, total, strange = 0.0, -1, {}, []
    while last < count:
        command = [sys.executable, __file__, "--child", name, "--start", str(last + 1)]
        command += ["--count", str(count), "--workers", workers]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        lines = lines_of(process)
        limit, started = SECONDS_TO_START, False
        while True:
            try:
                line = lines.get(timeout=limit)
            except queue.Empty:
                line = None
                outcomes["hangs"] += 1
                process.kill()
            if line is None:
                break
            last, total, started = max(last, line["number"]), line, True
            limit = 2 * SECONDS_A_FILE
            if "outcome" not in line:
                continue
            reason = line["reason"]
            died = "decoder's process" in reason
            late = "decode_seconds" in reason
            outcomes["deaths" if died else "hangs" if late else line["outcome"]] += 1
            slowest = max(slowest, line["seconds"])
            if died or late or line["outcome"] == "wrong":
                strange.append(f"{name} {line['number']}: {reason}")
        if process.wait() != 0 and not started:
            sys.exit(f"{name}: the process cannot read the whole file.")
        if process.returncode != 0 and not outcomes["hangs"]:
            outcomes["deaths"] += 1
            strange.append(f"{name} {last + 1}: the process ended with {process.returncode}")
            last += 1
    return {**outcomes, "slowest": slowest, "strange": strange, **total}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="changed files of each format")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--workers", choices=["thread", "process", "both"], default="both")
    parser.add_argument("--child", choices=FORMATS, help=argparse.SUPPRESS)
    parser.add_argument("--start", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.count, given.start, given.workers)
        return
    columns = ("accepted", "refused", "wrong", "deaths", "hangs")
    for workers in ("thread", "process") if given.workers == "both" else (given.workers,):
        print(f"{workers:10}" + "".join(f"{name:>10}" for name in columns), end="")
        print(f"{'slowest s':>11}{'MB more':>9}  rows kept")
        for name in given.formats:
            found = fuzz(name, given.count, workers)
            print(f"{name:10}" + "".join(f"{found.get(each, 0):10}" for each in columns), end="")
            print(f"{found['slowest']:11.2f}{found.get('peak', 0) / MIBIBYTE:9.1f}", end="")
            print(f"  {'yes' if found.get('rows_kept') else 'NO'}", flush=True)
            for line in found["strange"]:
                print(f"    {line}", flush=True)


if __name__ == "__main__":
    main()
