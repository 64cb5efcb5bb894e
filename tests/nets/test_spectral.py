"""The torch path against the CPU path; on a GPU where there is one."""

import numpy as np
import pytest
import torch

from mmsk.audio import MFCC, LogMelEmbedder, STFTEmbedder

EXTRACTORS = [
    MFCC(),
    MFCC(deltas=2, precision="float64", n_fft=1024, hop_length=300),
    MFCC(top_db=None, center=False, lifter=22, dct_type=3, precision="float64"),
    LogMelEmbedder(40, power=1.0, pad_mode="reflect", precision="float64"),
    STFTEmbedder(8, top_db=30.0),
    STFTEmbedder(None, n_fft=255, hop_length=100),
]


@pytest.fixture(scope="module")
def sounds():
    """Sounds of different lengths and levels."""
    generator = np.random.default_rng(0)
    lengths = [1, 500, 5000, 22_050, 60_000]
    sounds = [generator.normal(0, 0.1, length) for length in lengths]
    sounds += [np.zeros(4000), 1e-3 * sounds[2], np.sin(np.arange(9000) / 20)]
    return [sound.astype(np.float32) for sound in sounds]


@pytest.mark.parametrize("extractor", EXTRACTORS, ids=repr)
def test_torch_equals_the_cpu_path(extractor, sounds):
    within = 1e-3 if extractor.precision == "float32" else 1e-8
    on_cpu = extractor._matrices(sounds, "cpu")
    for matrix, expected in zip(extractor._in_torch(sounds, "cpu"), on_cpu, strict=True):
        np.testing.assert_allclose(extractor._completed(matrix), expected, rtol=0, atol=within)


def test_many_frames_are_taken_in_pieces(sounds, monkeypatch):
    from mmsk._nets import spectral

    whole = list(MFCC()._in_torch(sounds, "cpu"))
    monkeypatch.setattr(spectral, "_FRAMES_AT_ONCE", 7)
    for matrix, expected in zip(MFCC()._in_torch(sounds, "cpu"), whole, strict=True):
        np.testing.assert_allclose(matrix, expected, rtol=0, atol=1e-3)


@pytest.mark.gpu
def test_a_gpu_equals_the_cpu(sounds):
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA GPU")
    cells = [(sound, 22050) for sound in sounds]
    expected = MFCC(deltas=1, device="cpu").transform(cells)
    np.testing.assert_allclose(MFCC(deltas=1).transform(cells), expected, rtol=0, atol=2e-3)
