"""A network trained with a linear layer behind it."""

import numpy as np
import pytest
import torch
from torch import nn

from mmsk._nets.supervised import train_supervised
from mmsk._nets.training import Training


def test_classes_and_real_targets():
    generator = np.random.default_rng(0)
    rows = torch.tensor(generator.normal(size=(60, 2)), dtype=torch.float32)

    def train(targets, fraction):
        return train_supervised(
            lambda: nn.Linear(2, 4),
            4,
            lambda places: rows[torch.from_numpy(places)],
            targets,
            Training(0.01, 0.0, 8, max_epochs=40, n_iter_no_change=10),
            validation_fraction=fraction,
            seed=0,
            device="cpu",
        )

    sums = rows.sum(dim=1).numpy()
    trained, history = train(np.digitize(sums, [-1, 1]), 0.0)
    assert trained[1].out_features == 3
    assert history["loss"][0] == pytest.approx(np.log(3), abs=0.4)
    assert history["loss"][-1] < 0.6
    assert history.keys() == {"loss"}
    trained, history = train(sums, 0.2)
    assert trained[1].out_features == 1
    assert history["validation_loss"][-1] < 0.1
