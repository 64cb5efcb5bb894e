"""Loaders of the real data sets that the benchmarks use.

They are found through the environment variable MMSK_TEST_DATA; `default` is used where it is
not set. None of them is part of the project.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

FRAMES_PER_SECOND = 30  # of the depth videos
DEFAULT = Path(__file__).resolve().parents[1] / "../shared/data"


def data_folder() -> Path:
    """Return the folder of the data sets, or end the script and say why."""
    folder = Path(os.environ.get("MMSK_TEST_DATA", DEFAULT)).resolve()
    if not folder.is_dir():
        print(f"skipped: no data sets at {folder}; set MMSK_TEST_DATA to their folder")
        sys.exit()
    return folder


def load_fashion() -> pd.DataFrame:
    """5,000 products: photo, title, table; rows without a season are left out."""
    folder = data_folder() / "fashion"
    table = pd.read_csv(folder / "products.csv").dropna(subset=["season"]).reset_index(drop=True)
    table["photo"] = [str(folder / image) for image in table["image"]]
    return table.rename(columns={"productDisplayName": "title"})


def load_esc10() -> tuple[pd.Series, np.ndarray, np.ndarray]:
    """400 clips of 5 s: paths, classes, folds 1 to 5."""
    files = sorted((data_folder() / "esc10").glob("*/*.ogg"))
    folds = np.array([int(file.name[0]) for file in files])
    classes = np.array([file.parent.name for file in files])
    return pd.Series([str(file) for file in files], name="clip"), classes, folds


def load_spoken_digits() -> tuple[pd.Series, np.ndarray, np.ndarray]:
    """900 recordings at 8 kHz: paths, digits, and which are test rows (index 0 to 4)."""
    files = sorted((data_folder() / "fsdd").glob("*.wav"))
    parts = [file.stem.split("_") for file in files]
    digits = np.array([part[0] for part in parts])
    is_test = np.array([int(part[2]) < 5 for part in parts])
    return pd.Series([str(file) for file in files], name="clip"), digits, is_test


def load_sentences(name: str) -> tuple[pd.Series, np.ndarray]:
    """Sentences and their labels from a file of lines "label text"."""
    lines = (data_folder() / "text" / name).read_text(encoding="latin-1").split("\n")
    pairs = [line.partition(" ") for line in lines if line.strip()]
    labels = np.array([label.partition(":")[0] for label, _, _ in pairs])
    return pd.Series([text for _, _, text in pairs], name="sentence"), labels


def weights_file(name: str) -> str:
    """Path of a file of pretrained weights."""
    return str(data_folder() / "weights" / name)


def load_movements() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """861 clips of 27 actions: series and depth videos, actions, subjects 1 to 8 (UTD-MHAD)."""
    folder = data_folder() / "utd_mhad"
    files = {"inertial": "inertial.npz", "skeleton": "skeleton.npz", "depth": "depth_60x80.npz"}
    table = pd.DataFrame()
    for name, file in files.items():
        with np.load(folder / file) as arrays:
            content, keys = arrays["frames" if name == "depth" else "data"], arrays["keys"]
            parts = np.split(content, arrays["offsets"][1:-1])
        table[name] = pd.Series(parts, index=keys, dtype=object)
    numbers = [[int(part[1:]) for part in key.split("_")] for key in table.index]
    actions, subjects, _ = np.array(numbers).T
    return table.reset_index(drop=True), actions, subjects


def whole_videos(depth: pd.Series) -> pd.Series:
    """Depth videos in mm as 8-bit ones of the same frames: the cameras see up to 4 m."""
    return _as_cells([(video // 16).astype(np.uint8) for video in depth])


def body_videos(depth: pd.Series) -> pd.Series:
    """Depth videos in mm as 8-bit ones of the square around the person, nearer parts brighter.

    All else is 0 in these videos. The square holds the person in all frames; the middle of the
    person's depths becomes 128, and a level is 6 mm.
    """
    return _as_cells([_of_body(_around_body(video)) for video in depth])


def _around_body(video: np.ndarray) -> np.ndarray:
    seen = (video > 0).any(axis=0)
    edges = [np.flatnonzero(seen.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    side = round(1.25 * max(last + 1 - first for first, last in edges))
    starts = [(first + last + 1 + side) // 2 for first, last in edges]  # in the padded frame
    padded = np.pad(video, ((0, 0), (side, side), (side, side)))
    return padded[:, starts[0] : starts[0] + side, starts[1] : starts[1] + side]


def _of_body(video: np.ndarray) -> np.ndarray:
    nearer = np.median(video[video > 0]) - video
    return np.where(video > 0, np.clip(128 + nearer / 6, 30, 255), 0).astype(np.uint8)


def _as_cells(videos: list[np.ndarray]) -> pd.Series:
    return pd.Series([(video, FRAMES_PER_SECOND) for video in videos], dtype=object)


def load_series(name: str, part: str) -> tuple[pd.Series, np.ndarray]:
    """Series, each of shape (time, channels), and labels of a set of the UEA and UCR archives.

    `name` is "BasicMotions", "GunPoint" or "JapaneseVowels", `part` "TRAIN" or "TEST".
    """
    text = (data_folder() / "series" / name / f"{name}_{part}.ts").read_text()
    lines = text[text.index("@data") :].splitlines()[1:]
    cells, labels = [], []
    for line in lines:
        *channels, label = line.strip().split(":")
        cells.append(np.column_stack([np.array(part.split(","), float) for part in channels]))
        labels.append(label)
    return pd.Series(cells, dtype=object, name="series"), np.array(labels)


def load_easy_vqa(part: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Pictures of 64 x 64 pixels with a question, and answers; `part` is "train" or "test"."""
    folder = data_folder() / "easy_vqa"
    with np.load(folder / f"{part}_images.npz") as arrays:
        images = list(arrays["images"])
    rows = json.loads((folder / f"{part}_questions.json").read_text())
    questions, answers, numbers = zip(*rows, strict=True)
    pictures = pd.Series([images[number] for number in numbers], dtype=object)
    return pd.DataFrame({"picture": pictures, "question": questions}), np.array(answers)
