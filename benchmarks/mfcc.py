"""MFCC beside a loop over librosa: 1,000 one-second and 100 thirty-second clips, one core each.

Both start from the same decoded float32 arrays at 22,050 Hz and use librosa's defaults. Four
things are timed in turn, a few clips at a time, so that a busy machine slows all alike:

- ``librosa``: ``librosa.feature.mfcc`` per clip, giving frames;
- ``frames``: the same frames from ``MFCC().frames`` per clip;
- ``transform``: ``MFCC().transform`` on the clips, from the cells to pooled rows;
- ``float64``: ``MFCC(precision="float64").transform``.

The ratio is that of the summed processor times, and of the summed wall times beside it.

Run with ``python benchmarks/mfcc.py``; ``--quick`` uses a tenth of the clips.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

for _name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")

import librosa  # noqa: E402
import numpy as np  # noqa: E402

from mmsk import MFCC, set_config  # noqa: E402

SAMPLE_RATE = 22_050
REPEATS = 3


def make_clips(n_clips: int, seconds: int) -> list[np.ndarray]:
    """Noise with a tone in it, so that no step is cut short by silence."""
    random = np.random.default_rng(0)
    time_axis = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * time_axis)
    return [(tone + random.normal(0, 0.1, len(tone))).astype(np.float32) for _ in range(n_clips)]


def contenders() -> dict[str, Callable[[list[np.ndarray]], object]]:
    """Return what is compared; each takes a list of clips."""
    single, double = MFCC(device="cpu"), MFCC(device="cpu", precision="float64")

    def cells(clips: list[np.ndarray]) -> list[tuple[np.ndarray, int]]:
        return [(clip, SAMPLE_RATE) for clip in clips]

    return {
        "librosa": lambda clips: [librosa.feature.mfcc(y=clip, sr=SAMPLE_RATE) for clip in clips],
        "frames": lambda clips: [single.frames(cell) for cell in cells(clips)],
        "transform": lambda clips: single.transform(cells(clips)),
        "float64": lambda clips: double.transform(cells(clips)),
    }


def race(clips: list[np.ndarray], at_once: int) -> dict[str, tuple[float, float]]:
    """Sum processor and wall seconds of each contender, interleaved; the best of `REPEATS`."""
    runs = contenders()
    for run in runs.values():
        run(clips[:2])
    best = dict.fromkeys(runs, (np.inf, np.inf))
    for _ in range(REPEATS):
        spent = {name: np.zeros(2) for name in runs}
        for first in range(0, len(clips), at_once):
            for name, run in runs.items():
                begin = np.array([time.process_time(), time.perf_counter()])
                run(clips[first : first + at_once])
                spent[name] += [time.process_time(), time.perf_counter()] - begin
        best = {name: tuple(np.minimum(best[name], spent[name])) for name in runs}
    return best


def report(title: str, clips: list[np.ndarray], at_once: int) -> None:
    """Print one table."""
    print(f"\n{title}\n{'':12}{'clips/s':>10}{'x librosa (processor)':>24}{'(wall)':>9}")
    times = race(clips, at_once)
    reference = times["librosa"]
    for name, (processor, wall) in times.items():
        print(
            f"{name:12}{len(clips) / processor:10.0f}{reference[0] / processor:24.1f}"
            f"{reference[1] / wall:9.1f}"
        )


def differences(clips: list[np.ndarray]) -> None:
    """Print the largest difference from librosa's float32 coefficients."""
    for precision in ("float32", "float64"):
        mfcc = MFCC(device="cpu", precision=precision)
        largest = max(
            np.abs(mfcc.frames((clip, SAMPLE_RATE)) - librosa.feature.mfcc(y=clip)).max()
            for clip in clips
        )
        print(f"largest difference from librosa, {precision}: {largest:.1e}")


def main() -> None:
    set_config(cache=False)  # what is measured is computing, not finding
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the clips")
    part = 10 if parser.parse_args().quick else 1
    one_second, thirty_seconds = make_clips(1000 // part, 1), make_clips(100 // part, 30)
    differences([*one_second[:10], *thirty_seconds[:3]])
    report(f"{len(one_second)} clips of 1 s", one_second, at_once=100)
    report(f"{len(thirty_seconds)} clips of 30 s", thirty_seconds, at_once=10)


if __name__ == "__main__":
    main()
