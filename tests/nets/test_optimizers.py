"""Optimizers: the steps of torch's own, without what making those loads."""

import copy
from functools import partial

import pytest
import torch
from scripts import run
from torch import nn

from mmsk._nets.optimizers import Optimizer, factor_of


def make(bias=True):
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 5, bias=bias), nn.Tanh(), nn.Linear(5, 1, bias=bias))
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(generator=generator)
    return network


TORCH = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": partial(torch.optim.SGD, momentum=0.9, nesterov=True),
}


def take_steps(networks, optimizers):
    rows = torch.randn(10, 4, generator=torch.Generator().manual_seed(1))
    for _ in range(20):
        for subject, optimizer in zip(networks, optimizers, strict=True):
            subject.zero_grad()
            subject(rows).square().mean().backward()
            optimizer.step()


@pytest.mark.parametrize("kind", sorted(TORCH))
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_the_steps_of_torch(kind, bias, weight_decay):
    """Matrices decay; constants do not. The first layer has a tenth of the step size."""
    network = make(bias)
    expected = copy.deepcopy(network)
    groups = [
        {
            "params": [weight],
            "weight_decay": weight_decay if weight.ndim > 1 else 0.0,
            "lr": 0.005 if name.startswith("0.") else 0.05,
        }
        for name, weight in expected.named_parameters()
    ]
    ours = Optimizer(network, kind, 0.05, weight_decay, {"0.": 0.1})
    take_steps([network, expected], [ours, TORCH[kind](groups)])
    for found, wanted in zip(network.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(found, wanted)


def test_a_share_of_the_step_size():
    network, expected = make(), make()
    half, whole = Optimizer(network, "sgd", 0.2, 0.0), Optimizer(expected, "sgd", 0.1, 0.0)
    half.step = partial(half.step, 0.5)
    take_steps([network, expected], [half, whole])
    torch.testing.assert_close(network[0].weight, expected[0].weight)


def test_the_longest_beginning_counts():
    rates = {"0": 0.1, "0.stages.1": 0.5}
    names = ["0.stages.0.weight", "0.stages.1.weight", "1.weight"]
    assert [factor_of(name, rates) for name in names] == [0.1, 0.5, 1.0]


def test_weights_on_which_the_loss_does_not_depend():
    network = make()
    before = [weight.detach().clone() for weight in network.parameters()]
    optimizer = Optimizer(network, "adamw", 0.05, 0.0)
    network[0](torch.ones(2, 4)).sum().backward()
    optimizer.step()
    after = list(network.parameters())
    assert not torch.equal(after[0], before[0])
    assert torch.equal(after[2], before[2])
    assert torch.equal(after[3], before[3])


def test_training_does_not_load_the_compiler_of_torch():
    """It takes seconds and much memory in each worker process of a search."""
    script = """
import sys, numpy as np
from mmsk import AttentionFusion
AttentionFusion(max_epochs=2, early_stopping=True).fit_transform(np.eye(8), np.arange(8) % 2)
print("torch" in sys.modules, "torch._dynamo" in sys.modules)
"""
    assert run(script)[0].split() == ["True", "False"]
