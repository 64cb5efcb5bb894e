import numpy as np
import pytest

from mmsk._compact import compact, expand, shape_of


@pytest.fixture
def arrays():
    generator = np.random.default_rng(0)
    return {
        "linear": generator.normal(size=(20, 30)).astype(np.float32),
        "filters": generator.normal(size=(8, 4, 3, 3)).astype(np.float32),
        "position": generator.normal(size=(1, 5, 6)).astype(np.float32),
        "offset": generator.normal(size=20).astype(np.float32),
        "index": np.arange(12).reshape(3, 4),
    }


def n_bytes(arrays):
    return sum(values.nbytes for values in arrays.values())


def test_float16_rounds_matrices_and_keeps_the_rest(arrays):
    small = compact(arrays, "float16")
    back = expand(small)
    assert list(back) == list(arrays)
    for name in ("linear", "filters", "position"):
        assert small[name].dtype == np.float16
        np.testing.assert_array_equal(back[name], arrays[name].astype(np.float16))
        assert back[name].dtype == np.float32
    assert back["offset"] is arrays["offset"]
    assert back["index"] is arrays["index"]


def test_int8_is_within_half_a_step_for_each_output(arrays):
    arrays["linear"][3] *= 1000  # a large row costs the others nothing
    small = compact(arrays, "int8")
    back = expand(small)
    assert list(back) == list(arrays)
    for name, axes in [("linear", 1), ("filters", (1, 2, 3)), ("position", (0, 2))]:
        assert small[name].dtype == np.int8
        step = np.abs(arrays[name]).max(axis=axes, keepdims=True) / 127
        assert (np.abs(back[name] - arrays[name]) <= 0.5001 * step).all()
        assert back[name].dtype == np.float32
        assert back[name].shape == arrays[name].shape
    assert n_bytes(small) < 0.5 * n_bytes(arrays)


def test_zero_rows_and_empty_arrays(arrays):
    values = {"zero": np.zeros((3, 4), dtype=np.float32), "empty": np.zeros((0, 4), np.float32)}
    for dtype in ("float16", "int8"):
        back = expand(compact(values, dtype))
        assert {name: value.shape for name, value in back.items()} == {
            "zero": (3, 4),
            "empty": (0, 4),
        }
        assert not back["zero"].any()


def test_what_does_not_fit_is_kept():
    values = {"wide": np.array([[1e6, 1.0]]), "holes": np.array([[np.nan, 1.0]])}
    small = compact(values, "float16")
    assert small["wide"] is values["wide"]
    assert small["holes"] is values["holes"]
    assert compact(values, "int8")["holes"] is values["holes"]


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_pruning_takes_the_least_weights_and_their_bytes(arrays, dtype):
    whole, small = compact(arrays, dtype), compact(arrays, dtype, prune=0.75)
    back = expand(small)
    assert {shape_of(small, name) == shape_of(arrays, name) for name in arrays} == {True}
    for name in ("linear", "filters"):
        size = arrays[name].size
        gone = back[name] == 0
        assert gone.sum() >= 0.75 * size
        least = np.sort(np.abs(arrays[name]).ravel())[round(0.75 * size)]
        assert (np.abs(arrays[name][gone]) <= least).all()
        np.testing.assert_allclose(back[name][~gone], arrays[name][~gone], atol=0.02)
    assert back["offset"] is arrays["offset"]
    assert n_bytes(small) < 0.6 * n_bytes(whole)


def test_few_zeros_take_no_bits(arrays):
    small = compact(arrays, "int8", prune=0.02)
    assert small["linear"].shape == (20, 30)
    assert "linear::places" not in small
    assert (small["linear"] == 0).sum() >= 12


def test_the_given_arrays_stay_as_they_are(arrays):
    before = {name: values.copy() for name, values in arrays.items()}
    for values in arrays.values():
        values.flags.writeable = False
    for dtype in ("float16", "int8"):
        expand(compact(arrays, dtype, prune=0.5))
    for name, values in before.items():
        np.testing.assert_array_equal(arrays[name], values)
