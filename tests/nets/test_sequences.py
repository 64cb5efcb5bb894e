"""Padding and pooling of sequences, against NumPy row by row."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from mmsk._nets.sequences import POOLINGS, FramePooling, padded
from mmsk._nets.state import build_seeded, to_arrays

LENGTHS = np.array([4, 1, 7])
WIDTH = 5


@pytest.fixture
def parts():
    generator = np.random.default_rng(0)
    return [generator.normal(size=(n, WIDTH)).astype(np.float32) for n in LENGTHS]


def test_sequences_stand_side_by_side(parts):
    sequences = padded(np.concatenate(parts), LENGTHS, "cpu")
    assert sequences.values.shape == (3, 7, WIDTH)
    assert sequences.present.sum(dim=1).tolist() == sequences.lengths.tolist() == [4, 1, 7]
    for row, part in enumerate(parts):
        np.testing.assert_array_equal(sequences.values[row, : len(part)].numpy(), part)
        assert not sequences.values[row, len(part) :].any()


def test_numbers_of_words_stay_whole():
    sequences = padded(np.array([3, 1, 2]), np.array([1, 2]), "cpu")
    assert sequences.values.tolist() == [[3, 0], [1, 2]]
    assert sequences.values.dtype == torch.int64


def expected(pooling, part, w, n_backward=0):
    part = part.astype(np.float64)
    if pooling == "mean":
        return part.mean(axis=0)
    if pooling == "max":
        return part.max(axis=0)
    if pooling == "last":
        n_forward = WIDTH - n_backward
        return np.concatenate([part[-1, :n_forward], part[0, n_forward:]])
    hidden = np.tanh(part @ w["look.weight"].T.astype(np.float64) + w["look.bias"])
    return softmax(hidden @ w["score.weight"][0].astype(np.float64)) @ part


@pytest.mark.parametrize("pooling", POOLINGS)
def test_pooling_counts_no_padding(parts, pooling):
    sequences = padded(np.concatenate(parts), LENGTHS, "cpu")
    frames = torch.where(sequences.present.unsqueeze(2), sequences.values, 1e6)
    pool = build_seeded(lambda: FramePooling(pooling, WIDTH), 0)
    with torch.inference_mode():
        pooled = pool(frames, sequences.present).numpy()
    rows = [expected(pooling, part, to_arrays(pool)) for part in parts]
    np.testing.assert_allclose(pooled, rows, rtol=1e-5, atol=1e-6)


def test_what_runs_backward_ends_at_the_first_frame(parts):
    sequences = padded(np.concatenate(parts), LENGTHS, "cpu")
    pooled = FramePooling("last", WIDTH, n_backward=2)(sequences.values, sequences.present)
    rows = [expected("last", part, {}, n_backward=2) for part in parts]
    np.testing.assert_array_equal(pooled.numpy(), np.float32(rows))
