"""What extractors of videos share: the reader and the frames that are taken."""

from __future__ import annotations

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

    def _read_clip(self, cell: Any, target_size: int) -> VideoClip:
        reader = VideoReader() if self.reader is None else self.reader
        return reader.read(
            cell,
            self.n_frames,
            sampling=self.sampling,
            step_seconds=self.step_seconds,
            target_size=target_size,
        )

    def _read_squares(self, cell: Any, preset: Preset) -> np.ndarray:
        """Read frames as a network takes them, uint8 of shape (n, crop_size, crop_size, 3)."""
        from mmsk._nets.preprocessing import resize_and_crop

        clip = self._read_clip(cell, preset.resize_size)
        sides = preset.resize_size, preset.crop_size
        return np.stack(
            [resize_and_crop(frame, *sides, preset.interpolation) for frame in clip.frames]
        )
