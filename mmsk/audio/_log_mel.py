"""Mel levels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmsk.audio._base import SpectralExtractor
from mmsk.audio._filter_bank import FilterBank, check_mel_parameters, mel_bank_of
from mmsk.audio._pooling import Pooling
from mmsk.audio._reader import AudioReader


class LogMelEmbedder(SpectralExtractor):
    """Levels of mel bands in dB, pooled over time.

    The levels are ``librosa.power_to_db(librosa.feature.melspectrogram(...))`` with the same
    parameters, and `sample_rate` for librosa's ``sr``.

    A sound shorter than one frame is continued with silence, so that one sample is enough.

    Parameters
    ----------
    n_mels : int, default=128
        Number of mel bands.
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
    MFCC : The cosine transform of these levels, far fewer numbers.

    References
    ----------
    McFee, B. et al. (2015). librosa: Audio and music signal analysis in Python. SciPy.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.audio import LogMelEmbedder
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    >>> embedder = LogMelEmbedder(40, sample_rate=8000, n_fft=512, pooling="mean")
    >>> levels = embedder.transform([(tone, 8000)])
    >>> levels.shape
    (1, 40)
    >>> str(embedder.get_feature_names_out()[levels[0].argmax()])
    'mel7_mean'
    """

    def __init__(
        self,
        n_mels: int = 128,
        *,
        sample_rate: int = 22050,
        n_fft: int = 2048,
        hop_length: int = 512,
        win_length: int | None = None,
        window: Any = "hann",
        center: bool = True,
        pad_mode: str = "constant",
        power: float = 2.0,
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        mel_norm: Any = "slaney",
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
        self.n_mels = n_mels
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.win_length = win_length
        self.window = window
        self.center = center
        self.pad_mode = pad_mode
        self.power = power
        self.fmin = fmin
        self.fmax = fmax
        self.htk = htk
        self.mel_norm = mel_norm
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
        check_mel_parameters(self)

    def _bank(self) -> FilterBank:
        return mel_bank_of(self)

    def _value_names(self) -> Iterable[str]:
        return (f"mel{band}" for band in range(self.n_mels))
