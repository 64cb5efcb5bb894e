"""Pictures per second: CNNEmbedder on JPEG files, the forward pass alone, and embetter.

In one process and in turns, over JPEG files of 500 x 375 pixels and with the weights of one file:
the public ``CNNEmbedder("resnet18")``; the limit, its network on prepared tensors, in one thread
for each CPU and at the best of several batch sizes; and embetter's loader and encoder, where
embetter and timm are installed. The best of the rounds counts.

    python benchmarks/image_throughput.py                        # 1,000 files, 2 rounds
    python benchmarks/image_throughput.py --quick                # 300 files
    python benchmarks/image_throughput.py --precision bfloat16   # beside the float32 limit
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from safetensors.torch import save_file
from torchvision import models

from mmsk import CNNEmbedder, set_config
from mmsk._nets.cnn import DTYPES, get_network
from mmsk._nets.threads import single_threads

BATCH_SIZES = (4, 8, 16, 32)


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


def write_weights(folder: Path) -> Path:
    """Write random weights as timm and torchvision both take them; return the file."""
    folder.mkdir()
    torch.manual_seed(0)
    save_file(models.resnet18(weights=None).state_dict(), folder / "model.safetensors")
    about = {
        "classifier": "fc",
        "num_classes": 1000,
        "input_size": [3, 224, 224],
        "crop_pct": 0.875,
        "interpolation": "bilinear",
    }
    config = {"architecture": "resnet18", "num_classes": 1000, "pretrained_cfg": about}
    (folder / "config.json").write_text(json.dumps(config))
    return folder / "model.safetensors"


def forward(weights: Path, precision: str, batch_size: int, count: int) -> None:
    """Pass at least `count` prepared pictures through the network, equally many in each thread."""
    network = get_network(
        "resnet18", weights=weights, layer=None, image_size=224, seed=0, precision=precision
    ).on("cpu")
    pictures = torch.rand(batch_size, 3, 224, 224).to(
        dtype=DTYPES[precision], memory_format=torch.channels_last
    )

    def passes(n_passes: int) -> None:
        with torch.inference_mode():
            for _ in range(n_passes):
                network(pictures)

    with (
        single_threads(None) as (n_threads, start),
        ThreadPoolExecutor(n_threads, initializer=start) as pool,
    ):
        list(pool.map(passes, [round(count / n_threads / batch_size)] * n_threads))


def best_batch_size(weights: Path, precision: str) -> int:
    seconds = best_seconds(
        {size: partial(forward, weights, precision, size, 64) for size in BATCH_SIZES}, 3
    )
    return min(seconds, key=seconds.__getitem__)


def embetter(weights: Path, paths: list[str]) -> Callable[[], None] | None:
    """Return a run of embetter over the files, None where it is not installed."""
    with suppress(ImportError):
        from embetter.vision import ImageLoader, TimmEncoder
        from sklearn.pipeline import make_pipeline

        pipeline = make_pipeline(ImageLoader(), TimmEncoder(f"local-dir:{weights.parent}"))

        return partial(pipeline.fit_transform, paths)
    print("embetter and timm are not installed: left out")
    return None


def best_seconds(ways: dict, rounds: int) -> dict:
    """Run every way in turns; return the shortest time of each."""
    seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in seconds.items()}


def contestants(weights: Path, paths: list[str], precision: str) -> dict[str, Callable[[], None]]:
    embedder = CNNEmbedder("resnet18", weights=weights, precision=precision)
    embedder.transform(paths[:32])
    ways = {f"CNNEmbedder on JPEG files, {precision}": partial(embedder.transform, paths)}
    for each in dict.fromkeys([precision, "float32"]):
        size = best_batch_size(weights, each)
        name = f"limit: the network alone, batches of {size}, {each}"
        ways[name] = partial(forward, weights, each, size, len(paths))
    other = embetter(weights, paths)
    return ways | ({} if other is None else {"embetter on JPEG files, float32": other})


def main() -> None:
    set_config(cache=False)  # what is measured is computing, not finding
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="300 pictures instead of 1,000")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--precision", choices=list(DTYPES), default="float32")
    options = parser.parse_args()
    count = 300 if options.quick else 1000
    with tempfile.TemporaryDirectory() as name:
        weights = write_weights(Path(name) / "weights")
        paths = write_pictures(Path(name), count)
        ways = contestants(weights, paths, options.precision)
        seconds = best_seconds(ways, options.rounds)
    ours, *_ = seconds.values()
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"{count} pictures, {torch.get_num_threads()} threads of torch, {capability}")
    print(f"{'':56} pictures/s  CNNEmbedder is")
    for name, value in seconds.items():
        print(f"{name:56} {count / value:10.1f}  {value / ours:5.2f} times as fast")


if __name__ == "__main__":
    main()
