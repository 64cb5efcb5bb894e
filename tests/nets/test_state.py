"""Networks from seeds and arrays."""

import torch
from torch import nn

from mmsk._nets.state import build_seeded, from_arrays, to_arrays


def test_weights_to_arrays_and_back():
    def make():
        return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))

    network = build_seeded(make, 7)
    arrays = to_arrays(network)
    assert list(arrays) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    for value in arrays.values():
        value.flags.writeable = False
    back = from_arrays(make, arrays)
    rows = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(back(rows), network(rows))
    assert not back.training
    with torch.no_grad():
        network[0].weight.zero_()
        back[0].weight.zero_()
    assert arrays["0.weight"].all()


def test_seeds_give_weights():
    one, again, other = (build_seeded(lambda: nn.Linear(3, 4), seed) for seed in (1, 1, 2))
    assert torch.equal(one.weight, again.weight)
    assert not torch.equal(one.weight, other.weight)
