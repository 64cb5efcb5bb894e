"""Which frames of a video are taken: chosen by time, so that the frame rate does not matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmsk._validation import check_choice, check_number

SAMPLINGS = ("uniform", "stride", "keyframes")
# Matroska rounds times to the millisecond; a frame meant for this moment is on the screen.
ROUNDED_SECONDS = 1e-3


@dataclass(frozen=True)
class Sampling:
    """How frames are chosen.

    ::

        uniform    |  x  |  x  |  x  |  x  |     the middles of equal parts of the video
        stride     x-----x-----x-----x           every `step_seconds` from the start
        keyframes  k     k         k     k       what the file stores whole

    Attributes
    ----------
    n_frames : int
        Number of frames, at most; exactly this many for ``"uniform"``.
    kind : {"uniform", "stride", "keyframes"}
        The way.
    step_seconds : float or None
        Time from one frame to the next for ``"stride"``.
    """

    n_frames: int = 16
    kind: str = "uniform"
    step_seconds: float | None = None

    def check(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""
        check_number("n_frames", self.n_frames, low=1, integer=True)
        check_choice("sampling", self.kind, SAMPLINGS)
        if self.kind != "stride":
            if self.step_seconds is not None:
                raise ValueError(
                    f"step_seconds={self.step_seconds!r} is used only with sampling='stride'."
                )
        elif self.step_seconds is None:
            raise ValueError("sampling='stride' needs the time between frames as step_seconds.")
        else:
            check_number("step_seconds", self.step_seconds, low=0, low_open=True)

    def choose(
        self, times_seconds: np.ndarray, duration_seconds: float, is_key: Any = None
    ) -> np.ndarray:
        """Choose frames.

        Parameters
        ----------
        times_seconds : ndarray of shape (n_frames_of_video,)
            When each frame appears, from 0, rising.
        duration_seconds : float
            Length of the video.
        is_key : ndarray of shape (n_frames_of_video,), dtype bool, default=None
            Key frames; None where every frame is one.

        Returns
        -------
        chosen : ndarray of shape (n_chosen,), dtype int64
            Rising; a frame stands twice where the video has too few for ``"uniform"``.
        """
        if self.kind == "keyframes":
            keys = np.arange(len(times_seconds)) if is_key is None else np.flatnonzero(is_key)
            keys = keys if len(keys) else np.array([0])
            n_taken = min(self.n_frames, len(keys))
            return keys[((np.arange(n_taken) + 0.5) / n_taken * len(keys)).astype(np.int64)]
        if self.step_seconds is None:
            times = duration_seconds / self.n_frames * (np.arange(self.n_frames) + 0.5)
        else:
            times = self.step_seconds * np.arange(self.n_frames)
            times = times[: max(1, np.searchsorted(times, duration_seconds))]
        # The frame on the screen at a time is the last one that appeared.
        shown = np.searchsorted(times_seconds, times + ROUNDED_SECONDS, side="right") - 1
        return np.maximum(shown, 0)
