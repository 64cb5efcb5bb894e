"""The recurrent encoder learns what only the order tells."""

import numpy as np
import pytest
from sklearn.base import clone

from mmsk import RecurrentEncoder

QUICK = {
    "hidden_size": 12,
    "random_state": 0,
    "device": "cpu",
    "learning_rate": 0.02,
    "max_epochs": 20,
}


@pytest.fixture(scope="module")
def turns():
    """Two bumps, upward first or downward first, at places of their own."""
    generator = np.random.default_rng(0)
    cells, labels = [], []
    for _ in range(80):
        length = generator.integers(8, 20)
        first, second = sorted(generator.choice(length, 2, replace=False))
        sign = generator.choice([-1, 1])
        cell = 0.1 * generator.normal(size=length)
        cell[first], cell[second] = 3 * sign, -3 * sign
        cells.append(cell)
        labels.append("up first" if sign > 0 else "down first")
    return cells, np.array(labels)


@pytest.mark.parametrize(("cell", "pooling"), [("lstm", "attention"), ("gru", "last")])
def test_the_order_is_learned(turns, cell, pooling):
    cells, labels = turns
    encoder = RecurrentEncoder(8, cell=cell, pooling=pooling, output="scores", **QUICK)
    scores = encoder.fit(cells[:60], labels[:60]).transform(cells[60:])
    assert (encoder.classes_[scores.argmax(axis=1)] == labels[60:]).mean() >= 0.9


def test_real_targets(turns):
    cells, _ = turns
    target = np.array([len(cell) for cell in cells]) * 10.0 + np.linspace(0, 1, len(cells))
    scores = RecurrentEncoder(8, output="scores", **QUICK).fit_transform(cells, target)
    assert scores.shape == (80, 1)
    assert np.corrcoef(scores[:, 0], target)[0, 1] > 0.9


def test_layers_and_directions_change_the_network(turns):
    cells, labels = turns
    quick = QUICK | {"max_epochs": 1}
    plain = RecurrentEncoder(8, **quick).fit(cells, labels)
    other = RecurrentEncoder(8, n_layers=2, bidirectional=False, **quick).fit(cells, labels)
    assert [name for name in plain.state_ if "backward" in name]
    assert not [name for name in other.state_ if "backward" in name]
    assert other.state_["0.layers.forward_layers.1.weight_ih_l0"].shape == (48, 12)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cell": "rnn"}, "cell='rnn' is not one of 'lstm', 'gru'"),
        ({"n_layers": 0}, "n_layers=0"),
        ({"bidirectional": 2}, "bidirectional=2"),
    ],
)
def test_parameters_that_are_not_accepted(parameters, message, turns):
    with pytest.raises(ValueError, match=message):
        clone(RecurrentEncoder(**parameters)).fit(*turns)
