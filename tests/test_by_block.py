"""Parameters that may differ from block to block; their messages as users meet them."""

import re
from functools import partial

import numpy as np
import pytest

from mmsk._by_block import by_block, given_weights
from mmsk._validation import check_choice

NAMES = ["image", "text"]
check = partial(check_choice, choices=["rbf", "linear"])


def test_one_for_all_or_one_for_each():
    assert by_block("kernel", "rbf", NAMES, "linear", check) == {"image": "rbf", "text": "rbf"}
    each = by_block("kernel", {"text": "linear"}, NAMES, "rbf", check)
    assert list(each.items()) == [("image", "rbf"), ("text", "linear")]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("cubic", "kernel='cubic' is not one of 'rbf', 'linear'."),
        ({"text": "cubic"}, "kernel['text']='cubic' is not one of 'rbf', 'linear'."),
        ({"sound": "rbf"}, "kernel names the block 'sound', but the blocks are 'image', 'text'."),
    ],
)
def test_refused_by_block(value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        by_block("kernel", value, NAMES, "rbf", check)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({"text": 2}, {"image": 1.0, "text": 2.0}),
        ([0.5, 2], {"image": 0.5, "text": 2.0}),
        (np.array([0.5, 2]), {"image": 0.5, "text": 2.0}),
        ({}, {"image": 1.0, "text": 1.0}),
    ],
)
def test_given_weights(weights, expected):
    assert given_weights(weights, NAMES, ["score"]) == expected


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (3.0, "weights=3.0 is not 'score', 'uniform', a mapping from blocks to weights or a"),
        (np.eye(2), "is not 'score', 'uniform', a mapping"),
        ([1.0], "weights has 1 values, but there are 2 blocks: 'image', 'text'."),
        ([1.0, np.nan], "weights['text']=nan is not a number of at least 0."),
        ({"image": True}, "weights['image']=True is not a number of at least 0."),
        ({"sound": 1.0}, "weights names the block 'sound', but the blocks are 'image', 'text'."),
        ([0, 0.0], "weights=[0, 0.0] gives no block a say: all are 0. Give one of them a weight"),
        ({"image": 0, "text": 0}, "weights={'image': 0, 'text': 0} gives no block a say"),
    ],
)
def test_refused_weights(weights, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        given_weights(weights, NAMES, ["score", "uniform"])
