"""AdamW: the steps of torch's optimizer, without what making that one loads."""

import copy

import pytest
import torch
from scripts import run
from torch import nn

from mmsk._nets.adamw import AdamW


def make(bias=True):
    generator = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 5, bias=bias), nn.Tanh(), nn.Linear(5, 1, bias=bias))
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(generator=generator)
    return network


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weight_decay", [0.0, 2.0])
def test_the_steps_of_torch(bias, weight_decay):
    """Matrices decay; constants do not."""
    network = make(bias)
    expected = copy.deepcopy(network)
    groups = [
        {"params": [weight], "weight_decay": weight_decay if weight.ndim > 1 else 0.0}
        for weight in expected.parameters()
    ]
    optimizers = [AdamW(network, 0.05, weight_decay), torch.optim.AdamW(groups, lr=0.05)]
    rows = torch.randn(10, 4, generator=torch.Generator().manual_seed(1))
    for _ in range(20):
        for subject, optimizer in zip([network, expected], optimizers, strict=True):
            subject.zero_grad()
            subject(rows).square().mean().backward()
            optimizer.step()
    for found, wanted in zip(network.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(found, wanted)


def test_weights_on_which_the_loss_does_not_depend():
    network = make()
    before = [weight.detach().clone() for weight in network.parameters()]
    optimizer = AdamW(network, 0.05, 0.0)
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
