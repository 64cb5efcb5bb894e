"""The networks of the deep heads against the same sums written by hand."""

import numpy as np
import pytest
import torch
from scipy import sparse
from torch.nn import functional as F

from mmsk._nets.batches import MOST_HELD_BYTES, Batch, BlockRows
from mmsk._nets.deep_fusion import ACTIVATIONS, DeepFusion
from mmsk._nets.state import build_seeded, from_arrays, to_arrays

WIDTHS = [4, 3]
FUSIONS = ["concat", "weighted", "gated", "attention", "tensor", "joint"]


def network(**values):
    settings = {"fusion": "concat", "n_components": 6, "hidden_layer_sizes": (5,)}
    settings |= {"activation": "relu", "dropout": 0.0, "modality_dropout": 0.0}
    return build_seeded(lambda: DeepFusion(WIDTHS, 2, **settings | values).eval(), 0)


@pytest.fixture
def batch():
    generator = np.random.default_rng(0)
    blocks = [torch.tensor(generator.normal(size=(7, w)), dtype=torch.float32) for w in WIDTHS]
    present = torch.ones(7, 2, dtype=torch.bool)
    present[0, 0] = present[1, 1] = False
    blocks[0][0], blocks[1][1] = 0, 0
    return Batch(blocks, present)


def weights_of(net, block):
    part = net.fuse.project.blocks[block]
    return part.weight, part.bias


def projected(net, batch):
    """What each block gives, activated, zeros where it is missing."""
    for block in range(2):
        weight, bias = weights_of(net, block)
        yield F.relu(batch.blocks[block] @ weight + bias) * batch.present[:, [block]]


def test_a_plain_matrix_goes_through_an_ordinary_perceptron():
    rows = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    net = build_seeded(
        lambda: DeepFusion(
            [4], 3, fusion="concat", n_components=None, hidden_layer_sizes=(8, 5),
            activation="tanh", dropout=0.5, modality_dropout=0.5,
        ),
        0,
    ).eval()  # fmt: skip
    plain = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 5), torch.nn.Tanh(),
        torch.nn.Linear(5, 3),
    )  # fmt: skip
    values = list(net.state_dict().values())
    plain.load_state_dict(dict(zip(plain.state_dict(), [values[0].T, *values[1:]], strict=True)))
    torch.testing.assert_close(net(Batch([rows], torch.ones(9, 1, dtype=bool))), plain(rows))
    assert sum(w.numel() for w in net.parameters()) == sum(w.numel() for w in plain.parameters())


def test_concat_without_projections_is_a_layer_on_the_concatenation(batch):
    net = network(n_components=None, hidden_layer_sizes=(5,))
    weight = torch.cat([weights_of(net, 0)[0], weights_of(net, 1)[0]])
    biases = [weights_of(net, block)[1] for block in range(2)]
    bias = batch.present.float() @ torch.stack(biases)
    expected = F.relu(torch.cat(batch.blocks, dim=1) @ weight + bias)
    torch.testing.assert_close(net.represent(batch), expected)


def test_fusions_of_projections(batch):
    present = batch.present.float()
    net = network(hidden_layer_sizes=())
    torch.testing.assert_close(net.represent(batch), torch.cat([*projected(net, batch)], dim=1))
    net = network(fusion="weighted", hidden_layer_sizes=())
    with torch.no_grad():
        net.fuse.scores[:] = torch.tensor([1.0, -1.0])
    shares = present * torch.tensor([np.e, 1 / np.e], dtype=torch.float32)
    shares /= shares.sum(dim=1, keepdim=True)
    torch.testing.assert_close(net.shares(batch), shares)
    first, second = projected(net, batch)
    expected = shares[:, [0]] * first + shares[:, [1]] * second
    torch.testing.assert_close(net.represent(batch), expected)
    net = network(fusion="joint", hidden_layer_sizes=())
    encoded = [net.fuse.encode(part) for part in projected(net, batch)]
    total = sum(part * present[:, [block]] for block, part in enumerate(encoded))
    torch.testing.assert_close(net.represent(batch), total / present.sum(dim=1, keepdim=True))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_missing_block_has_no_influence(fusion, batch):
    net = network(fusion=fusion)
    outputs = net(batch)
    batch.blocks[0][0] = 100.0
    torch.testing.assert_close(net(batch), outputs)
    assert outputs.shape == (7, 2)
    nothing = net(batch._replace(present=torch.zeros(7, 2, dtype=bool)))
    assert torch.isfinite(nothing).all()


@pytest.mark.parametrize("fusion", FUSIONS)
def test_what_is_dropped_in_training_only(fusion, batch):
    net = network(fusion=fusion, activation="tanh", dropout=0.5, modality_dropout=0.5)
    torch.testing.assert_close(net(batch), net(batch))
    net.train()
    assert not torch.equal(net(batch), net(batch))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation, batch):
    net = network(activation=activation, hidden_layer_sizes=(5,))
    function = {"identity": lambda x: x, "logistic": torch.sigmoid}.get(activation)
    function = function or getattr(F, activation, None) or getattr(torch, activation)
    expected = function(net.hidden[0](net.fuse(batch)))
    torch.testing.assert_close(net.represent(batch), expected)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_blocks_of_any_width_begin_alike(fusion):
    def build():
        return DeepFusion(
            [900, 4], 2, fusion=fusion, n_components=100, hidden_layer_sizes=(),
            activation="relu", dropout=0.0, modality_dropout=0.0, spreads=[30.0, 2.0],
        )  # fmt: skip

    net = build_seeded(build, 0)
    generator = torch.Generator().manual_seed(0)
    for block, width in enumerate([900, 4]):
        rows = torch.randn(500, width, generator=generator)
        spread = (rows @ weights_of(net, block)[0]).std().item()
        assert spread == pytest.approx(3**-0.5, rel=0.15)
    again = from_arrays(build, to_arrays(net))
    torch.testing.assert_close(again.state_dict(), net.state_dict())


def test_rows_that_are_held_are_those_that_are_taken():
    generator = np.random.default_rng(0)
    dense = generator.normal(size=(50, 6))
    text = sparse.random_array((50, 9), density=0.3, rng=generator, format="csr", dtype=np.float32)
    present = generator.random((50, 2)) < 0.7
    dense[~present[:, 0]] = np.nan
    make = (
        [dense, text],
        present,
        [lambda part: (3 * part).astype(np.float32), lambda part: part],
        "cpu",
    )
    rows = generator.permutation(50)[:20]
    taken, held = BlockRows(*make).take(rows), BlockRows(*make).hold().take(rows)
    torch.testing.assert_close(held.blocks[0], taken.blocks[0], rtol=0, atol=0)
    for one, other in zip(held.blocks[1], taken.blocks[1], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert held.present.equal(taken.present)


def test_blocks_that_are_too_large_are_not_held():
    n_rows = MOST_HELD_BYTES // 4 // 1000 + 1
    large = np.broadcast_to(np.float32(1), (n_rows, 1000))
    rows = BlockRows([large], np.ones((n_rows, 1), dtype=bool), [lambda part: part], "cpu").hold()
    assert rows.take(np.array([3, 5])).blocks[0].shape == (2, 1000)
    assert not rows._held
