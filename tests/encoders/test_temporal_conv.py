"""The temporal convolutional encoder finds what happens anywhere."""

import numpy as np
import pytest

from mmsk import TemporalConvEncoder

QUICK = {
    "hidden_size": 12,
    "random_state": 0,
    "device": "cpu",
    "learning_rate": 0.02,
    "max_epochs": 15,
}


@pytest.fixture(scope="module")
def ramps():
    """A saw that rises slowly and falls at once, or the other way round."""
    generator = np.random.default_rng(0)
    cells, labels = [], []
    for number in range(80):
        cell = np.arange(generator.integers(12, 30)) % 6 + generator.uniform(0, 6)
        cells.append((cell if number % 2 else -cell) + 0.1 * generator.normal(size=len(cell)))
        labels.append(["falls", "rises"][number % 2])
    return [cell - cell.mean() for cell in cells], np.array(labels)


@pytest.mark.parametrize("pooling", ["attention", "max"])
def test_shapes_are_learned(ramps, pooling):
    cells, labels = ramps
    encoder = TemporalConvEncoder(8, n_blocks=2, pooling=pooling, output="scores", **QUICK)
    scores = encoder.fit(cells[:60], labels[:60]).transform(cells[60:])
    assert (encoder.classes_[scores.argmax(axis=1)] == labels[60:]).mean() >= 0.9


def test_blocks_and_kernels_change_the_network(ramps):
    quick = QUICK | {"max_epochs": 1}
    encoder = TemporalConvEncoder(8, n_blocks=4, kernel_size=3, **quick).fit(*ramps)
    name = "0.layers.blocks.3.convolutions.1.parametrizations.weight.original1"
    assert encoder.state_[name].shape == (12, 12, 3)
    assert not [name for name in encoder.state_ if "blocks.4" in name]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"n_blocks": 0}, "n_blocks=0"), ({"kernel_size": 1}, "kernel_size=1")],
)
def test_parameters_that_are_not_accepted(parameters, message, ramps):
    with pytest.raises(ValueError, match=message):
        TemporalConvEncoder(**parameters).fit(*ramps)
