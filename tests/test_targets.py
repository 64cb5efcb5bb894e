"""Targets as networks learn them."""

import numpy as np
import pytest

from mmsk._targets import encode_target, is_classes


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.array(["a", "b"] * 4), True),
        (np.array(["a", "b"] * 4, dtype=object), True),
        (np.array([0, 1] * 4), True),
        (np.array([0.0, 1.0] * 4), True),
        (np.array([True, False] * 4), True),
        (np.array([1.5, 2.5] * 4), False),
        (np.arange(8), False),
        (np.arange(8.0), False),
    ],
)
def test_classes_or_real_numbers(y, expected):
    assert is_classes(y) == expected


@pytest.mark.parametrize(
    "labels", [["b", "a", "b", "c"], [7, -1, 7, 9, -1, 9], [True, False, True, True]]
)
def test_labels_become_class_numbers(labels):
    target = encode_target("Learner", np.array(labels), labels)
    np.testing.assert_array_equal(target.classes[target.values], labels)
    np.testing.assert_array_equal(target.classes, sorted(set(labels)))
    assert target.values.dtype == np.int64


def test_real_targets_have_unit_variance_and_a_way_back():
    y = np.array([3.5, 8.25, -1.0, 100.0])
    target = encode_target("Learner", y, y)
    assert target.classes is None
    assert target.values.dtype == np.float32
    assert target.values.mean() == pytest.approx(0, abs=1e-6)
    assert target.values.std() == pytest.approx(1)
    np.testing.assert_allclose(target.values * target.deviation + target.mean, y, rtol=1e-5)
    np.testing.assert_array_equal(encode_target("Learner", [2.5] * 3, [0] * 3).values, 0)


def test_one_class_teaches_nothing():
    message = "y holds 1 class, 'a': Learner learns from what tells two or more apart"
    with pytest.raises(ValueError, match=message):
        encode_target("Learner", ["a", "a"], [0, 1])
