"""Dropout of components and of whole blocks."""

import numpy as np
import pytest
import torch
from torch import nn

from mmsk._nets.dropout import Dropout, ModalityDropout, seed_dropout


def test_dropout_keeps_the_mean_and_draws_in_training_only():
    dropout = Dropout(0.25)
    seed_dropout(nn.Sequential(dropout), torch.Generator().manual_seed(0))
    values = torch.full((200, 100), 3.0)
    dropped = dropout(values)
    assert set(dropped.unique().tolist()) == {0.0, 4.0}
    assert (dropped == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert dropout.eval()(values) is values


def test_modality_dropout_leaves_a_block_in_each_row():
    dropout = ModalityDropout(0.7)
    seed_dropout(dropout, torch.Generator().manual_seed(0))
    present = torch.ones(20_000, 3, dtype=torch.bool)
    present[::2, 1] = False
    kept = dropout(present)
    assert not (kept & ~present).any()
    assert kept.any(dim=1).all()
    # Three blocks are all dropped with chance 0.7^3, and then one of them stays.
    expected = 0.3 + 0.7**3 / 3
    np.testing.assert_allclose(kept[1::2].float().mean(dim=0), expected, atol=0.02)
    np.testing.assert_allclose(kept[::2, [0, 2]].float().mean(dim=0), 0.3 + 0.7**2 / 2, atol=0.02)
    assert dropout.eval()(present) is present
