"""Recurrent layers against torch's own, packed and in float64, and what padding does."""

import numpy as np
import pytest
import torch
from torch import nn

from mmsk._nets.dropout import seed_dropout
from mmsk._nets.recurrent import CELLS, Recurrent, reordered, reversing
from mmsk._nets.sequences import padded
from mmsk._nets.state import build_seeded

LENGTHS = np.array([6, 2, 9, 1])
WIDTH, HIDDEN = 3, 4
PLACES = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]


@pytest.fixture
def sequences():
    values = np.random.default_rng(0).normal(size=(LENGTHS.sum(), WIDTH)).astype(np.float32)
    return padded(values, LENGTHS, "cpu")


def build(cell="lstm", bidirectional=True, n_layers=2, dropout=0.0):
    make = lambda: Recurrent(  # noqa: E731
        WIDTH,
        HIDDEN,
        n_layers=n_layers,
        cell=cell,
        bidirectional=bidirectional,
        dropout=dropout,
    )
    return build_seeded(make, 0).eval()


def packed_states(ours, cell, bidirectional, n_layers, sequences):
    """States of torch's own layers with the same weights, packed, in float64."""
    theirs = CELLS[cell](WIDTH, HIDDEN, n_layers, batch_first=True, bidirectional=bidirectional)
    with torch.no_grad():
        for layer in range(n_layers):
            for place in PLACES:
                directions = {"": ours.forward_layers[layer]}
                if bidirectional:
                    directions["_reverse"] = ours.backward_layers[layer]
                for suffix, module in directions.items():
                    weight = getattr(module, f"{place}_l0")
                    getattr(theirs, f"{place}_l{layer}{suffix}").copy_(weight)
        packed = nn.utils.rnn.pack_padded_sequence(
            sequences.values.double(), sequences.lengths, batch_first=True, enforce_sorted=False
        )
        return nn.utils.rnn.pad_packed_sequence(theirs.double()(packed)[0], batch_first=True)[0]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("n_layers", [1, 2])
def test_states_are_those_of_packed_layers(sequences, cell, bidirectional, n_layers):
    network = build(cell, bidirectional, n_layers)
    assert network.width == HIDDEN * (1 + bidirectional)
    with torch.inference_mode():
        states = network(sequences.values, sequences.present)
    expected = packed_states(network, cell, bidirectional, n_layers, sequences)
    present = sequences.present
    np.testing.assert_allclose(states[present], expected[present], atol=1e-6)


def test_reversing_ends_where_the_sequence_does(sequences):
    order = reversing(sequences.present)
    turned = reordered(sequences.values, order)
    for row, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(
            turned[row, :length], sequences.values[row, :length].flip(0).numpy()
        )
    torch.testing.assert_close(reordered(turned, order), sequences.values, rtol=0, atol=0)


def test_dropout_acts_between_layers_only(sequences):
    """It draws from the generator given, and torch's own is left alone."""

    def states(network):
        seed_dropout(network, torch.Generator().manual_seed(1))
        return network.train()(sequences.values, sequences.present)

    before = torch.random.get_rng_state()
    one, same = (states(build(n_layers=2, dropout=0.5)) for _ in range(2))
    torch.testing.assert_close(one, same, rtol=0, atol=0)
    assert not torch.allclose(one, states(build(n_layers=2)))
    torch.testing.assert_close(
        states(build(n_layers=1, dropout=0.5)), states(build(n_layers=1)), rtol=0, atol=0
    )
    assert torch.equal(torch.random.get_rng_state(), before)
