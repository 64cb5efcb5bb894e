"""How a sound is cut into windowed frames: one description for every spectral extractor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.signal

from mmsk._validation import check_choice, check_number

PAD_MODES = ("constant", "edge", "reflect", "symmetric")


@dataclass(frozen=True)
class Framing:
    """Parameters of a short-time Fourier transform, named as in librosa.

    ::

        samples        0 0 0 0 |=========================| 0 0 0 0     center=True
        frame 0        [-------*-------]                               * at sample 0
        frame 1            [-------*-------]                           * at sample hop_length

    Attributes
    ----------
    n_fft : int
        Samples per frame.
    hop_length : int
        Samples from one frame to the next.
    win_length : int or None
        Length of the window, zero-padded to `n_fft` on both sides; None is `n_fft`.
    window : str, tuple or float
        As ``scipy.signal.get_window`` takes it.
    center : bool
        Whether frame t is centred on sample ``t * hop_length``; otherwise it begins there.
    pad_mode : {"constant", "edge", "reflect", "symmetric"}
        What lies beyond the ends when `center` is true.
    """

    n_fft: int = 2048
    hop_length: int = 512
    win_length: int | None = None
    window: str | float | tuple[Any, ...] = "hann"
    center: bool = True
    pad_mode: str = "constant"

    def check(self) -> None:
        """Raise ValueError for a parameter that is not accepted."""
        check_number("n_fft", self.n_fft, low=2, integer=True)
        check_number("hop_length", self.hop_length, low=1, integer=True)
        if self.win_length is not None:
            check_number("win_length", self.win_length, low=1, integer=True)
            if self.win_length > self.n_fft:
                raise ValueError(
                    f"win_length={self.win_length!r} is more than n_fft={self.n_fft!r}, the "
                    "samples of a frame."
                )
        check_choice("center", self.center, [True, False])
        check_choice("pad_mode", self.pad_mode, PAD_MODES)
        if not isinstance(self.window, str | float | int | tuple):
            raise ValueError(f"window={self.window!r} is not a name, a number or a tuple of them.")
        window_values(self, "float32")

    def n_samples(self, n_frames: int) -> int:
        """Fewest samples that give `n_frames` frames."""
        return (n_frames - 1) * self.hop_length + (1 if self.center else self.n_fft)

    def n_frames(self, n_samples: int) -> int:
        """Frames of a sound, at least one."""
        margin = self.n_fft // 2 if self.center else 0
        return 1 + max(0, n_samples + 2 * margin - self.n_fft) // self.hop_length

    def edged(self, samples: np.ndarray) -> tuple[np.ndarray, int]:
        """Return samples and how many samples of silence go before (and behind) them."""
        margin = self.n_fft // 2 if self.center else 0
        if margin and self.pad_mode != "constant":
            return np.pad(samples, margin, mode=self.pad_mode), 0  # type: ignore[call-overload]
        return samples, margin

    def padded(self, samples: np.ndarray) -> np.ndarray:
        """Add what lies beyond the ends, and silence where less than one frame is left."""
        samples, margin = self.edged(samples)
        short = max(0, self.n_fft - 2 * margin - len(samples))
        return np.pad(samples, (margin, margin + short))


@lru_cache(maxsize=32)
def window_values(framing: Framing, precision: str) -> np.ndarray:
    """Return the window of a framing, shape (n_fft,), in the given precision.

    Raises
    ------
    ValueError
        If scipy knows no such window.
    """
    length = framing.win_length or framing.n_fft
    try:
        values = scipy.signal.get_window(framing.window, length, fftbins=True)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"window={framing.window!r} is not a window of scipy.signal.get_window: {error}"
        ) from error
    before = (framing.n_fft - length) // 2
    padded = np.pad(values, (before, framing.n_fft - length - before)).astype(precision)
    padded.setflags(write=False)
    return padded
