"""Simple features of movements for the benchmarks: sensor series, skeletons, depth video.

Each is an extractor of cells that are arrays, so that its rows come from the feature store.
"""

from __future__ import annotations

import numpy as np
from skimage.feature import hog

from mmsk.extraction import CellExtractor


class ArrayExtractor(CellExtractor):
    """Base of extractors of one array per cell."""

    def __init__(self, *, on_error="raise", max_bad_fraction=0.1, batch_size=32, n_jobs=None):
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        pass

    def _prepare(self, cell: np.ndarray) -> np.ndarray:
        return np.asarray(self._describe(cell.astype(np.float32)), dtype=np.float32)

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        return np.stack(samples)

    def _feature_names(self) -> list[str]:
        width = len(self._describe(self._example()))
        return [f"{type(self).__name__.lower()}{number}" for number in range(width)]


class InertialStatistics(ArrayExtractor):
    """Moments of six sensor channels and their two lengths, by time, and their spectra."""

    def _describe(self, series: np.ndarray) -> np.ndarray:
        lengths = [np.linalg.norm(part, axis=1) for part in (series[:, :3], series[:, 3:])]
        series = np.column_stack([series, *lengths])
        spectrum = np.abs(np.fft.rfft(series - series.mean(axis=0), n=256, axis=0))[1:17]
        changes = np.diff(series, axis=0)
        return np.concatenate([moments(series, 6), moments(changes, 3), np.log1p(spectrum).ravel()])

    def _example(self) -> np.ndarray:
        return np.zeros((60, 6), np.float32)


class SkeletonStatistics(ArrayExtractor):
    """Moments of the places and speeds of 20 joints, seen from the first and by its size."""

    def _describe(self, series: np.ndarray) -> np.ndarray:
        joints = series.reshape(len(series), 20, 3)
        joints = joints - joints[:, :1]
        places = joints.reshape(len(series), -1) / max(1e-6, np.linalg.norm(joints, axis=2).mean())
        speeds = np.diff(places, axis=0)
        return np.concatenate([moments(places, 5), moments(speeds, 5), np.abs(speeds).mean(axis=0)])

    def _example(self) -> np.ndarray:
        return np.zeros((60, 60), np.float32)


class DepthMotionMaps(ArrayExtractor):
    """Where a depth video moves, from the front, the side and above, with gradients of the maps.

    Yang, X., Zhang, C., Tian, Y. (2012). Recognizing actions using depth motion maps-based
    histograms of oriented gradients. ACM Multimedia. Here also by quarters of the motion.
    """

    def _describe(self, video: np.ndarray) -> np.ndarray:
        parts = [(0, 1, 1.0), *((quarter / 4, (quarter + 1) / 4, 0.5) for quarter in range(4))]
        features = []
        for view in views_of(video):
            motion = np.minimum(np.abs(np.diff(view, axis=0)), 1)
            motion[motion < 0.08] = 0
            progress = np.cumsum(motion.sum(axis=(1, 2)) + 1e-6)
            for start, stop, weight in parts:
                first, last = np.searchsorted(progress / progress[-1], [start, stop])
                features += describe_map(motion[first : max(last, first + 1)].sum(axis=0), weight)
        return np.concatenate(features)

    def _example(self) -> np.ndarray:
        return np.full((4, 60, 80), 2000, np.float32)


def moments(series: np.ndarray, n_parts: int) -> np.ndarray:
    """Mean, deviation and range of each channel, and mean and deviation in parts of the time."""
    values = [series.mean(axis=0), series.std(axis=0), series.min(axis=0), series.max(axis=0)]
    for part in np.array_split(series, n_parts):
        values += [part.mean(axis=0), part.std(axis=0)]
    return np.concatenate(values)


def views_of(video: np.ndarray) -> list[np.ndarray]:
    """Project a depth video (frames, 60, 80) in mm, 0 for nothing, onto three sides of a body."""
    frame, row, column = np.nonzero(video)
    depth = (video[frame, row, column] - np.median(video[frame, row, column])) / 1200
    height = row.max() + 1 - row.min()
    y = ((row - row.min()) / height * 28).astype(int)
    x = ((column - np.median(column)) / (1.5 * height) * 28 + 14).astype(int)
    z = (depth * 20 + 10).astype(int)
    inside = (x >= 0) & (x < 28) & (z >= 0) & (z < 20)
    frame, y, x, z, depth = (values[inside] for values in (frame, y, x, z, depth))
    front = np.zeros((len(video), 28, 28), np.float32)
    side = np.zeros((len(video), 28, 20), np.float32)
    top = np.zeros((len(video), 20, 28), np.float32)
    np.maximum.at(front, (frame, y, x), depth + 1)
    side[frame, y, z] = 1
    top[frame, z, x] = 1
    return [front, side, top]


def describe_map(total: np.ndarray, weight: float) -> list[np.ndarray]:
    """Cells and histograms of oriented gradients of a map of motion."""
    root = np.sqrt(total)
    root /= np.linalg.norm(root) + 1e-6
    cells = root.reshape(root.shape[0] // 2, 2, root.shape[1] // 2, 2).mean(axis=(1, 3)).ravel()
    edges = hog(root, orientations=6, pixels_per_cell=(4, 4), cells_per_block=(2, 2))
    return [2 * weight * cells, 6 * weight * edges / np.sqrt(len(edges))]
