"""Mel-frequency cepstral coefficients."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft

from mmsk._validation import check_choice, check_number
from mmsk.audio._base import SpectralExtractor
from mmsk.audio._deltas import delta
from mmsk.audio._filter_bank import FilterBank, check_mel_parameters, mel_bank_of
from mmsk.audio._pooling import Pooling
from mmsk.audio._reader import AudioReader


class MFCC(SpectralExtractor):
    """Mel-frequency cepstral coefficients of sounds, pooled over time.

    Parameters, their defaults and the coefficients are those of ``librosa.feature.mfcc``, with
    `sample_rate` for its ``sr``: in float32 within 1e-3 of librosa's, in float64 within 1.5e-4.

    A sound shorter than one frame is continued with silence, so that one sample is enough.

    Parameters
    ----------
    n_mfcc : int, default=20
        Number of coefficients. The first follows the loudness.
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
    n_mels : int, default=128
        Number of mel bands.
    fmin : float, default=0.0
        Lowest frequency in Hz.
    fmax : float, default=None
        Highest frequency in Hz; None is half of `sample_rate`.
    htk : bool, default=False
        Whether the mel scale is that of HTK instead of Slaney's.
    mel_norm : {"slaney", None} or float, default="slaney"
        Scale of each band: ``"slaney"`` divides by its width, None leaves peaks of 1, a number
        is the norm that each band is divided by.
    top_db : float, default=80.0
        Levels more than this below the loudest of the same sound are raised to that limit; None
        keeps them. librosa always takes 80.
    dct_type : {1, 2, 3}, default=2
        Type of the cosine transform.
    norm : {"ortho", None}, default="ortho"
        Whether the cosine transform is orthonormal.
    lifter : float, default=0
        Where above 0, coefficient n is scaled by ``1 + lifter / 2 * sin(pi * (n + 1) / lifter)``.
    deltas : {0, 1, 2}, default=0
        Whether the slope over 9 frames (1), and the curvature too (2), of each coefficient are
        added, as ``librosa.feature.delta`` gives them. Fewer than 9 frames are continued with
        the first and the last.
    pooling : str, sequence of str or None, default=("mean", "std")
        Statistics of each coefficient over the frames: ``"mean"``, ``"std"``, ``"min"``,
        ``"max"``, and quantiles such as ``"q25"``. None keeps the first `n_frames` frames.
    n_frames : int, default=None
        Number of frames kept where `pooling` is None. A shorter sound is continued with silence.
    precision : {"float32", "float64"}, default="float32"
        Precision of the transform; the features are float32 in any case. ``"float64"`` takes
        about 1.5 times as long. It is needed to resolve levels more than 80 dB below the loudest
        power, which matter only with another `power` or `top_db`.
    reader : AudioReader, default=None
        Reads the cells, with its limits; None is ``AudioReader()``.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the coefficients are computed; ``"auto"`` is a CUDA GPU where there is one. The
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
    LogMelEmbedder : The mel levels themselves.
    AudioDescriptors : Spectral shape, loudness, pitch classes and tempo.

    References
    ----------
    Davis, S. and Mermelstein, P. (1980). Comparison of parametric representations for
    monosyllabic word recognition in continuously spoken sentences. IEEE Transactions on
    Acoustics, Speech, and Signal Processing 28(4).

    McFee, B. et al. (2015). librosa: Audio and music signal analysis in Python. SciPy.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.audio import MFCC
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    >>> mfcc = MFCC(n_mfcc=13, sample_rate=8000, n_fft=256, hop_length=80, n_mels=40)
    >>> mfcc.transform([(tone, 8000), None]).shape
    (2, 26)
    >>> mfcc.get_feature_names_out()[[0, 12, 13]]
    array(['mfcc0_mean', 'mfcc12_mean', 'mfcc0_std'], dtype=object)
    >>> mfcc.frames((tone, 8000)).shape
    (13, 101)
    """

    def __init__(
        self,
        n_mfcc: int = 20,
        *,
        sample_rate: int = 22050,
        n_fft: int = 2048,
        hop_length: int = 512,
        win_length: int | None = None,
        window: Any = "hann",
        center: bool = True,
        pad_mode: str = "constant",
        power: float = 2.0,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        mel_norm: Any = "slaney",
        top_db: float | None = 80.0,
        dct_type: int = 2,
        norm: str | None = "ortho",
        lifter: float = 0,
        deltas: int = 0,
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
        self.n_mfcc = n_mfcc
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.win_length = win_length
        self.window = window
        self.center = center
        self.pad_mode = pad_mode
        self.power = power
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.htk = htk
        self.mel_norm = mel_norm
        self.top_db = top_db
        self.dct_type = dct_type
        self.norm = norm
        self.lifter = lifter
        self.deltas = deltas
        self.pooling = pooling
        self.n_frames = n_frames
        self.precision = precision
        self.reader = reader
        self.device = device
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_number("n_mfcc", self.n_mfcc, low=1, integer=True)
        if self.n_mfcc > self.n_mels:
            raise ValueError(
                f"n_mfcc={self.n_mfcc!r} is more than n_mels={self.n_mels!r}, the bands that the "
                "coefficients are taken from."
            )
        check_choice("dct_type", self.dct_type, [1, 2, 3])
        check_choice("norm", self.norm, ["ortho", None])
        check_number("lifter", self.lifter, low=0)
        check_choice("deltas", self.deltas, [0, 1, 2])

    def _check_bank(self) -> None:
        check_mel_parameters(self)

    def _bank(self) -> FilterBank:
        return mel_bank_of(self)

    def _projection(self) -> np.ndarray:
        return _cosine_table(self.n_mels, self.n_mfcc, self.dct_type, self.norm, self.lifter)

    def _completed(self, matrix: np.ndarray) -> np.ndarray:
        added = [delta(matrix, order) for order in range(1, self.deltas + 1)]
        return np.concatenate([matrix, *added], axis=1) if added else matrix

    def _value_names(self) -> Iterable[str]:
        for ending in ("", "_delta", "_delta2")[: self.deltas + 1]:
            for coefficient in range(self.n_mfcc):
                yield f"mfcc{coefficient}{ending}"


@lru_cache(maxsize=32)
def _cosine_table(
    n_mels: int, n_mfcc: int, dct_type: int, norm: str | None, lifter: float
) -> np.ndarray:
    """Cosine transform and lifter as one table, shape (n_mels, n_mfcc), dtype float64."""
    table = scipy.fft.dct(np.eye(n_mels), type=dct_type, norm=norm)[:, :n_mfcc]
    if lifter > 0:
        table *= 1 + lifter / 2 * np.sin(np.pi * np.arange(1, n_mfcc + 1) / lifter)
    return np.ascontiguousarray(table)
