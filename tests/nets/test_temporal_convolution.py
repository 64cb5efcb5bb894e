"""The temporal convolutional network against NumPy in float64, frame by frame."""

import numpy as np
import torch

from mmsk._nets.dropout import seed_dropout
from mmsk._nets.state import build_seeded, from_arrays, to_arrays
from mmsk._nets.temporal_convolution import TemporalConvolutions

WIDTH, WIDTHS, KERNEL = 3, [4, 4, 5], 3


def make(dropout=0.0):
    return TemporalConvolutions(WIDTH, WIDTHS, kernel_size=KERNEL, dropout=dropout)


def normalized(w, name):
    """Weights of shape (width, width_in, kernel): length times direction."""
    length = w[f"{name}.parametrizations.weight.original0"].astype(np.float64)
    direction = w[f"{name}.parametrizations.weight.original1"].astype(np.float64)
    norms = np.sqrt((direction**2).sum(axis=(1, 2), keepdims=True))
    return length * direction / norms


def convolved(frames, weight, bias, dilation):
    """Value t is made of frames t, t - dilation, ... and zeros before the first."""
    out = np.tile(bias.astype(np.float64), (len(frames), 1))
    for time in range(len(frames)):
        for place in range(KERNEL):
            seen = time - (KERNEL - 1 - place) * dilation
            if seen >= 0:
                out[time] += weight[:, :, place] @ frames[seen]
    return out


def expected(w, frames):
    for block in range(len(WIDTHS)):
        hidden = frames
        for place in range(2):
            name = f"blocks.{block}.convolutions.{place}"
            weight = normalized(w, name)
            hidden = convolved(hidden, weight, w[f"{name}.bias"], 2**block)
            hidden = np.maximum(hidden, 0)
        if f"blocks.{block}.match.weight" in w:
            match = w[f"blocks.{block}.match.weight"][:, :, 0].astype(np.float64)
            frames = frames @ match.T + w[f"blocks.{block}.match.bias"]
        frames = np.maximum(hidden + frames, 0)
    return frames


def test_values_are_those_of_the_definition():
    frames = np.random.default_rng(0).normal(size=(2, 12, WIDTH))
    network = build_seeded(make, 0).eval()
    with torch.inference_mode():
        values = network(torch.tensor(frames, dtype=torch.float32), None).numpy()
    rows = [expected(to_arrays(network), row) for row in frames]
    np.testing.assert_allclose(values, rows, atol=1e-5)


def test_a_value_sees_as_far_as_documented_and_never_ahead():
    reach = 2 * (KERNEL - 1) * (2 ** len(WIDTHS) - 1)
    network = build_seeded(make, 0).eval()
    for weight in network.parameters():
        weight.detach().abs_()  # so that no ReLU hides what comes in
    frames = torch.ones(1, reach + 5, WIDTH)
    frames.requires_grad_()
    time = reach + 2
    network(frames, None)[0, time].sum().backward()
    seen = frames.grad[0].abs().sum(dim=1).nonzero().ravel()
    assert (seen.min().item(), seen.max().item()) == (time - reach, time)


def test_weights_come_back_from_arrays():
    frames = torch.randn(1, 6, WIDTH, generator=torch.Generator().manual_seed(0))
    network = build_seeded(make, 0).eval()
    again = from_arrays(make, to_arrays(network))
    torch.testing.assert_close(again(frames, None), network(frames, None), rtol=0, atol=0)


def test_dropout_leaves_out_whole_channels():
    block = build_seeded(lambda: make(dropout=0.5).blocks[1], 0).train()
    seed_dropout(block, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for weight in block.parameters():
            weight.abs_().add_(0.1)  # so that only dropout makes a value zero
        silent = block(torch.zeros(8, WIDTHS[0], 20)) == 0
    assert (silent.all(dim=2) == silent.any(dim=2)).all()
    assert 0.2 < silent[:, :, 0].float().mean() < 0.8
