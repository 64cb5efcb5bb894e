"""Sounds for the tests of the audio room."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 16_000


@pytest.fixture(scope="session")
def sound():
    """One second of a tone with some noise, float32 at 16 kHz."""
    noise = np.random.default_rng(0).normal(0, 0.01, RATE)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    return (tone + noise).astype(np.float32)


@pytest.fixture
def encode(sound):
    """Encode a sound: encode("WAV", samples, rate, subtype=...) -> bytes."""

    def encoded(kind="WAV", samples=sound, rate=RATE, **options):
        file = io.BytesIO()
        soundfile.write(file, samples, rate, format=kind, **options)
        return file.getvalue()

    return encoded


@pytest.fixture(scope="session")
def real_sounds():
    """A few real recordings: spoken digits at 8 kHz, and surroundings at 44.1 kHz."""
    root = os.environ.get("MMSK_TEST_DATA", Path(__file__).parents[2] / "../shared/data")
    files = sorted(Path(root).glob("fsdd/*.wav"))[::250]
    files += sorted(Path(root).glob("esc10/*/*.ogg"))[::120]
    if not files:
        pytest.skip("no recordings: MMSK_TEST_DATA names no folder with fsdd and esc10")
    return files
