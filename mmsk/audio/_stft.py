"""Levels of the short-time Fourier transform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmsk._validation import check_number
from mmsk.audio._base import SpectralExtractor
from mmsk.audio._filter_bank import FilterBank, linear_bank
from mmsk.audio._pooling import Pooling
from mmsk.audio._reader import AudioReader


class STFTEmbedder(SpectralExtractor):
    """Levels of frequency bands of equal width in dB, pooled over time.

    Unlike mel bands these are as fine at the top of the range as at its bottom, which suits
    machines and animals more than speech and music. The levels are
    ``librosa.power_to_db(abs(librosa.stft(...)) ** power)`` averaged over the bins of a band
    before the logarithm.

    A sound shorter than one frame is continued with silence, so that one sample is enough.

    Parameters
    ----------
    n_bands : int, default=64
        Number of bands; None is one per frequency bin, ``1 + n_fft // 2`` of them.
    sample_rate : int, default=22050
        Rate in Hz to which each sound is resampled; above half of it nothing is heard.
    n_fft : int, default=2048
        Samples per frame: 93 ms at 22,050 Hz, 256 ms at 8,000 Hz. Speech is mostly analysed in
        frames of 20 to 40 ms.
    hop_length : int, default=512
        Samples from one frame to the next.
    win_length : int, default=None
        Length of the window within a frame; None is `n_fft`.
    window : str, tuple or float, default="hann"
        As ``scipy.signal.get_window`` takes it.
    center : bool, default=True
        Whether frame t is centred on sample ``t * hop_length``; otherwise it begins there.
    pad_mode : {"constant", "edge", "reflect", "symmetric"}, default="constant"
        What lies beyond the ends of a sound where `center` is true; ``"constant"`` is silence.
    power : float, default=2.0
        Exponent of the magnitudes: 2 for power, 1 for magnitude.
    top_db : float, default=80.0
        Levels more than this below the loudest of the same sound are raised to that limit; None
        keeps them.
    pooling : str, sequence of str or None, default=("mean", "std")
        Statistics of each band over the frames: ``"mean"``, ``"std"``, ``"min"``,
        ``"max"``, and quantiles such as ``"q25"``. None keeps the first `n_frames` frames.
    n_frames : int, default=None
        Number of frames kept where `pooling` is None. A shorter sound is continued with silence.
    precision : {"float32", "float64"}, default="float32"
        Precision of the transform; the features are float32 in any case. ``"float64"`` is
        needed to resolve levels more than 80 dB below the loudest power, which matter only with
        another `power` or `top_db`.
    reader : AudioReader, default=None
        Reads the cells, with its limits; None is ``AudioReader()``.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the levels are computed; ``"auto"`` is a CUDA GPU where there is one. The
        tables are the same on each, so results agree to float32 rounding.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell ends the pass or becomes a missing one, with a warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.
    batch_size : int, default=64
        Sounds computed at once on a GPU, and held ready. It cannot change a row.
    n_jobs : int, default=None
        Threads that read and, on the CPU, compute; None is 1, -1 all CPUs.

    See Also
    --------
    LogMelEmbedder : Bands that widen with frequency, as hearing does.

    References
    ----------
    Allen, J. B. and Rabiner, L. R. (1977). A unified approach to short-time Fourier analysis
    and synthesis. Proceedings of the IEEE 65(11).

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.audio import STFTEmbedder
    >>> tone = np.sin(2 * np.pi * 1500 * np.arange(8000) / 8000)
    >>> embedder = STFTEmbedder(4, sample_rate=8000, n_fft=512, pooling="mean")
    >>> levels = embedder.transform([(tone, 8000)])
    >>> str(embedder.get_feature_names_out()[levels[0].argmax()])
    'band1_mean'
    """

    def __init__(
        self,
        n_bands: int | None = 64,
        *,
        sample_rate: int = 22050,
        n_fft: int = 2048,
        hop_length: int = 512,
        win_length: int | None = None,
        window: Any = "hann",
        center: bool = True,
        pad_mode: str = "constant",
        power: float = 2.0,
        top_db: float | None = 80.0,
        pooling: Pooling = ("mean", "std"),
        n_frames: int | None = None,
        precision: str = "float32",
        reader: AudioReader | None = None,
        device: str = "auto",
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 64,
        n_jobs: int | None = None,
    ) -> None:
        self.n_bands = n_bands
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.win_length = win_length
        self.window = window
        self.center = center
        self.pad_mode = pad_mode
        self.power = power
        self.top_db = top_db
        self.pooling = pooling
        self.n_frames = n_frames
        self.precision = precision
        self.reader = reader
        self.device = device
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_bank(self) -> None:
        if self.n_bands is not None:
            check_number("n_bands", self.n_bands, low=1, high=1 + self.n_fft // 2, integer=True)

    def _bank(self) -> FilterBank:
        return linear_bank(self.n_fft, self._n_bands(), self.precision)

    def _value_names(self) -> Iterable[str]:
        return (f"band{band}" for band in range(self._n_bands()))

    def _n_bands(self) -> int:
        return 1 + self.n_fft // 2 if self.n_bands is None else self.n_bands
