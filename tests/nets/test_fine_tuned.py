"""Networks of torchvision of which a part learns: what is frozen stays, bit for bit."""

import numpy as np
import pytest
import torch

from mmsk._nets import fine_tuned
from mmsk._nets.backbones import import_models
from mmsk._nets.fine_tuned import FineTuning
from mmsk._nets.state import build_seeded, from_arrays, to_arrays
from mmsk._nets.training import Trainer, Training

OPTIONS = {"n_components": 4, "dropout": 0.0, "mean": (0.5,) * 3, "std": (0.25,) * 3}
SMALL = FineTuning("mobilenet_v3_small", None, 32, 2)


@pytest.fixture
def pictures():
    return torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def trained(how, pictures, factor=0.1):
    network = build_seeded(lambda: how.build(**OPTIONS), 0)
    before = to_arrays(network)
    training = Training(0.01, 0.01, batch_size=4, max_epochs=2, n_iter_no_change=1)
    trainer = Trainer(
        network,
        lambda places: pictures[torch.from_numpy(places)],
        torch.zeros(8),
        lambda outputs, targets: (outputs.sum(dim=1) - targets - 1).square(),
        training,
        0,
        rates=how.rates(factor),
    )
    trainer.run(np.arange(8), np.arange(0))
    return before, to_arrays(network)


@pytest.mark.parametrize("n_stages", [0, 2])
def test_what_is_frozen_stays_and_the_rest_learns(pictures, n_stages):
    how = FineTuning(SMALL.backbone, None, 32, n_stages)
    before, after = trained(how, pictures)
    learning = (*(f"backbone.network.{name}." for name in how.trained()), "ending.")
    assert len(learning) == n_stages + 1
    for name, value in after.items():
        if not name.startswith(learning):
            np.testing.assert_array_equal(value, before[name], err_msg=name)
    for beginning in learning:
        kinds = [name for name in after if name.startswith(beginning)]
        assert any((after[name] != before[name]).any() for name in kinds), beginning
    for name in after:
        if "running" in name:
            np.testing.assert_array_equal(after[name], before[name], err_msg=name)


def test_the_rate_of_what_learns_further_is_its_own(pictures):
    slow, fast = (trained(SMALL, pictures, factor)[1] for factor in (1e-6, 1.0))
    start = trained(SMALL, pictures)[0]
    name = "backbone.network.features.12.0.weight"
    assert np.abs(slow[name] - start[name]).max() < 1e-6 < np.abs(fast[name] - start[name]).max()


@pytest.mark.parametrize(
    ("backbone", "size"),
    [("mobilenet_v3_small", 32), ("regnet_y_400mf", 32), ("googlenet", 64), ("swin_t", 32)],
)
def test_a_hollow_network_takes_what_was_learned(backbone, size):
    how = FineTuning(backbone, None, size, 1)
    network = build_seeded(lambda: how.build(**OPTIONS), 0).eval()
    pictures = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    state = torch.get_rng_state()
    again = from_arrays(lambda: how.build_hollow(**OPTIONS), to_arrays(network))
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(again(pictures), network(pictures))


@pytest.mark.parametrize(
    ("backbone", "size"), [("googlenet", 64), ("efficientnet_b0", 32), ("mobilenet_v2", 32)]
)
def test_training_gives_rows_and_leaves_torch_s_generator_alone(backbone, size):
    network = build_seeded(lambda: FineTuning(backbone, None, size, 2).build(**OPTIONS), 0)
    pictures = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    state = torch.get_rng_state()
    assert network.train()(pictures).shape == (2, 4)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_batch_of_one_can_be_learned_from(pictures):
    network = build_seeded(lambda: SMALL.build(**OPTIONS), 0).train()
    network(pictures[:1]).sum().backward()
    assert network.ending[0].weight.grad is not None


def test_side_branches_that_come_with_the_weights_are_left_out(monkeypatch):
    def with_branches(*_):
        return import_models().googlenet(weights=None, aux_logits=True, init_weights=False)

    monkeypatch.setattr(fine_tuned, "load_whole", with_branches)
    how = FineTuning("googlenet", None, 64, 1)
    names = " ".join(to_arrays(build_seeded(lambda: how.build(**OPTIONS), 0)))
    assert "inception5b" in names
    assert "aux" not in names
