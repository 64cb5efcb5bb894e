"""Peak memory of a transform as the column grows, with the feature store and without.

Each case runs in a process of its own, over files of which no two have the same content: JPEG of
160 x 120 pixels, or with `--videos` H.264 of 160 x 120 pixels and one second. The figure is the
largest resident size that the system saw, in MB. The features that the transform returns are in it;
they grow with the column, so the last figure is without.

    python benchmarks/peak_memory.py             # 1,000 and 20,000 files
    python benchmarks/peak_memory.py --quick     # 200 and 2,000 files
    python benchmarks/peak_memory.py --videos    # 50 and 800 files
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import PIL.Image

from mmsk import (
    CNNEmbedder,
    ColorHistogramEmbedder,
    FrameEmbedder,
    HOGEmbedder,
    MotionDescriptors,
    set_config,
)

PICTURES = {
    "HOGEmbedder(32)": lambda: HOGEmbedder(32),
    "ColorHistogramEmbedder()": lambda: ColorHistogramEmbedder(),
    "CNNEmbedder('squeezenet1_1', image_size=64)": lambda: CNNEmbedder(
        "squeezenet1_1", weights=None, image_size=64
    ),
}
VIDEOS = {
    "FrameEmbedder('squeezenet1_1', 4, image_size=64)": lambda: FrameEmbedder(
        "squeezenet1_1", 4, weights=None, image_size=64
    ),
    "MotionDescriptors(['difference'])": lambda: MotionDescriptors(["difference"]),
}
EXTRACTORS = PICTURES | VIDEOS
N_PICTURES, N_VIDEOS, FRAMES_PER_SECOND = 20, 10, 25
MEGABYTE = 2**20


def write_files(folder: Path, count: int, videos: bool) -> None:
    """Write a few files again and again, each time with other bytes behind their end."""
    contents = encoded_videos(folder) if videos else encoded_pictures()
    for number in range(count):
        content = contents[number % len(contents)]
        content += (12).to_bytes(4, "big") + b"free" + number.to_bytes(4, "big")  # a box of MP4
        (folder / f"{number:06}").write_bytes(content)


def encoded_pictures() -> list[bytes]:
    generator = np.random.default_rng(0)
    contents = []
    for _ in range(N_PICTURES):
        file = io.BytesIO()
        picture(generator).save(file, "JPEG", quality=90)
        contents.append(file.getvalue())
    return contents


def encoded_videos(folder: Path) -> list[bytes]:
    import av

    generator = np.random.default_rng(0)
    contents = []
    for _ in range(N_VIDEOS):
        still = np.asarray(picture(generator))
        path = folder / "video.mp4"
        with av.open(str(path), "w") as file:
            stream = file.add_stream("libx264", rate=FRAMES_PER_SECOND)
            stream.height, stream.width = still.shape[:2]
            for shift in range(FRAMES_PER_SECOND):
                frame = np.roll(still, 2 * shift, axis=1)
                file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
            file.mux(stream.encode(None))
        contents.append(path.read_bytes())
        path.unlink()
    return contents


def picture(generator: np.random.Generator) -> PIL.Image.Image:
    small = PIL.Image.fromarray(generator.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    return small.resize((160, 120), PIL.Image.Resampling.BICUBIC)


def run_case(name: str, store: Path | None, folder: Path, count: int) -> None:
    """Run one case in this process; print its peak and the size of the features, in MB."""
    set_config(cache=store is not None, cache_dir=store)
    paths = [str(folder / f"{number:06}") for number in range(count)]
    features = EXTRACTORS[name]().transform(paths)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(peak / MEGABYTE, features.nbytes / MEGABYTE)


def peak(name: str, store: Path | None, folder: Path, count: int) -> tuple[float, float]:
    """Run one case in a new process; return what it prints."""
    command = [sys.executable, __file__, "--case", name, "--folder", folder, "--count", str(count)]
    command += [] if store is None else ["--store", store]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    found, features = map(float, run.stdout.split())
    return found, features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--videos", action="store_true")
    parser.add_argument("--case")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--count", type=int)
    options = parser.parse_args()
    if options.case:
        run_case(options.case, options.store, options.folder, options.count)
        return
    few, many = (50, 800) if options.videos else (1000, 20000)
    few, many = (200, 2000) if options.quick else (few, many)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, many, options.videos)
        sizes = f"{few:,} files | {many:,} files"
        print(f"| extractor | store | {sizes} | times | features | times without |")
        print("|---|---|---|---|---|---|---|")
        for case in VIDEOS if options.videos else PICTURES:
            for way, place in {"off": None, "new": folder, "warm": folder}.items():
                store = None if place is None else folder / "store" / case
                found = [peak(case, store and store / str(n), folder, n) for n in (few, many)]
                (low, few_features), (high, features) = found
                without = (high - features) / (low - few_features)
                figures = [f"{low:.0f}", f"{high:.0f}", f"{high / low:.2f}", f"{features:.0f}"]
                print("|", " | ".join([case, way, *figures, f"{without:.2f}"]), "|", flush=True)


if __name__ == "__main__":
    main()
