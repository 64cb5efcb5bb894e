"""ImageAutoEncoder: a code of few numbers, learned without a target."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from mmsk import ImageAutoEncoder
from mmsk._nets.state import from_arrays


@pytest.fixture(scope="module")
def squares():
    """White squares at random places, and the quarter in which each stands."""
    generator = np.random.default_rng(0)
    corners = generator.integers(0, 9, size=(96, 2))
    pictures = np.zeros((96, 12, 12))
    for picture, (top, left) in zip(pictures, corners, strict=True):
        picture[top : top + 4, left : left + 4] = 1
    return list(pictures), 2 * (corners[:, 0] > 4) + (corners[:, 1] > 4)


@pytest.fixture(scope="module")
def fitted(squares):
    return make(max_epochs=25).fit(squares[0])


def make(**parameters):
    options = {"channels": (8, 16), "image_size": 12, "color_space": "grey", "device": "cpu"}
    options |= {"learning_rate": 0.01, "batch_size": 16, "max_epochs": 2, "random_state": 0}
    return ImageAutoEncoder(6, **(options | parameters))


def test_the_code_holds_the_picture(squares, fitted):
    pictures, _ = squares
    codes = fitted.transform(pictures)
    assert codes.shape == (96, 6)
    network = from_arrays(fitted._make_whole, fitted.state_)
    drawn = network.decode(torch.from_numpy(codes))[:, 0].numpy() * fitted.std_[0] + fitted.mean_[0]
    errors = np.square(drawn - pictures).mean()
    assert errors < 0.4 * np.var(pictures)
    assert fitted.history_["loss"][-1] < 0.4 < fitted.history_["loss"][0]


def test_the_code_tells_of_classes_that_it_never_saw(squares, fitted):
    pictures, quarters = squares
    codes = fitted.transform(pictures)
    head = LogisticRegression(max_iter=1000).fit(codes[:64], quarters[:64])
    assert head.score(codes[64:], quarters[64:]) > 0.8


def test_a_target_is_ignored(squares):
    pictures, quarters = squares
    states = [make().fit(pictures, y).state_ for y in (None, quarters)]
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name], err_msg=name)


def test_missing_cells(squares):
    pictures, _ = squares
    codes = make().fit_transform([None, *pictures[:8], float("nan")])
    np.testing.assert_array_equal(np.isnan(codes).all(axis=1), [True, *[False] * 8, True])
    with pytest.raises(ValueError, match="No cell to learn from: ImageAutoEncoder got 1 cells"):
        make().fit([None])


def test_colour_and_sides_of_any_length():
    pictures = list(np.random.default_rng(0).uniform(size=(8, 9, 7, 3)))
    encoder = make(image_size=(9, 7), color_space="rgb", channels=(4, 4, 4, 4)).fit(pictures)
    assert len(encoder.mean_) == 3
    assert encoder.transform(pictures).shape == (8, 6)


def test_one_picture_is_enough(squares):
    assert np.isfinite(make().fit_transform(squares[0][:1])).all()


def test_it_comes_back_from_a_pickle(squares, fitted):
    pictures, _ = squares
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(pictures), fitted.transform(pictures))


def test_rows_are_held_out_where_that_is_asked_for(squares):
    history = make(early_stopping=True).fit(squares[0]).history_
    assert history.keys() == {"loss", "validation_loss"}


def test_bad_parameters(squares):
    with pytest.raises(ValueError, match="channels=None is not a sequence"):
        make(channels=None).fit(squares[0])
