"""Videos in a Pipeline: what is seen in the frames, and what moves.

Makes small .mp4 files of a shape that moves in one of four directions over a patterned ground: the
frames alone look all alike, and only their order tells the direction. Compares the frames' features
without order, the same in order, and motion descriptors; then predicts from a table in which some
clips are missing or broken.

Needs the package av: pip install 'mmsk[video]'

Run: python examples/video.py
"""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import av
import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from mmsk import (
    BadCellWarning,
    ConcatFusion,
    FrameEmbedder,
    MotionDescriptors,
    SVMClassifier,
    infer_modalities,
    multimodal_pipeline,
)

OUTPUT = Path("video_output")
SIDE, N_FRAMES, RATE = 64, 24, 12
DIRECTIONS = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
# Random weights need no download; trained ones (weights="DEFAULT") see more.
NETWORK = {"backbone": "squeezenet1_1", "weights": None, "image_size": 64}
EXTRACTORS = {
    "frames, no order": FrameEmbedder(**NETWORK, n_frames=6, pooling="mean"),
    "frames, in order": FrameEmbedder(**NETWORK, n_frames=6, pooling=None),
    "movement": MotionDescriptors(n_frames=8, grid=2, n_parts=1),
}


def main() -> None:
    """Make clips, compare extractors, and predict from a table with gaps."""
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    table, directions = make_table(80)
    print(infer_modalities(table), "\n")
    for name, extractor in EXTRACTORS.items():
        model = make_pipeline(extractor, ConcatFusion("block"), SVMClassifier(C=10.0))
        score = cross_val_score(model, table["clip"], directions, cv=4).mean()
        print(f"{name:18} {score:.3f}")
    predict_with_gaps(table, directions)


def make_table(n_clips: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Write clips; return a table of their paths, and the directions."""
    generator = np.random.default_rng(0)
    directions = np.array(list(DIRECTIONS) * (n_clips // len(DIRECTIONS)))
    paths = []
    for number, direction in enumerate(directions):
        paths.append(str(OUTPUT / f"{number}.mp4"))
        write_clip(paths[-1], *DIRECTIONS[direction], generator)
    return pd.DataFrame({"clip": paths}), directions


def write_clip(path: str, down: int, right: int, generator: np.random.Generator) -> None:
    """Write two seconds of a bright square that moves over a patterned ground."""
    ground = generator.integers(0, 120, (8, 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    top, left = generator.integers(0, SIDE, 2)
    with av.open(path, "w") as file:
        stream = file.add_stream("libx264", rate=RATE)
        stream.height = stream.width = SIDE
        for number in range(N_FRAMES):
            frame = ground.copy()
            rows = (top + 2 * down * number + np.arange(14)) % SIDE
            columns = (left + 2 * right * number + np.arange(14)) % SIDE
            frame[np.ix_(rows, columns)] = [250, 230, 180]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        file.mux(stream.encode(None))


def predict_with_gaps(table: pd.DataFrame, directions: np.ndarray) -> None:
    """Fit on whole clips beside a number; predict where a clip is missing or broken."""
    table = table.assign(seconds=N_FRAMES / RATE)
    fusion, head = ConcatFusion("block"), SVMClassifier(C=10.0)
    model = multimodal_pipeline(table, fusion=fusion, head=head, on_error="missing")
    model.fit(table, directions)
    broken = OUTPUT / "broken.mp4"
    broken.write_bytes(Path(table["clip"][0]).read_bytes()[:900])
    gaps = table[:6].assign(clip=[*table["clip"][:4], None, str(broken)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", BadCellWarning)
        predicted = model.predict(gaps)
    print("\n" + gaps.assign(direction=directions[:6], predicted=predicted).to_string())
    print(*(f"\n{warning.message}" for warning in caught))


if __name__ == "__main__":
    main()
