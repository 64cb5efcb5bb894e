"""Pictures per second: CNNEmbedder on JPEG files against the forward pass alone.

Compares, in one process and in turns, the public ``CNNEmbedder("resnet18")`` on JPEG files of
500 x 375 pixels with two limits that decode nothing: the same cut network on prepared pixels, and
torchvision's ResNet-18 as it comes on a prepared float batch. The best of the rounds counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from torchvision import models

from mmsk import CNNEmbedder, set_config
from mmsk._nets.cnn import get_network
from mmsk._nets.threads import single_threads

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BATCH = 8


def write_pictures(folder: Path, count: int) -> list[str]:
    """Write JPEG files of about 47 KB with structure at every scale, as photographs have."""
    generator = np.random.default_rng(0)
    paths = []
    for number in range(count):
        picture = sum(
            np.asarray(
                PIL.Image.fromarray(
                    generator.integers(0, 256, (3 * scale, 4 * scale, 3), dtype=np.uint8)
                ).resize((500, 375), PIL.Image.Resampling.BICUBIC),
                dtype=float,
            )
            / (2 ** (place + 1))
            for place, scale in enumerate((2, 8, 32, 90))
        )
        paths.append(str(folder / f"{number}.jpg"))
        PIL.Image.fromarray(picture.astype(np.uint8)).save(paths[-1], quality=90)
    return paths


def contestants(paths: list[str], precision: str) -> dict:
    """Return the ways to run one round over as many pictures as there are paths."""
    embedder = CNNEmbedder("resnet18", weights=None, precision=precision)
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, 224, 224, 3), dtype=np.uint8)
    floats = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().contiguous() / 255
    plain = models.resnet18(weights=None).eval()
    network = get_network(
        "resnet18",
        weights=None,
        layer=None,
        image_size=224,
        seed=0,
        precision=precision,
    )

    def forward_only() -> None:
        for _ in range(0, len(paths), BATCH):
            network.embed(pixels, MEAN, STD)

    def forward_side_by_side() -> None:
        passes = range(0, len(paths), BATCH)
        with (
            single_threads(None) as (n_threads, start),
            ThreadPoolExecutor(n_threads, initializer=start) as pool,
        ):
            list(pool.map(lambda _: network.embed(pixels, MEAN, STD), passes))

    def plain_forward() -> None:
        with torch.inference_mode():
            for _ in range(0, len(paths), BATCH):
                plain(floats)

    return {
        f"CNNEmbedder on JPEG files, {precision}": lambda: embedder.transform(paths),
        f"its network on prepared pixels, a thread a batch, {precision}": forward_side_by_side,
        f"its network on prepared pixels, {precision}": forward_only,
        "torchvision's ResNet-18 on floats, float32": plain_forward,
    }


def best_seconds(ways: dict, rounds: int) -> dict[str, float]:
    """Run every way in turns; return the shortest time of each."""
    seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in seconds.items()}


def main() -> None:
    set_config(cache=False)  # what is measured is computing, not finding
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="300 pictures instead of 1,000")
    parser.add_argument("--threads", type=int, help="threads of torch, default its own choice")
    parser.add_argument("--precision", default="float32")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    count = 300 if arguments.quick else 1000
    with tempfile.TemporaryDirectory() as folder:
        paths = write_pictures(Path(folder), count)
        ways = contestants(paths, arguments.precision)
        CNNEmbedder("resnet18", weights=None, precision=arguments.precision).transform(paths[:16])
        seconds = best_seconds(ways, 2 if arguments.quick else 3)
    limit = list(seconds.values())[1]
    print(f"{count} pictures, {torch.get_num_threads()} threads of torch")
    print(f"{'':62} pictures/s  share of the forward pass")
    for name, value in seconds.items():
        print(f"{name:62} {count / value:10.1f}  {limit / value:6.2f}")


if __name__ == "__main__":
    main()
