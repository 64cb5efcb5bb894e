import numpy as np
import pytest

from mmsk._validation import check_number
from mmsk.fusion._by_block import by_block, given_weights

NAMES = ["image", "text"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, {"image": 3, "text": 3}),
        ({"text": 4}, {"image": 0.5, "text": 4}),
        ({}, {"image": 0.5, "text": 0.5}),
        ({"text": 2, "image": 1}, {"image": 1, "text": 2}),
    ],
)
def test_spreads_over_the_blocks_in_order(value, expected):
    spread = by_block("gamma", value, NAMES, 0.5, check_number)
    assert spread == expected
    assert list(spread) == NAMES


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"sound": 1}, "gamma names the block 'sound', but the blocks are 'image', 'text'"),
        ({"text": "much"}, r"gamma\['text'\]='much' is not a number"),
        ("much", "gamma='much' is not a number"),
    ],
)
def test_refused(value, message):
    with pytest.raises(ValueError, match=message):
        by_block("gamma", value, NAMES, 0.5, check_number)


@pytest.mark.parametrize("weights", [{"text": 2}, [1, 2], (1.0, 2.0), np.array([1, 2])])
def test_given_weights_are_floats(weights):
    found = given_weights(weights, NAMES, ["score"])
    assert found == {"image": 1.0, "text": 2.0}
    assert all(type(weight) is float for weight in found.values())


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (None, "weights=None is not 'score', 'alignment', a mapping"),
        ([[1, 2]], r"weights=\[\[1, 2\]\] is not 'score'"),
        ([1.0], "weights has 1 values, but there are 2 blocks: 'image', 'text'"),
        ([1.0, -1.0], r"weights\['text'\]=-1.0 is not a number of at least 0"),
        ({"sound": 1.0}, "weights names the block 'sound'"),
    ],
)
def test_refused_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        given_weights(weights, NAMES, ["score", "alignment"])
