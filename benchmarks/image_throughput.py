"""Pictures per second: CNNEmbedder on JPEG files, the forward pass alone, and embetter.

In one process, over JPEG files of 500 x 375 pixels and with the weights of one file: the public
``CNNEmbedder("resnet18")``; the limit, its network on prepared tensors, in one thread for each CPU
and at the best of several batch sizes; and embetter's loader and encoder, where embetter and timm
are installed. They take turns of 128 files for each CPU; ratios are medians over the turns, because
other work on a machine comes and goes.

    python benchmarks/image_throughput.py                        # 4 turns: 1,024 files for 2 CPUs
    python benchmarks/image_throughput.py --quick                # 1 turn
    python benchmarks/image_throughput.py --precision bfloat16   # beside the float32 limit
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import PIL.Image
import torch
from safetensors.torch import save_file
from sklearn.pipeline import make_pipeline
from torchvision import models

from mmsk import CNNEmbedder, set_config
from mmsk._nets.cnn import DTYPES, get_network
from mmsk._nets.threads import single_threads

BATCH_SIZES = (4, 8, 16, 32)
FILES_A_THREAD = 128  # in a turn: equally many passes of any batch size for each thread


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


def forward(weights: Path, precision: str, batch_size: int) -> None:
    """Pass as many prepared pictures through the network as a turn has files."""
    network = get_network(
        "resnet18", weights=weights, layer=None, image_size=224, seed=0, precision=precision
    ).on("cpu")
    pictures = torch.rand(batch_size, 3, 224, 224).to(
        dtype=DTYPES[precision], memory_format=torch.channels_last
    )

    def passes(_: int) -> None:
        with torch.inference_mode():
            for _ in range(FILES_A_THREAD // batch_size):
                network(pictures)

    with (
        single_threads(None) as (n_threads, start),
        ThreadPoolExecutor(n_threads, initializer=start) as pool,
    ):
        list(pool.map(passes, range(n_threads)))


def best_batch_size(weights: Path, precision: str) -> int:
    """Return the batch size with which the forward pass takes the least time."""
    ways = {size: lambda _, size=size: forward(weights, precision, size) for size in BATCH_SIZES}
    seconds = seconds_of_turns(ways, [[]] * 4)
    return min(seconds, key=lambda size: min(seconds[size]))


def seconds_of_turns(ways: dict, slices: list[list[str]]) -> dict:
    """Give every slice of the files to every way, in turns; return the seconds of each turn."""
    seconds = {name: [] for name in ways}
    for paths in slices:
        for name, run in ways.items():
            start = time.perf_counter()
            run(paths)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def contestants(weights: Path, precision: str) -> dict[str, Callable[[list[str]], object]]:
    embedder = CNNEmbedder("resnet18", weights=weights, precision=precision)
    ways = {f"CNNEmbedder on files, {precision}": embedder.transform}
    for each in dict.fromkeys([precision, "float32"]):
        size = best_batch_size(weights, each)
        name = f"the network alone, batches of {size}, {each}"
        ways[name] = lambda _, each=each, size=size: forward(weights, each, size)
    if find_spec("embetter") is None or find_spec("timm") is None:
        print("embetter and timm are not installed, and left out")
        return ways
    from embetter.vision import ImageLoader, TimmEncoder

    pipeline = make_pipeline(ImageLoader(), TimmEncoder(f"local-dir:{weights.parent}"))
    return ways | {"embetter on files, float32": pipeline.fit_transform}


def main() -> None:
    set_config(cache=False)  # what is measured is computing, not finding
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1 turn instead of 4")
    parser.add_argument("--precision", choices=list(DTYPES), default="float32")
    options = parser.parse_args()
    files_a_turn = FILES_A_THREAD * torch.get_num_threads()
    with tempfile.TemporaryDirectory() as name:
        weights = write_weights(Path(name) / "weights")
        paths = write_pictures(Path(name), files_a_turn * (1 if options.quick else 4))
        ways = contestants(weights, options.precision)
        for run in ways.values():
            run(paths[:16])
        starts = range(0, len(paths), files_a_turn)
        seconds = seconds_of_turns(ways, [paths[start:][:files_a_turn] for start in starts])
    ours, *_ = seconds.values()
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"{len(paths)} files, {torch.get_num_threads()} threads of torch, {capability}")
    print(f"{'':50} pictures/s  CNNEmbedder is")
    for name, values in seconds.items():
        times = median(other / own for own, other in zip(ours, values, strict=True))
        print(f"{name:50} {len(paths) / sum(values):10.1f}  {times:5.2f} times as fast")


if __name__ == "__main__":
    main()
