"""What all encoders share, on two small ones."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from torch import nn

from mmsk._nets.dropout import Dropout
from mmsk._validation import check_number
from mmsk.encoders._auto_encoder import AutoEncoder
from mmsk.encoders._supervised import SupervisedEncoder
from mmsk.exceptions import BadCellWarning, ReadError


class Numbers:
    """The hooks of an encoder of cells that are rows of numbers."""

    def __init__(
        self,
        n_components=3,
        *,
        output="features",
        factor=1.0,
        learning_rate=0.05,
        weight_decay=0.0,
        batch_size="auto",
        max_epochs=30,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        random_state=0,
        device="cpu",
        n_jobs=None,
        on_error="raise",
        max_bad_fraction=0.1,
    ):
        self.n_components = n_components
        self.output = output
        self.factor = factor
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.device = device
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction

    def _check_leaf_parameters(self):
        check_number("factor", self.factor, low=0)

    def _read(self, cell):
        if not isinstance(cell, tuple):
            raise ReadError("expected a tuple", "check")
        return np.array(cell, dtype=np.float32)

    def _learn_from(self, samples):
        self.width_ = len(samples[0])

    def _batch(self, samples, device):
        return torch.tensor(np.stack(samples), device=device)

    def _rates(self):
        return {"0.": self.factor}

    def _make_network(self):
        return nn.Sequential(nn.Linear(self.width_, self.n_components), nn.Tanh(), Dropout(0.1))


class NumberEncoder(Numbers, SupervisedEncoder):
    pass


class Rebuilding(nn.Module):
    def __init__(self, width, n_components):
        super().__init__()
        self.encode = nn.Linear(width, n_components)
        self.decode = nn.Linear(n_components, width)

    def forward(self, rows):
        return (self.decode(self.encode(rows)) - rows).square().mean(dim=1)


class NumberAutoEncoder(Numbers, AutoEncoder):
    def _rates(self):
        return {}

    def _make_whole(self):
        return Rebuilding(self.width_, self.n_components)


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)


@pytest.fixture
def cells(rows):
    return [tuple(row) for row in rows.tolist()]


@pytest.fixture
def labels(rows):
    return np.where(rows[:, 0] + rows[:, 1] > 0, "up", "down")


def test_the_scores_are_what_was_learned(cells, labels, rows):
    encoder = NumberEncoder(output="scores", max_epochs=60)
    scores = encoder.fit_transform(cells, labels)
    assert encoder.get_feature_names_out().tolist() == ["down", "up"]
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    assert (encoder.classes_[scores.argmax(axis=1)] == labels).mean() > 0.95
    real = 1000 + 50 * rows[:, 0]
    scores = encoder.fit_transform(cells, real)
    assert encoder.get_feature_names_out().tolist() == ["target"]
    assert np.corrcoef(scores[:, 0], real)[0, 1] > 0.95
    assert abs(scores.mean() - 1000) < 10


def test_features_are_those_of_the_trained_network(cells, labels, rows):
    encoder = NumberEncoder().fit(cells, labels)
    state = {name: value.astype(np.float64) for name, value in encoder.state_.items()}
    expected = np.tanh(rows @ state["0.0.weight"].T + state["0.0.bias"])
    np.testing.assert_allclose(encoder.transform(cells), expected, rtol=1e-5, atol=1e-6)
    assert encoder.get_feature_names_out().tolist() == [f"numberencoder{i}" for i in range(3)]
    assert len(encoder.history_["loss"]) == encoder.n_epochs_ == 30


def test_the_code_lets_the_cell_be_rebuilt(cells, rows):
    low = rows[:, :1] @ np.ones((1, 4), dtype=np.float32)
    encoder = NumberAutoEncoder(1, max_epochs=200).fit([tuple(row) for row in low.tolist()])
    assert encoder.history_["loss"][-1] < 0.01 * encoder.history_["loss"][0]
    code = encoder.transform([tuple(row) for row in low.tolist()])
    assert abs(np.corrcoef(code[:, 0], rows[:, 0])[0, 1]) > 0.999


@pytest.mark.parametrize("make", [NumberEncoder, NumberAutoEncoder])
def test_missing_cells_are_neither_learned_from_nor_lost(make, cells, labels):
    """Rows that are there come out as if the others were not."""
    encoder = make().fit(cells, labels)
    with_gaps = pd.Series([None, *cells, np.nan], name="numbers")
    gaps = make().fit(with_gaps, ["up", *labels, "down"])
    for name, value in encoder.state_.items():
        np.testing.assert_array_equal(gaps.state_[name], value)
    features = gaps.transform(with_gaps)
    assert np.isnan(features[[0, -1]]).all()
    np.testing.assert_array_equal(features[1:-1], encoder.transform(cells))
    np.testing.assert_array_equal(encoder.transform([None, None]), np.full((2, 3), np.nan))


def test_the_same_seed_gives_the_same_bits_and_no_state_is_touched(cells, labels):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = (NumberEncoder().fit_transform(cells, labels) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = NumberEncoder(random_state=1).fit_transform(cells, labels)
    assert not np.array_equal(first, other)
    assert torch.equal(torch_state, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_state, np.random.get_state()[1])  # noqa: NPY002


def test_fit_transform_is_fit_and_transform(cells, labels):
    both = NumberEncoder().fit_transform(cells, labels)
    np.testing.assert_array_equal(both, NumberEncoder().fit(cells, labels).transform(cells))


def test_a_pickle_and_a_clone(cells, labels):
    encoder = NumberEncoder(2).fit(cells, labels)
    loaded = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(loaded.transform(cells), encoder.transform(cells))
    np.testing.assert_array_equal(
        clone(encoder).fit_transform(cells, labels), encoder.transform(cells)
    )


def test_frozen_weights_stay(cells, labels):
    states = [
        NumberEncoder(factor=0.0, max_epochs=epochs).fit(cells, labels).state_ for epochs in (1, 5)
    ]
    np.testing.assert_array_equal(states[0]["0.0.weight"], states[1]["0.0.weight"])
    assert not np.array_equal(states[0]["1.weight"], states[1]["1.weight"])


def test_bad_cells(cells, labels):
    bad = pd.Series([*cells[:5], "text", *cells[6:]], name="numbers")
    with pytest.raises(ReadError, match=r"row 5, column 'numbers'.*expected a tuple"):
        NumberEncoder().fit(bad, labels)
    with pytest.warns(BadCellWarning, match="1 unreadable cell is taken as missing: row 5"):
        features = NumberEncoder(on_error="missing").fit_transform(bad, labels)
    assert np.flatnonzero(np.isnan(features).any(axis=1)).tolist() == [5]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components=0"),
        ({"output": "feature"}, "output='feature' is not one of 'features', 'scores'"),
        ({"n_jobs": 0}, "n_jobs=0 is no number of threads"),
        ({"on_error": "skip"}, "on_error='skip'"),
        ({"max_epochs": 0}, "max_epochs=0"),
        ({"factor": -1}, "factor=-1"),
    ],
)
def test_parameters_that_are_not_accepted(parameters, message, cells, labels):
    with pytest.raises(ValueError, match=message):
        NumberEncoder(**parameters).fit(cells, labels)


def test_what_cannot_be_learned_from(cells, labels):
    with pytest.raises(ValueError, match="No cell to learn from: NumberEncoder got 2 cells, none"):
        NumberEncoder().fit([None, None], ["a", "b"])
    with pytest.raises(ValueError, match="y holds 1 class, 'a'"):
        NumberEncoder().fit(cells[:2], ["a", "a"])
    with pytest.raises(ValueError, match="NumberEncoder learns from y"):
        NumberEncoder().fit(cells)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        NumberEncoder().fit(cells, labels[:-1])


def test_threads_change_rounding_only(cells, labels):
    one = NumberEncoder(n_jobs=1).fit_transform(cells, labels)
    np.testing.assert_allclose(NumberEncoder(n_jobs=2).fit_transform(cells, labels), one, atol=1e-4)
