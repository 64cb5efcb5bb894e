"""Reading photographs: JPEG draft mode beside decoding in full, and beside plain Pillow.

A photograph is enlarged to 500x375 and 2000x1500 and saved as JPEG. Each way reads it to
the 224 pixels of a network, in turn, on one thread; the fastest of the repeats counts. Then
each classical descriptor, in the same way.

    python benchmarks/read_images.py            # 30 repeats
    python benchmarks/read_images.py --quick    # 5 repeats
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable

import numpy as np
import PIL.Image
from skimage.data import astronaut

from mmsk.image import (
    ColorHistogramEmbedder,
    HOGEmbedder,
    ImageReader,
    LocalBinaryPatternEmbedder,
)

SIDE = 224
FILTER = PIL.Image.Resampling.BILINEAR


def photograph(width: int, height: int) -> bytes:
    picture = PIL.Image.fromarray(astronaut()).crop((0, 0, 512, 384))
    file = io.BytesIO()
    picture.resize((width, height), PIL.Image.Resampling.LANCZOS).save(file, "JPEG", quality=90)
    return file.getvalue()


def small(picture: PIL.Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((SIDE, SIDE), FILTER))


def ways(content: bytes) -> dict[str, Callable[[], np.ndarray]]:
    reader = ImageReader()
    return {
        "Pillow, in full": lambda: small(PIL.Image.open(io.BytesIO(content)).convert("RGB")),
        "ImageReader, in full": lambda: small(PIL.Image.fromarray(reader.read(content).pixels)),
        "ImageReader, target_size": lambda: small(
            PIL.Image.fromarray(reader.read(content, SIDE).pixels)
        ),
    }


def fastest(calls: dict[str, Callable[[], np.ndarray]], repeats: int) -> dict[str, float]:
    """Milliseconds of each call, the calls taking turns."""
    best = dict.fromkeys(calls, np.inf)
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            best[name] = min(best[name], 1000 * (time.perf_counter() - start))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 repeats instead of 30")
    repeats = 5 if parser.parse_args().quick else 30
    print(f"{'photograph':12}{'way':28}{'ms':>8}{'times':>8}{'grey levels away':>18}")
    for width, height in [(500, 375), (2000, 1500)]:
        calls = ways(photograph(width, height))
        reference, *_ = (call().astype(float) for call in calls.values())
        milliseconds = fastest(calls, repeats)
        first = milliseconds["Pillow, in full"]
        for name, call in calls.items():
            away = np.abs(call() - reference).mean()
            print(
                f"{f'{width}x{height}':12}{name:28}{milliseconds[name]:8.1f}"
                f"{first / milliseconds[name]:8.2f}{away:18.2f}"
            )
    embedders = [HOGEmbedder(), LocalBinaryPatternEmbedder(), ColorHistogramEmbedder()]
    column = [photograph(500, 375)]
    calls = {type(each).__name__: lambda each=each: each.transform(column) for each in embedders}
    for name, value in fastest(calls, repeats).items():
        print(f"{'500x375':12}{name:28}{value:8.1f}")


if __name__ == "__main__":
    main()
