"""Peak memory and time of windows over long sounds and long clips, beside shorter ones.

Makes files of noise: FLAC (mono, 22,050 Hz) and H.264 (320 x 180, 25 frames a second). Each case
runs in a process of its own; memory is the largest resident size that the system saw less what
the process had after one short cell, time is that of the second pass.

Run: python benchmarks/windows.py
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from mmsk import MFCC, AudioReader, MotionDescriptors, SlidingWindows, set_config

MEGABYTE = 2**20
RATE = 22_050
WIDTH, HEIGHT, FRAMES_A_SECOND = 320, 180, 25
HOURS = AudioReader(max_seconds=4 * 3600)
EXTRACTORS = {
    "MFCC, whole": lambda: MFCC(reader=HOURS),
    "MFCC, windows of 10 s": lambda: SlidingWindows(MFCC(reader=HOURS), window_length=10),
    "motion, whole": lambda: MotionDescriptors(["difference"]),
    "motion, windows of 4 s": lambda: SlidingWindows(
        MotionDescriptors(["difference"]), window_length=4
    ),
}
SECONDS = {"MFCC": [60, 600, 3 * 3600], "motion": [10, 60, 1200]}


def write_sound(path: Path, seconds: int) -> None:
    generator = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for _ in range(seconds // 10):
            file.write(0.1 * generator.normal(size=10 * RATE))


def write_clip(path: Path, seconds: int) -> None:
    import av

    ground = np.random.default_rng(0).integers(0, 256, (HEIGHT, 2 * WIDTH, 3), dtype=np.uint8)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FRAMES_A_SECOND, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(seconds * FRAMES_A_SECOND):
            left = number % WIDTH
            picture = np.ascontiguousarray(ground[:, left : left + WIDTH])
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode(None))


def run_case(name: str, short: str, path: str) -> None:
    """Run one case in this process; print the megabytes and seconds that it takes."""
    set_config(cache=False)
    extractor = EXTRACTORS[name]()
    extractor.transform([short])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    extractor.transform([path])
    taken = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print((after - before) * 1024 / MEGABYTE, taken)


def main() -> None:
    """Print a line per case."""
    if len(sys.argv) > 1:
        run_case(*sys.argv[1:])
        return
    print("| extractor | seconds of a file | MB more than for the first | seconds taken |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for kind, write in {"MFCC": write_sound, "motion": write_clip}.items():
            suffix = "flac" if kind == "MFCC" else "mp4"
            files[kind] = [Path(folder) / f"{seconds}.{suffix}" for seconds in SECONDS[kind]]
            for path, seconds in zip(files[kind], SECONDS[kind], strict=True):
                write(path, seconds)
        for name in EXTRACTORS:
            kind = name.partition(",")[0]
            short, *others = files[kind]
            for path, seconds in zip(others, SECONDS[kind][1:], strict=True):
                command = [sys.executable, __file__, name, str(short), str(path)]
                run = subprocess.run(command, check=True, capture_output=True, text=True)
                megabytes, taken = map(float, run.stdout.split())
                print(f"| {name} | {seconds:,} | {megabytes:.0f} | {taken:.1f} |", flush=True)


if __name__ == "__main__":
    main()
