"""Each fusion network against a forward pass in NumPy, in float64 and row by row."""

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.special import erf, softmax

from mmsk._nets.batches import BlockRows, SparseRows
from mmsk._nets.fusion import BlockAttention, GatedUnit, Projection, TensorProduct, shares
from mmsk._nets.state import build_seeded, to_arrays

N_ROWS, N_COMPONENTS, N_HEADS, RANK = 12, 8, 2, 3
WIDTHS = [5, 1, 20]
NETWORKS = {
    "gated": lambda **drop: GatedUnit(WIDTHS, N_COMPONENTS, **drop),
    "attention": lambda **drop: BlockAttention(WIDTHS, N_COMPONENTS, N_HEADS, **drop),
    "tensor": lambda **drop: TensorProduct(WIDTHS, N_COMPONENTS, RANK, **drop),
}
NO_DROPOUT = {"dropout": 0.0, "modality_dropout": 0.0}


@pytest.fixture
def parts():
    generator = np.random.default_rng(0)
    return [
        generator.normal(size=(N_ROWS, WIDTHS[0])),
        generator.normal(size=(N_ROWS, WIDTHS[1])),
        sparse.random_array((N_ROWS, WIDTHS[2]), density=0.3, rng=generator, format="csr"),
    ]


@pytest.fixture
def present():
    """Every pattern of missing blocks, and some rows with all of them."""
    patterns = [[row >> place & 1 for place in range(3)] for row in range(1, 8)]
    return np.array(patterns + [[1, 1, 1]] * (N_ROWS - 7), dtype=bool)


def take(parts, present, rows=None):
    maps = [lambda block: block.astype(np.float32)] * len(parts)
    rows = np.arange(len(present)) if rows is None else rows
    return BlockRows(parts, present, maps, "cpu").take(rows)


def build(name):
    """Build a network whose weights are large enough to show what they do."""
    network = build_seeded(lambda: NETWORKS[name](**NO_DROPOUT), 0)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.5 * torch.randn(weight.shape, generator=generator)
    return network.eval()


def wide(network):
    return {name: value.astype(np.float64) for name, value in to_arrays(network).items()}


def projected(w, parts, row, block):
    values = parts[block][[row]]
    values = values.toarray() if sparse.issparse(values) else values
    weight, bias = w[f"project.blocks.{block}.weight"], w[f"project.blocks.{block}.bias"]
    return (values @ weight + bias)[0]


def numpy_gated(w, parts, row, here):
    hidden = np.zeros((3, N_COMPONENTS))
    for block in here:
        hidden[block] = np.tanh(projected(w, parts, row, block))
    scores = (w["gate.weight"] @ hidden.ravel() + w["gate.bias"]).reshape(3, N_COMPONENTS)
    gates = softmax(scores[here], axis=0)
    return (gates * hidden[here]).sum(axis=0), gates.mean(axis=1)


def norm(w, place, tokens):
    centred = tokens - tokens.mean(axis=1, keepdims=True)
    deviation = np.sqrt(tokens.var(axis=1, keepdims=True) + 1e-5)
    return centred / deviation * w[f"norms.{place}.weight"] + w[f"norms.{place}.bias"]


def numpy_attention(w, parts, row, here):
    tokens = np.array([projected(w, parts, row, block) for block in here]) + w["of_block"][here]
    mixed = norm(w, 0, tokens) @ w["attend.project.weight"].T + w["attend.project.bias"]
    query, key, value = np.split(mixed, 3, axis=1)
    attended, attention, size = np.zeros_like(tokens), 0, N_COMPONENTS // N_HEADS
    for head in range(N_HEADS):
        part = slice(head * size, (head + 1) * size)
        looks = softmax(query[:, part] @ key[:, part].T / np.sqrt(size), axis=1)
        attended[:, part] = looks @ value[:, part]
        attention = attention + looks / N_HEADS
    tokens = tokens + attended @ w["attend.merge.weight"].T + w["attend.merge.bias"]
    hidden = norm(w, 1, tokens) @ w["widen.weight"].T + w["widen.bias"]
    hidden = hidden * (1 + erf(hidden / np.sqrt(2))) / 2
    tokens = norm(w, 2, tokens + hidden @ w["narrow.weight"].T + w["narrow.bias"])
    pooled = softmax(tokens @ w["score.weight"][0] + w["score.bias"])
    return pooled @ tokens, pooled / 2 + pooled @ attention / 2


def numpy_tensor(w, parts, row, here):
    """By the whole outer product of all blocks, each with a 1, and the tensor of low rank."""
    hidden = [np.zeros(N_COMPONENTS)] * 3
    for block in here:
        hidden[block] = np.tanh(projected(w, parts, row, block))
    outer = np.einsum("i,j,k->ijk", *(np.append(each, 1) for each in hidden))
    factors = [
        np.hstack([w[f"factors.{block}.weight"], w[f"factors.{block}.bias"][:, None]]).reshape(
            RANK, N_COMPONENTS, -1
        )
        for block in range(3)
    ]
    tensor = np.einsum("rci,rcj,rck->cijk", *factors) / RANK
    return np.einsum("cijk,ijk->c", tensor, outer), None


REFERENCES = {"gated": numpy_gated, "attention": numpy_attention, "tensor": numpy_tensor}


@pytest.mark.parametrize("name", NETWORKS)
def test_equals_numpy_for_every_pattern_of_missing_blocks(name, parts, present):
    network = build(name)
    weights = wide(network)
    with torch.no_grad():
        fused = network(take(parts, present)).numpy()
    for row in range(N_ROWS):
        here = np.flatnonzero(present[row])
        expected, _ = REFERENCES[name](weights, parts, row, here)
        np.testing.assert_allclose(fused[row], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["gated", "attention"])
def test_shares_equal_numpy(name, parts, present):
    network = build(name)
    weights = wide(network)
    with torch.no_grad():
        found = network.fuse(take(parts, present))[1].numpy()
    assert not found[~present].any()
    for row in range(N_ROWS):
        here = np.flatnonzero(present[row])
        _, expected = REFERENCES[name](weights, parts, row, here)
        np.testing.assert_allclose(found[row, here], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_values_of_missing_rows_have_no_say(name, parts, present):
    network = build(name)
    filled = [part.copy() for part in parts]
    for block in (0, 1):
        filled[block][~present[:, block]] = np.nan
    text = filled[2].toarray()
    text[~present[:, 2]] = np.inf
    filled[2] = sparse.csr_array(text)
    with torch.no_grad():
        fused, again = (network(take(each, present)) for each in (parts, filled))
    assert torch.isfinite(fused).all()
    assert torch.equal(fused, again)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_of_missing_blocks_are_zero(name, parts, present):
    network = build(name)
    present[:, 0], present[:, 1] = False, True
    network(take(parts, present)).square().sum().backward()
    assert not network.project.blocks[0].weight.grad.any()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())
    assert network.project.blocks[1].weight.grad.any()


@pytest.mark.parametrize("name", NETWORKS)
def test_dropout_acts_in_training_only(name, parts, present):
    for values in ({"dropout": 0.5}, {"modality_dropout": 0.5}):
        network = build_seeded(lambda: NETWORKS[name](**NO_DROPOUT | values), 0)  # noqa: B023
        batch = take(parts, present)
        with torch.no_grad():
            assert not torch.equal(network(batch), network(batch))
            network.eval()
            assert torch.equal(network(batch), network(batch))


def test_sparse_rows_equal_dense_ones(parts, present):
    project = build_seeded(lambda: Projection(WIDTHS[2], N_COMPONENTS), 0)
    rows = np.array([7, 0, 3, 3])
    outputs, gradients = [], []
    for block in (parts[2], parts[2].toarray()):
        batch = take([block], present[:, 2:], rows)
        assert isinstance(batch.blocks[0], SparseRows) == sparse.issparse(block)
        project.zero_grad()
        output = project(batch.blocks[0])
        output.square().sum().backward()
        outputs.append(output.detach())
        gradients.append(project.weight.grad)
    torch.testing.assert_close(outputs[0], outputs[1])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_sparse_rows_without_any_value():
    project = build_seeded(lambda: Projection(4, N_COMPONENTS), 0)
    block = sparse.csr_array((3, 4), dtype=np.float32)
    for present in (np.ones((3, 1), dtype=bool), np.zeros((3, 1), dtype=bool)):
        output = project(take([block], present).blocks[0])
        assert torch.equal(output, project.bias.expand(3, -1))


def test_shares():
    scores = torch.tensor([[1e30, -1e30, 5.0], [0.0, 0.0, 0.0], [3.0, 1.0, 2.0]])
    present = torch.tensor([[False, True, False], [True, False, True], [False, False, False]])
    expected = torch.tensor([[0.0, 1, 0], [0.5, 0, 0.5], [0, 0, 0]])
    assert torch.equal(shares(scores, present, dim=1), expected)
