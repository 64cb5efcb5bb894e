"""Memory of every fusion on a wide sparse text beside a dense embedding, above its inputs.

20,000 rows of 50,000 TF-IDF terms (100 stored a row) and of 1,024 float32. Each fusion runs fit
and transform in a process of its own; the figure is how far the process's peak rises above what
it holds with the inputs loaded and everything imported, the result included. "CSR by scipy" is
what one does without mmsk: ``scipy.sparse.hstack`` of both blocks. Linux only.

    python benchmarks/fusion_memory.py
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse

from mmsk import (
    AttentionFusion,
    BilinearFusion,
    CCAFusion,
    ConcatFusion,
    FeatureBlocks,
    FrameFusion,
    GatedFusion,
    KernelFusion,
    TensorFusion,
    WeightedFusion,
)

N_ROWS, N_TERMS, N_STORED, WIDTH = 20_000, 50_000, 100, 1024
FUSIONS: dict[str, Callable] = {
    "ConcatFusion": ConcatFusion,
    "WeightedFusion alignment": lambda: WeightedFusion("alignment"),
    "CCAFusion": lambda: CCAFusion(random_state=0),
    "BilinearFusion": lambda: BilinearFusion(random_state=0),
    "BilinearFusion, 1024": lambda: BilinearFusion(1024, random_state=0),
    "BilinearFusion, sketch alone": lambda: BilinearFusion(include_blocks=False, random_state=0),
    "KernelFusion": lambda: KernelFusion(random_state=0),
    "GatedFusion, 2 epochs": lambda: GatedFusion(max_epochs=2, random_state=0),
    "AttentionFusion, 2 epochs": lambda: AttentionFusion(max_epochs=2, random_state=0),
    "TensorFusion, 2 epochs": lambda: TensorFusion(max_epochs=2, random_state=0),
    "FrameFusion": FrameFusion,
    "CSR by scipy": lambda: None,
}


def blocks(n_rows: int) -> tuple[FeatureBlocks, np.ndarray]:
    generator = np.random.default_rng(0)
    y = np.arange(n_rows) % 5
    columns = generator.integers(0, N_TERMS, n_rows * N_STORED, dtype=np.int32)
    values = generator.random(n_rows * N_STORED, dtype=np.float32)
    ends = np.arange(0, n_rows * N_STORED + 1, N_STORED, dtype=np.int32)
    text = sparse.csr_matrix((values, columns, ends), shape=(n_rows, N_TERMS))
    image = generator.standard_normal((n_rows, WIDTH), dtype=np.float32)
    image[:, :5] += 2 * np.eye(5, dtype=np.float32)[y]
    return FeatureBlocks({"text": text, "image": image}), y


def memory_mib(name: str) -> float:
    """VmRSS, what the process holds now, or VmHWM, its peak since `forget_peak`."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def fuse(name: str, data: FeatureBlocks, y: np.ndarray) -> object:
    if name == "CSR by scipy":
        return sparse.hstack([data["text"], data["image"]], format="csr")
    fusion = FUSIONS[name]()
    return fusion.fit(data, y).transform(data)


def run(name: str) -> None:
    """Print one row of the table."""
    try:
        fuse(name, *blocks(200))  # imports, and threads
        data, y = blocks(N_ROWS)
        forget_peak()
        before, started = memory_mib("VmRSS"), time.perf_counter()
        fused = fuse(name, data, y)
    except ValueError as error:
        print(f"| {name} | refused: {error} | | |")
        return
    seconds, rise = time.perf_counter() - started, memory_mib("VmHWM") - before
    parts = [fused.data, fused.indices, fused.indptr] if sparse.issparse(fused) else [fused]
    size = sum(part.nbytes for part in parts) / 2**20
    print(f"| {name} | {rise:.0f} | {size:.0f} | {seconds:.1f} |", flush=True)


def main() -> None:
    if len(sys.argv) > 1:
        run(sys.argv[1])
        return
    print("| fusion | peak above the inputs, MiB | of it the result, MiB | fit and transform, s |")
    print("|---|---|---|---|", flush=True)
    for name in FUSIONS:
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main()
