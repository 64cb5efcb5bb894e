"""Descriptors of the shape of a sound's spectrum, its loudness, pitch classes and tempo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mmsk._validation import check_choice, check_number
from mmsk.audio._base import check_reading, read_samples
from mmsk.audio._framing import Framing
from mmsk.audio._pooling import Pooling, check_pooling, pooled, pooled_names
from mmsk.audio._reader import AudioReader
from mmsk.audio._spectra import spectra
from mmsk.extraction import CellExtractor

_LOWEST_RATE = 1000
# Octaves of the spectral contrast start here and are at most 6, as in librosa.
_CONTRAST_FMIN = 200.0
_MOST_OCTAVES = 6
_N_CHROMA = 12


@dataclass(frozen=True, eq=False)
class _Sound:
    """One sound with its spectrum, computed once for all descriptors."""

    samples: np.ndarray
    sample_rate: int
    framing: Framing

    @cached_property
    def magnitudes(self) -> np.ndarray:
        """Shape (n_bins, n_frames), as librosa takes it."""
        pieces = [abs(piece) for piece in spectra(self.samples, self.framing, "float32")]
        return np.concatenate(pieces).T


def _centroid(sound: _Sound) -> np.ndarray:
    import librosa

    return librosa.feature.spectral_centroid(S=sound.magnitudes, sr=sound.sample_rate)


def _bandwidth(sound: _Sound) -> np.ndarray:
    import librosa

    return librosa.feature.spectral_bandwidth(S=sound.magnitudes, sr=sound.sample_rate)


def _rolloff(sound: _Sound) -> np.ndarray:
    import librosa

    return librosa.feature.spectral_rolloff(S=sound.magnitudes, sr=sound.sample_rate)


def _contrast(sound: _Sound) -> np.ndarray:
    import librosa

    return librosa.feature.spectral_contrast(
        S=sound.magnitudes,
        sr=sound.sample_rate,
        fmin=_CONTRAST_FMIN,
        n_bands=_n_octaves(sound.sample_rate),
    )


def _flatness(sound: _Sound) -> np.ndarray:
    import librosa

    return librosa.feature.spectral_flatness(S=sound.magnitudes)


def _chroma(sound: _Sound) -> np.ndarray:
    import librosa

    # Estimating the tuning takes three times the rest, and fails with a warning on silence.
    return librosa.feature.chroma_stft(
        S=sound.magnitudes**2, sr=sound.sample_rate, n_chroma=_N_CHROMA, tuning=0.0
    )


def _zero_crossing_rate(sound: _Sound) -> np.ndarray:
    import librosa

    return librosa.feature.zero_crossing_rate(
        sound.samples, frame_length=sound.framing.n_fft, hop_length=sound.framing.hop_length
    )


def _rms(sound: _Sound) -> np.ndarray:
    import librosa

    return librosa.feature.rms(
        y=sound.samples, frame_length=sound.framing.n_fft, hop_length=sound.framing.hop_length
    )


def _tempo(sound: _Sound) -> np.ndarray:
    import librosa

    rate, hop_length = sound.sample_rate, sound.framing.hop_length
    mel = librosa.feature.melspectrogram(S=sound.magnitudes**2, sr=rate)
    onsets = librosa.onset.onset_strength(
        S=librosa.power_to_db(mel), sr=rate, hop_length=hop_length
    )
    return librosa.feature.tempo(onset_envelope=onsets, sr=rate, hop_length=hop_length)


_DESCRIPTORS: dict[str, Callable[[_Sound], np.ndarray]] = {
    "centroid": _centroid,
    "bandwidth": _bandwidth,
    "rolloff": _rolloff,
    "contrast": _contrast,
    "flatness": _flatness,
    "chroma": _chroma,
    "zero_crossing_rate": _zero_crossing_rate,
    "rms": _rms,
    "tempo": _tempo,
}


class AudioDescriptors(CellExtractor):
    """Spectral shape, loudness, pitch classes and tempo of sounds, pooled over time.

    All come from one short-time Fourier transform and are librosa's: ``"centroid"``,
    ``"bandwidth"`` and ``"rolloff"`` (Hz; the frequency below which 85 % of the magnitude
    lies), ``"contrast"`` (dB between peaks and valleys of each octave above 200 Hz, at most 6
    octaves and as many as the rate holds, and below it), ``"flatness"`` (0 for a tone, 1 for
    noise), ``"chroma"`` (strength of the 12 pitch classes from C, tuned to A = 440 Hz),
    ``"zero_crossing_rate"`` (share of samples), ``"rms"`` (loudness, 1 is full scale) and
    ``"tempo"`` (beats per minute, one number per sound).

    A sound shorter than one frame is continued with silence, so that one sample is enough.

    Parameters
    ----------
    descriptors : sequence of str or None, default=None
        Which of them to compute, in this order; None is all.
    sample_rate : int, default=22050
        Rate in Hz to which each sound is resampled, at least 1000.
    n_fft : int, default=2048
        Samples per frame.
    hop_length : int, default=512
        Samples from one frame to the next.
    pooling : str, sequence of str or None, default=("mean", "std")
        Statistics over the frames: ``"mean"``, ``"std"``, ``"min"``, ``"max"``, and quantiles
        such as ``"q25"``. None keeps the first `n_frames` frames. The tempo is not pooled.
    n_frames : int, default=None
        Number of frames kept where `pooling` is None. A shorter sound is continued with silence.
    reader : AudioReader, default=None
        Reads the cells, with its limits; None is ``AudioReader()``.
    on_error : {"raise", "missing"}, default="raise"
        Whether an unreadable cell ends the pass or becomes a missing one, with a warning.
    max_bad_fraction : float, default=0.1
        Share of unreadable cells above which ``"missing"`` raises all the same.
    batch_size : int, default=64
        Sounds held ready. It cannot change a row.
    n_jobs : int, default=None
        Threads that read and compute; None is 1, -1 all CPUs.

    See Also
    --------
    MFCC : The outline of the spectrum.

    References
    ----------
    Peeters, G. (2004). A large set of audio features for sound description. IRCAM.

    McFee, B. et al. (2015). librosa: Audio and music signal analysis in Python. SciPy.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk.audio import AudioDescriptors
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    >>> descriptors = AudioDescriptors(["chroma", "rms"], sample_rate=8000, pooling="mean")
    >>> row = descriptors.fit_transform([(tone, 8000)])[0]
    >>> str(descriptors.get_feature_names_out()[row.argmax()])  # A is the pitch class 9
    'chroma9_mean'
    """

    _strings_are = "paths"

    def __init__(
        self,
        descriptors: Sequence[str] | None = None,
        *,
        sample_rate: int = 22050,
        n_fft: int = 2048,
        hop_length: int = 512,
        pooling: Pooling = ("mean", "std"),
        n_frames: int | None = None,
        reader: AudioReader | None = None,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 64,
        n_jobs: int | None = None,
    ) -> None:
        self.descriptors = descriptors
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.pooling = pooling
        self.n_frames = n_frames
        self.reader = reader
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self) -> None:
        check_reading(self.reader, self.sample_rate)
        check_number("sample_rate", self.sample_rate, low=_LOWEST_RATE, integer=True)
        self._framing().check()
        check_pooling(self.pooling, self.n_frames)
        if isinstance(self.descriptors, str) or not self._names():
            raise ValueError(f"descriptors={self.descriptors!r} is not a list of names or None.")
        for name in self._names():
            check_choice("descriptors", name, list(_DESCRIPTORS))

    def _used_reader(self) -> AudioReader:
        return AudioReader() if self.reader is None else self.reader

    def _feature_names(self) -> Iterator[str]:
        values = [
            value for name in self._names() if name != "tempo" for value in self._values(name)
        ]
        yield from pooled_names(values, self.pooling, self.n_frames)
        if "tempo" in self._names():
            yield "tempo"

    def _prepare(self, cell: Any) -> np.ndarray:
        least = 1 if self.n_frames is None else self._framing().n_samples(self.n_frames)
        samples = read_samples(self._used_reader(), cell, self.sample_rate, least)
        sound = _Sound(samples, self.sample_rate, self._framing())
        computed = {name: _DESCRIPTORS[name](sound) for name in self._names()}
        tempo = computed.pop("tempo", np.empty(0))
        if not computed:
            return tempo
        matrix = np.concatenate(list(computed.values())).T
        return np.concatenate([pooled(matrix, self.pooling, self.n_frames), tempo])

    def _extract(self, samples: list[np.ndarray]) -> np.ndarray:
        return np.stack(samples).astype(np.float32)

    def _names(self) -> list[str]:
        return list(_DESCRIPTORS) if self.descriptors is None else list(self.descriptors)

    def _values(self, name: str) -> list[str]:
        counts = {"contrast": _n_octaves(self.sample_rate) + 1, "chroma": _N_CHROMA}
        return [f"{name}{i}" for i in range(counts[name])] if name in counts else [name]

    def _framing(self) -> Framing:
        return Framing(self.n_fft, self.hop_length)


def _n_octaves(sample_rate: int) -> int:
    """Octaves above 200 Hz that begin below half the rate, at most 6."""
    return int(min(_MOST_OCTAVES, np.ceil(np.log2(sample_rate / 2 / _CONTRAST_FMIN))))
