"""What extractors of videos share: the reader and the frames that are taken."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsk.samples import VideoClip
from mmsk.video._reader import VideoReader
from mmsk.video._sampling import Sampling

if TYPE_CHECKING:
    from mmsk._nets.backbones import Preset


def check_reader(reader: Any) -> None:
    """Raise ValueError unless `reader` is None or a VideoReader with good parameters."""
    if reader is None:
        return
    if not isinstance(reader, VideoReader):
        raise ValueError(f"reader={reader!r} is not a VideoReader or None.")
    reader.check_parameters()


class TakesFrames:
    """Mixed into the extractors, which have these parameters."""

    n_frames: int
    sampling: str
    step_seconds: float | None
    reader: VideoReader | None

    def _check_reading(self) -> None:
        Sampling(self.n_frames, self.sampling, self.step_seconds).check()
        check_reader(self.reader)

    @abstractmethod
    def _target_size(self) -> int:
        """Pixels along the shorter side to which frames may be shrunk as they are decoded."""

    def _used_reader(self) -> VideoReader:
        return VideoReader() if self.reader is None else self.reader

    def _which(self) -> dict[str, Any]:
        """Return how the reader is to choose frames."""
        return {
            "n_frames": self.n_frames,
            "sampling": self.sampling,
            "step_seconds": self.step_seconds,
            "target_size": self._target_size(),
        }

    def _read_clip(self, cell: Any) -> VideoClip:
        return self._used_reader().read(cell, **self._which())

    def _read_windows(
        self, reader: VideoReader, cell: Any, window_length: float, hop_length: float | None
    ) -> Iterator[VideoClip]:
        """Read one cell in windows, of each no more frames than this extractor takes."""
        return reader.read_windows(cell, window_length, hop_length, **self._which())

    def _read_squares(self, cell: Any, preset: Preset) -> np.ndarray:
        """Read frames as a network takes them, uint8 of shape (n, crop_size, crop_size, 3)."""
        from mmsk._nets.preprocessing import resize_and_crop

        clip = self._read_clip(cell)
        sides = preset.resize_size, preset.crop_size
        return np.stack(
            [resize_and_crop(frame, *sides, preset.interpolation) for frame in clip.frames]
        )
