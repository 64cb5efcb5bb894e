"""Networks of whole sequences: what padding does, and what is rebuilt."""

import numpy as np
import pytest
import torch
from torch import nn

from mmsk._nets.recurrent import Recurrent
from mmsk._nets.sequence_networks import SequenceNetwork, SequenceRebuilder, WordVectors
from mmsk._nets.sequences import POOLINGS, padded
from mmsk._nets.state import build_seeded
from mmsk._nets.temporal_convolution import TemporalConvolutions

LENGTHS = np.array([6, 2, 40, 1])
WIDTH, N_WORDS = 3, 9
LAYERS = {
    "lstm": lambda: Recurrent(WIDTH, 5, n_layers=2, cell="lstm", bidirectional=True, dropout=0.1),
    "convolutions": lambda: TemporalConvolutions(WIDTH, [6, 6], kernel_size=3, dropout=0.1),
}


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(LENGTHS.sum(), WIDTH)).astype(np.float32)


def build(layers, pooling="mean", enter=None, bounded=True):
    return SequenceNetwork(
        enter or nn.Identity(), LAYERS[layers](), pooling, 4, dropout=0.1, bounded=bounded
    )


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_row_does_not_depend_on_the_others(values, layers, pooling):
    network = build_seeded(lambda: build(layers, pooling), 0).eval()
    with torch.inference_mode():
        together = network(padded(values, LENGTHS, "cpu")).numpy()
        parts = np.split(values, LENGTHS.cumsum()[:-1])
        alone = [network(padded(part, np.array([len(part)]), "cpu"))[0] for part in parts]
    np.testing.assert_allclose(together, np.stack(alone), rtol=0, atol=1e-6)
    assert np.ptp(together, axis=0).min() > 1e-3


def test_rows_are_bounded_by_the_hyperbolic_tangent(values):
    free, bounded = (
        build_seeded(lambda bounded=bounded: build("lstm", bounded=bounded), 0).eval()
        for bounded in (False, True)
    )
    sequences = padded(values, LENGTHS, "cpu")
    torch.testing.assert_close(bounded(sequences), torch.tanh(free(sequences)))


def test_the_vector_of_no_word_is_zero():
    vectors = build_seeded(lambda: WordVectors(N_WORDS, WIDTH, 0.5), 0).eval()
    out = vectors(torch.tensor([[0, 1, 2]]))
    assert out.shape == (1, 3, WIDTH)
    assert not out[0, 0].any()
    assert out[0, 1:].any(dim=1).all()


def test_the_error_of_a_row_is_that_of_its_frames(values):
    make = lambda: SequenceRebuilder(build("lstm"), 4, 5, WIDTH, "lstm")  # noqa: E731
    network = build_seeded(make, 0).eval()
    sequences = padded(values, LENGTHS, "cpu")
    with torch.inference_mode():
        errors, rebuilt = network(sequences).numpy(), network.rebuild(sequences).numpy()
    parts = np.split(values.astype(np.float64), LENGTHS.cumsum()[:-1])
    expected = [
        np.square(rebuilt[row, : len(part)] - part).mean() for row, part in enumerate(parts)
    ]
    np.testing.assert_allclose(errors, expected, rtol=1e-5)


def test_the_error_of_words_is_their_cross_entropy():
    numbers = np.array([3, 1, 2, 8])
    enter = WordVectors(N_WORDS, WIDTH, 0.0)
    network = SequenceRebuilder(build("lstm", enter=enter), 4, 5, N_WORDS, "gru").eval()
    sequences = padded(numbers, np.array([1, 3]), "cpu")
    with torch.inference_mode():
        errors = network(sequences).numpy()
        chances = network.rebuild(sequences).double().log_softmax(dim=2).numpy()
    expected = [-chances[0, 0, 3], -np.mean([chances[1, 0, 1], chances[1, 1, 2], chances[1, 2, 8]])]
    np.testing.assert_allclose(errors, expected, rtol=1e-5)


def test_a_sequence_is_rebuilt_from_its_end(values):
    """The state that has unrolled one step is that of the last frame."""
    network = build_seeded(lambda: SequenceRebuilder(build("lstm"), 4, 5, WIDTH, "lstm"), 0).eval()
    sequences = padded(values, LENGTHS, "cpu")
    with torch.inference_mode():
        rebuilt = network.rebuild(sequences)
        code = network.encode(sequences)
        first = network.out(network.unroll(code.unsqueeze(1))[0])[:, 0]
    last = rebuilt[torch.arange(len(LENGTHS)), sequences.lengths - 1]
    np.testing.assert_allclose(last, first, atol=1e-6)
