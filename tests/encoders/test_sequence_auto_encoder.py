"""The code of a sequence tells what it was like, without a target."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from mmsk import SequenceAutoEncoder

QUICK = {
    "hidden_size": 16,
    "random_state": 0,
    "device": "cpu",
    "learning_rate": 0.02,
    "max_epochs": 40,
}


@pytest.fixture(scope="module")
def slopes():
    generator = np.random.default_rng(0)
    slopes = generator.uniform(-1, 1, size=60)
    lengths = generator.integers(8, 14, size=60)
    return [slope * np.arange(n) for slope, n in zip(slopes, lengths, strict=True)], slopes


def test_the_code_tells_what_the_series_was(slopes):
    cells, what = slopes
    encoder = SequenceAutoEncoder(3, **QUICK)
    codes = encoder.fit_transform(cells)
    assert codes.shape == (60, 3)
    assert encoder.history_["loss"][-1] < 0.2 * encoder.history_["loss"][0]
    assert LinearRegression().fit(codes, what).score(codes, what) > 0.9


def test_a_target_is_not_looked_at(slopes):
    cells, what = slopes
    quick = QUICK | {"max_epochs": 2}
    with_target = SequenceAutoEncoder(3, **quick).fit(cells, what)
    np.testing.assert_array_equal(
        with_target.transform(cells), SequenceAutoEncoder(3, **quick).fit_transform(cells)
    )


def test_texts_are_rebuilt_word_by_word():
    texts = ["a red car", "a green car", "two green apples", "two red apples"] * 6
    encoder = SequenceAutoEncoder(4, sequence="words", cell="gru", **QUICK).fit(texts)
    assert encoder.history_["loss"][-1] < 0.5 * encoder.history_["loss"][0]
    assert len(np.unique(encoder.transform(texts).round(3), axis=0)) == 4


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"cell": "rnn"}, "cell='rnn'"), ({"n_layers": 0}, "n_layers=0")],
)
def test_parameters_that_are_not_accepted(parameters, message, slopes):
    with pytest.raises(ValueError, match=message):
        SequenceAutoEncoder(**parameters).fit(slopes[0])
