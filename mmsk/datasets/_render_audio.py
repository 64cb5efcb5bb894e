"""Sound of a made-up row: a chord for the class, bursts of noise for the piece, faint hiss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.io import wavfile

from mmsk.datasets._evidence import Evidence

SAMPLE_RATE = 16_000
DURATION_SECONDS = 0.5
LOWEST_ROOT_HZ = 196.0
ROOT_OCTAVES = 2.5
LOWEST_BAND_HZ = 2_600.0
BAND_OCTAVES = 1.5
CHORD = (1.0, 1.25, 1.5)
HISS = 0.01


def render_audio(evidence: Evidence, rng: np.random.Generator, path: Path) -> None:
    """Play a sound of 0.5 s at 16 kHz and write it as 16-bit WAV.

    Parameters
    ----------
    evidence : Evidence
        `shown` chooses the pitch of a chord, `piece` the number of bursts and the band of
        their noise.
    rng : Generator
        Chooses loudness, tuning, onset, phases and hiss.
    path : Path
        File to write.
    """
    time = np.arange(int(SAMPLE_RATE * DURATION_SECONDS)) / SAMPLE_RATE
    sound = HISS * rng.standard_normal(len(time))
    if evidence.shown is not None:
        sound += _chord(time, evidence.shown / evidence.n_classes, rng)
    if evidence.piece is not None:
        sound += _bursts(time, evidence.piece, evidence.n_classes, rng)
    peak = max(1.0, np.abs(sound).max() / 0.95)
    samples = np.rint(sound / peak * 32767).astype(np.int16)
    wavfile.write(path, SAMPLE_RATE, samples)  # soundfile waits for the disk: 8 ms a file


def _chord(time: np.ndarray, height: float, rng: np.random.Generator) -> np.ndarray:
    root = LOWEST_ROOT_HZ * 2 ** (ROOT_OCTAVES * height) * rng.normal(1, 0.01)
    after = np.clip(time - rng.uniform(0, 0.08), 0, None)
    envelope = np.minimum(after / 0.01, 1) * np.exp(-after / rng.uniform(0.2, 0.5))
    tones = [np.sin(2 * np.pi * root * ratio * time + rng.uniform(0, 2 * np.pi)) for ratio in CHORD]
    return rng.uniform(0.15, 0.25) * envelope * np.sum(tones, axis=0)


def _bursts(time: np.ndarray, piece: int, n_classes: int, rng: np.random.Generator) -> np.ndarray:
    """White noise through a band that rises with the piece, in piece + 2 bursts."""
    spectrum = np.fft.rfft(rng.standard_normal(len(time)))
    frequency = np.fft.rfftfreq(len(time), 1 / SAMPLE_RATE)
    centre = LOWEST_BAND_HZ * 2 ** (BAND_OCTAVES * piece / n_classes)
    octaves = np.log2(np.maximum(frequency, 1.0) / centre)
    noise = np.fft.irfft(spectrum * np.exp(-0.5 * (octaves / 0.08) ** 2), len(time))
    phase = (piece + 2) * time / DURATION_SECONDS + rng.uniform(0, 0.3)
    return rng.uniform(0.2, 0.35) * noise / noise.std() * np.exp(-6 * (phase % 1))
