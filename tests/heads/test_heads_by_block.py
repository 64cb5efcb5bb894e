"""One head for all blocks, or a list by name."""

import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mmsk.heads._heads_by_block import heads_by_block

NAMES = ["image", "sound", "text"]


def test_one_head_is_that_of_every_block():
    one = SVC()
    assert heads_by_block(one, NAMES, "classifier") == dict.fromkeys(NAMES, one)


def test_a_list_is_put_into_the_order_of_the_blocks_without_the_dropped():
    image, sound = SVC(), LogisticRegression()
    pairs = [("text", "drop"), ("sound", sound), ("image", image)]
    assert list(heads_by_block(pairs, NAMES, "classifier").items()) == [
        ("image", image),
        ("sound", sound),
    ]


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Ridge(), r"estimator=Ridge\(\) is not a classifier or a list of \(block, head\) pairs"),
        (SVC, "estimator=<class .*SVC'> is not a classifier"),
        ({"image": SVC()}, "estimator={'image': SVC.*} is not a classifier or a list"),
        (StandardScaler(), r"estimator=StandardScaler\(\) is not a classifier"),
        ([SVC()], r"estimator holds SVC\(\), which is no pair of a block's name and its head"),
        ([("image", Ridge())], r"image=Ridge\(\) is not a classifier or 'drop'"),
        ([("image", "mean")], "image='mean' is not a classifier or 'drop'"),
        ([("video", SVC())], "names the block 'video', but the blocks are 'image', 'sound', 'tex"),
        ([("image", SVC())], r"no head for the block 'sound'. Add \('sound', ...\) to the list, "),
        ([(name, "drop") for name in NAMES], "estimator drops every block"),
    ],
)
def test_refused_heads(estimator, message):
    with pytest.raises(ValueError, match=message):
        heads_by_block(estimator, NAMES, "classifier")
